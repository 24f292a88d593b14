"""Custom trainers: a user's training function is called, checked and fingerprinted."""
