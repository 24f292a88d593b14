"""One thread for every process of the tests: they run beside each other, and results depend on the number.

And one browser: a process can have Playwright started once at a time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

# Before torch is imported; processes that tests start inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Playwright's browser; see `helpers/pages.py`."""
    import pages

    with pages.browser() as found:
        yield found
