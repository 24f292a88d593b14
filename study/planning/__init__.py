"""Plans (`--plan`): the runs of a launch, their time, and the smallest difference that they can detect."""
