"""What holds for every test: one thread, one browser, and a limit to the processor time of the default tier.

One thread for every process of the tests: they run beside each other, and results depend on the number.
"""

from __future__ import annotations

import functools
import gc
import importlib
import os
import re
import sqlite3
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

# Before torch is imported; processes that tests start inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1")

LIMIT_SECONDS = 2.0  # of processor time, for a test of the default tier; see docs/testing.md
# Modules that the packages import only when they need them. Imported here, so that no test pays for another's import.
LATE_IMPORTS = (
    "alembic.command", "optuna.storages", "pandas", "plotly.graph_objects", "scipy.stats", "sklearn.ensemble",
    "tabulate", "torch._dynamo", "study.session", "study.objective", "study.model_card", "results.export",
)  # fmt: skip
WHOLE_TIER = "PYTEST_XDIST_WORKER" in os.environ  # as `make test` runs it; a file alone should start at once
_spent = pytest.StashKey[float]()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out files that have no test of the tier (`-m` of the Makefile): to import them would cost seconds."""
    wanted = config.option.markexpr
    if not wanted or collection_path.is_dir() or not collection_path.name.startswith("test_"):
        return None
    text = collection_path.read_text(encoding="utf-8")
    if wanted.startswith("not slow"):
        whole = r"^pytestmark = (\[\s*)?pytest\.mark\.(slow|nightly|gpu)\b"
        others = re.search(whole, text, flags=re.MULTILINE) is not None
    else:
        others = f"mark.{wanted.partition(' ')[0]}" not in text
    return True if others else None


def pytest_collection_finish(session: pytest.Session) -> None:
    """Import what tests would import late; the garbage collector need not look at any of it again."""
    if WHOLE_TIER:
        for name in LATE_IMPORTS:
            importlib.import_module(name)
    gc.collect()
    gc.freeze()


def _processor_seconds() -> float:
    """Of this process and of the processes that it started and that have ended."""
    return sum(os.times()[:4])


def over_limit(item: pytest.Item, seconds: float) -> str | None:
    """What to say of a test that took so much processor time; None where it may."""
    if (
        not WHOLE_TIER
        or seconds <= LIMIT_SECONDS
        or any(item.get_closest_marker(tier) for tier in ("slow", "nightly", "gpu"))
    ):
        return None
    return (
        f"{seconds:.1f} s of processor time; a test of the default tier has {LIMIT_SECONDS:g} s. "
        "Make it cheaper, or mark it slow (docs/testing.md says how to choose)."
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, Any, Any]:
    began, item.stash[_spent] = _processor_seconds(), 0.0
    try:
        return (yield)
    finally:
        item.stash[_spent] += _processor_seconds() - began


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: Any, request: Any) -> Generator[None, Any, Any]:
    """What a fixture shared by several tests takes counts for none of them."""
    began = _processor_seconds()
    try:
        return (yield)
    finally:
        if fixturedef.scope != "function" and _spent in request._pyfuncitem.stash:
            request._pyfuncitem.stash[_spent] -= _processor_seconds() - began


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    began = _processor_seconds()
    result = yield
    told = over_limit(item, item.stash[_spent] + _processor_seconds() - began)
    if told is not None:
        pytest.fail(told, pytrace=False)
    return result


@pytest.fixture(autouse=True, scope="session")
def demo_made_once() -> Iterator[None]:
    """The demo's data, which is always the same, is not made again for every launch in this process."""
    from mtbert.data import demo

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "generate", functools.cache(demo.generate))
        yield


@pytest.fixture(autouse=True, scope="session")
def no_waiting_for_the_disk() -> Iterator[None]:
    """SQLite does not wait until a transaction is on the disk, which takes longer than all else that a test does."""

    from sqlalchemy import Engine, event

    def set_up(connection: object, _record: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA synchronous = OFF")

    event.listen(Engine, "connect", set_up)
    yield
    event.remove(Engine, "connect", set_up)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Playwright's browser, started once for each process; see `helpers/pages.py`."""
    import pages

    with pages.browser() as found:
        yield found
