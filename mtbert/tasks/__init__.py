"""The tasks: one per file, and the file's name is the task's name."""
