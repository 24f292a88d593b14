"""Where results come from: environment, folder and log of a launch, and what a database may not name."""
