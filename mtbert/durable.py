"""Files that must be on disk before something else says that they are."""

from __future__ import annotations

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Have the operating system put a file or folder on disk now."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
