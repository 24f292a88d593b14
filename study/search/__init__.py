"""The search with Optuna: samplers, pruning, objectives, and Optuna's tables."""
