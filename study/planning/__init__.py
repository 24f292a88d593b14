"""What a launch would run and how long it takes (`--plan`), and the smallest difference it can detect."""
