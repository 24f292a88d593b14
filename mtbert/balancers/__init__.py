"""Balancers: from the losses of a step to the one that is minimized."""
