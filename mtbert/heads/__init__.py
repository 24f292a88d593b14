"""Heads: from one sentence vector, or the two of a pair, to a task's outputs."""
