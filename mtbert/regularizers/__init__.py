"""Regularizers: penalties added to a task's loss that keep the model smooth."""
