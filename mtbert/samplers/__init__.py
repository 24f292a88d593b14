"""Samplers: which task's batch comes next."""
