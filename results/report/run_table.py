"""All runs of a study as dictionary-encoded columns, in which each text is stored once.

A column has `names`, its distinct texts (numbers in ascending order, others in order of appearance), and `codes`, the
index in `names` of each row's text: -1 for none, and a list of indices in the columns `cell` and `changes`. So rows
are sorted by code, and a search reads only the names. The page has this as JSON, and the first rows as HTML.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from results.analysis.summary import Summary
from results.database.rows import Cell, JsonObject, RunRow
from results.measurements import code_versions
from results.measurements.study_results import seconds_spent
from results.text import formatting
from results.text.units import NONE

FIRST_ROWS = 25  # shown before the reader asks for more
BASELINE = "the baseline"
SEPARATOR = ", "  # between the changes of a configuration

Value = TypeVar("Value", int, float, str)


@dataclass(frozen=True)
class RunColumn:
    """One column; `codes` has a row's index in `names`, -1, or a tuple of indices."""

    id: str
    title: str
    names: tuple[str, ...]
    codes: tuple[int | tuple[int, ...], ...]
    is_number: bool = False

    def text(self, row: int) -> str:
        """Return the text of a row: a dash for none."""
        code = self.codes[row]
        if isinstance(code, tuple):
            return SEPARATOR.join(self.names[place] for place in code)
        return NONE if code < 0 else self.names[code]


@dataclass(frozen=True)
class RunList:
    """The runs in the order of their start; every column has `count` rows. The page sorts them by score."""

    count: int
    columns: tuple[RunColumn, ...]

    def as_json(self) -> JsonObject:
        """Return the JSON for the page's script: `first` rows are shown at first, `none` is the text of code -1."""
        columns = [
            {"id": column.id, "title": column.title, "number": column.is_number, "names": column.names}
            | {"codes": column.codes}
            for column in self.columns
        ]
        header = {"count": self.count, "first": FIRST_ROWS, "separator": SEPARATOR, "none": NONE}
        return {**header, "columns": columns}

    def first(self) -> list[dict[str, str]]:
        """Return the rows with the best scores, column -> text; ties and rows without a score keep their order."""
        (scores,) = (column.codes for column in self.columns if column.id == "score")
        codes = [code if isinstance(code, int) else -1 for code in scores]
        best = sorted(range(self.count), key=lambda row: (-codes[row], row))[:FIRST_ROWS]
        return [{column.id: column.text(row) for column in self.columns} for row in best]


def run_list(
    runs: Sequence[RunRow], summary: Summary, references: Mapping[str, str], cells: Sequence[Cell] = ()
) -> RunList:
    """Return the list of `runs`; `references`: task -> digest of the best trained on that task alone."""
    unit = summary.units.score
    columns = (
        _numbers("run", "Run", [run.id for run in runs], str),
        _words("phase", "Phase", [run.phase for run in runs]),
        _cells(runs, cells),
        _changes(runs, summary, {digest: task for task, digest in references.items()}),
        _numbers("seed", "Seed", [run.seed for run in runs], str),
        _words("status", "Status", [run.status for run in runs]),
        _words("reason", "Reason", [_reason(run) for run in runs]),
        _numbers("score", f"Dev {unit.heading}", [run.score for run in runs], unit.score),
        _numbers("best_epoch", "Best epoch", [run.best_epoch for run in runs], "{:,g}".format),
        _numbers("seconds", "Time", [seconds_spent(run) for run in runs], formatting.duration),
        _numbers("memory", "Memory", [run.peak_memory_bytes for run in runs], formatting.memory_text),
        *_code(runs, summary),
    )
    return RunList(len(runs), columns)


def _code(runs: Sequence[RunRow], summary: Summary) -> list[RunColumn]:
    """Return the column of code versions, if these differ between runs."""
    if code_versions.note(summary.study, runs) is None:
        return []
    return [_words("code", "Code", [code_versions.code_of(run, summary.study) for run in runs])]


def _cells(runs: Sequence[RunRow], cells: Sequence[Cell]) -> RunColumn:
    """Return the cells of each run's configuration, in the order of their request; none for the search's runs."""
    names = tuple(dict.fromkeys(cell.name for cell in cells))
    places = {name: place for place, name in enumerate(names)}
    requested: dict[str, dict[int, None]] = {}  # digest -> places, as an ordered set
    for cell in cells:
        requested.setdefault(cell.config_digest, {})[places[cell.name]] = None
    codes = tuple(() if run.phase == "search" else tuple(requested.get(run.config_digest, ())) for run in runs)
    return RunColumn("cell", "Cell", names, codes)


def _changes(runs: Sequence[RunRow], summary: Summary, alone: Mapping[str, str]) -> RunColumn:
    """Return each configuration's changes to the baseline."""
    places: dict[str, int] = {}
    codes: dict[str, tuple[int, ...]] = {}
    for run in runs:
        if run.config_digest not in codes:
            words = _change_words(run.choices_json, summary, alone.get(run.config_digest))
            codes[run.config_digest] = tuple(places.setdefault(text, len(places)) for text in words)
    return RunColumn("changes", "Configuration", tuple(places), tuple(codes[run.config_digest] for run in runs))


def _change_words(choices: JsonObject, summary: Summary, task: str | None) -> Iterable[str]:
    differing = formatting.changes(summary.baseline_choices, choices)
    words = [_in_words(each.factor, each.to_level) for each in differing if each.to_level is not None] or [BASELINE]
    return words if task is None else (*words, f"{task} alone")


_in_words = functools.lru_cache(maxsize=100_000)(formatting.choice_in_words)


def _reason(run: RunRow) -> str | None:
    reason = ": ".join(part for part in (run.reason, run.detail) if part and part != run.status)
    return reason if reason and reason != run.status else None


def _words(id: str, title: str, texts: Sequence[str | None]) -> RunColumn:
    names = tuple(dict.fromkeys(text for text in texts if text is not None))
    places = {text: place for place, text in enumerate(names)}
    return RunColumn(id, title, names, tuple(-1 if text is None else places[text] for text in texts))


def _numbers(id: str, title: str, values: Sequence[Any], text: Callable[[Any], str]) -> RunColumn:
    """Return a column whose names ascend with the values; values with equal texts share a name."""
    texts = {value: text(value) for value in sorted({value for value in values if value is not None})}
    names = tuple(dict.fromkeys(texts.values()))
    places = {name: place for place, name in enumerate(names)}
    codes = tuple(-1 if value is None else places[texts[value]] for value in values)
    return RunColumn(id, title, names, codes, is_number=True)
