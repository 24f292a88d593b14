"""Regularizers: what is added to a task's loss so that the model stays smooth."""
