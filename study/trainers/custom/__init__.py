"""A user's training function as a trainer: called, checked, and fingerprinted."""
