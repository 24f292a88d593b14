"""Designs of experiments: the configurations that an ablation needs."""
