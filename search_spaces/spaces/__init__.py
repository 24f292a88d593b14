"""The search spaces: one file per space, which defines `SPACE`; the file is named after the space."""
