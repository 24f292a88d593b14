"""What the results say: effects of changes with their verdicts, leaderboard, fronts, and what the search spent."""
