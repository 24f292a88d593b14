"""The analysis of results: effects of changes with verdicts, leaderboard, Pareto fronts, and the cost of the search."""
