"""Provenance of results: environment, folder and log of a launch, and limits of trust in a database."""
