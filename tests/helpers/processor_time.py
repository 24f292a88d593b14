"""A limit to the processor time of a test of the default tier: one that takes more fails. See docs/testing.md.

It holds where xdist runs the tests, as `make test` does: there every test starts with all imports done.
"""

from __future__ import annotations

import gc
import importlib
import os
from collections.abc import Generator
from typing import Any

import pytest

LIMIT_SECONDS = 2.0
# Modules that the packages import only when they need them. Imported here, so that no test pays for another's import.
LATE_IMPORTS = (
    "alembic.command", "optuna.storages", "pandas", "plotly.graph_objects", "scipy.stats", "sklearn.ensemble",
    "tabulate", "torch._dynamo", "study.session", "study.trainers.bert.worker",
    "study.trainers.bert.model_card", "results.export",
)  # fmt: skip
WHOLE_TIER = "PYTEST_XDIST_WORKER" in os.environ
_spent = pytest.StashKey[float]()


def pytest_collection_finish() -> None:
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
    if not WHOLE_TIER or seconds <= LIMIT_SECONDS:
        return None
    if any(item.get_closest_marker(tier) for tier in ("slow", "nightly", "gpu")):
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
        item = getattr(request, "_pyfuncitem", None)
        if fixturedef.scope != "function" and item is not None and _spent in item.stash:
            item.stash[_spent] -= _processor_seconds() - began


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    began = _processor_seconds()
    result = yield
    told = over_limit(item, item.stash[_spent] + _processor_seconds() - began)
    if told is not None:
        pytest.fail(told, pytrace=False)
    return result
