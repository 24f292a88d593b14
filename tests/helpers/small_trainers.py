"""Trainers of a few lines, as users write them: for launches with `--trainer small_trainers:NAME --space FILE`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

SPACE = """
from search_spaces.grammar import Factor, Level, Range, Space

SPACE = Space(name="s", goal="Does depth help?", factors=(
    Factor("depth", "scientific", "one", (Level("one", {"depth_n": 1}), Level("two", {"depth_n": 2}))),
    Factor("rate", "nuisance", 0.1, range=Range("rate_value", 0.01, 1.0, log=True))))
"""


def space_file(folder: Path, text: str = SPACE) -> str:
    """The path of a space's file in a folder."""
    (folder / "s.py").write_text(text, encoding="utf-8")
    return str(folder / "s.py")


def score_of(configuration: Mapping[str, Any], seed: int) -> float:
    """A score that depth raises; another with every seed."""
    return 0.5 + 0.1 * int(configuration["depth_n"]) + 0.001 * (seed % 7)


def whole_epochs(configuration: Mapping[str, Any], seed: int, report: Any) -> dict[str, Any]:
    """Reports every epoch."""
    score = score_of(configuration, seed)
    for epoch in range(1, report.epochs + 1):
        if not report(epoch, score * epoch / report.epochs):
            break
    return {"scores": {"sst": score}}


def halves(configuration: Mapping[str, Any], seed: int, report: Any) -> dict[str, Any]:
    """Reports twice an epoch: 0.5, 1.0, 1.5, ..."""
    score = score_of(configuration, seed)
    for half in range(1, 2 * report.epochs + 1):
        if not report(half / 2, score * half / report.epochs / 2):
            break
    return {"scores": {"sst": score}}
