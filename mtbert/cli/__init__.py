"""What the commands share: arguments, output on the terminal, the files that they write."""
