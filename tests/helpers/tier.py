"""Which tier of the tests runs (docs/testing.md), and how often it does what is done again and again."""

from __future__ import annotations

import os

NIGHTLY = os.environ.get("TESTS") == "nightly"


def often(short: int, full: int) -> int:
    """So often in `make check`, so often in `make nightly`."""
    return full if NIGHTLY else short
