"""Designs of experiments: which configurations an ablation needs."""
