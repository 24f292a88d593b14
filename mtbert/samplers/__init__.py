"""Samplers: the order of the tasks' batches."""
