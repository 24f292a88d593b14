"""Balancers: from the losses of a step to the single loss that is minimized."""
