"""The search on Optuna: samplers, pruning, objectives, and its tables."""
