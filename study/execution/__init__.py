"""Runs on their way: queued, sent to an engine, recorded, accepted or retried."""
