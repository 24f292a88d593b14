"""Where studies are stored unless --storage says otherwise. Imports nothing, so that every --help can name it."""

from __future__ import annotations

DEFAULT_STORAGE = "sqlite:///runs/studies.db"  # below the folder that the command is started in
