"""What each phase asks for: search, confirm, ablate, test, and further seeds."""
