"""What the commands share: arguments, and the files of the course's leaderboard."""
