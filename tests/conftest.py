"""What holds for every test: one thread, one browser, only the files of the tier that is asked for.

One thread for every process of the tests: they run beside each other, and results depend on the number.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# Before torch is imported; processes that tests start inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A shell that starts the tests in the background has them ignore Ctrl-C, and whatever they start too.
signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = ("made_once", "processor_time")  # tests/helpers


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out files that have no test of the tier (`-m` of the Makefile): to import them would cost seconds."""
    wanted = config.option.markexpr.partition(" and ")[0]
    if " or " in config.option.markexpr or collection_path.is_dir() or not collection_path.name.startswith("test_"):
        return None
    if wanted == "not slow":
        whole = r"^pytestmark = (\[\s*)?pytest\.mark\.(slow|nightly|gpu)\b"
        others = re.search(whole, collection_path.read_text(encoding="utf-8"), flags=re.MULTILINE) is not None
    elif wanted in ("slow", "nightly"):
        others = f"mark.{wanted}" not in collection_path.read_text(encoding="utf-8")
    else:  # not one of the Makefile's: pytest itself selects
        return None
    return True if others else None


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Playwright's browser, started once for each process; see `helpers/pages.py`."""
    import pages

    with pages.browser() as found:
        yield found
