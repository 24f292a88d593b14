"""The default of --storage, in a module that is cheap to import for every --help."""

from __future__ import annotations

DEFAULT_STORAGE = "sqlite:///runs/studies.db"  # relative to the working directory
