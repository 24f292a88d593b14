"""Engines: where runs are carried out. Every engine takes jobs and gives back the same messages."""
