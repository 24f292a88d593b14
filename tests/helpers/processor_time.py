"""A limit to the processor time of a test of the default tier. See docs/testing.md.

Processors differ by a factor of two, and a shared one is slower at some hours than at others, so a test that takes more
than its 2 s is named at the end of the run, and fails only beyond three times as much. The limit holds where xdist runs
the tests, as `make test` does: there every test starts with all imports done.
"""

from __future__ import annotations

import gc
import importlib
import os
from collections.abc import Generator
from typing import Any

import pytest

LIMIT_SECONDS = 2.0
FAILS_BEYOND = 3.0  # times the limit: no processor and no neighbour makes a test that much slower
SPENT = "processor seconds"  # property of a report
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
    if not WHOLE_TIER or any(item.get_closest_marker(tier) for tier in ("slow", "nightly", "gpu")):
        return None
    if seconds <= LIMIT_SECONDS:
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
    spent = item.stash[_spent] + _processor_seconds() - began
    told = over_limit(item, spent)
    if told is not None:
        item.user_properties.append((SPENT, told))
        if spent > FAILS_BEYOND * LIMIT_SECONDS:
            pytest.fail(told, pytrace=False)
    return result


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the tests beyond their limit."""
    for report in terminalreporter.stats.get("passed", []):
        for told in (told for name, told in report.user_properties if name == SPENT and report.when == "call"):
            terminalreporter.write_line(f"{report.nodeid}: {told}")
