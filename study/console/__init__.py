"""The terminal: progress, status, and the answer at the end."""
