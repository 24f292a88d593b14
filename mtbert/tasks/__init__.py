"""The tasks: one file each, and the file's name is the task's name."""
