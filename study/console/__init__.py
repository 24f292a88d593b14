"""What the terminal shows: progress, status, and the answer at the end."""
