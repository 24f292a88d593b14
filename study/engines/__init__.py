"""Engines: they run jobs on this machine or on Ray, and report the same messages."""
