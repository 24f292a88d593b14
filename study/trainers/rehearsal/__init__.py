"""The rehearsal as a trainer: a planted response surface instead of training."""
