"""Migrations: one file per version of the tables, with the version at the start of its name."""
