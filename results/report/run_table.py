"""All runs of a study as columns: a text is written once, however many rows have it.

A column is `names`, its different texts in the order of what they say (numbers ascending, "0.588" before "0.601";
choices as they come), and `codes`, for each row the place of its text in `names`: -1 for none, and in the columns
`cell` and `changes` a list of places. So a row is sorted by its code as it is by its value, and is found by looking
through the names alone. The page carries this as JSON, and shows the first rows without a script.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from results.analysis.summary import Summary, seconds_spent
from results.database.rows import Cell, JsonObject, RunRow
from results.measurements import code_versions
from results.text import formatting

FIRST_ROWS = 25  # that the page shows before more are asked for
BASELINE = "the baseline"
SEPARATOR = ", "  # between the changes of a configuration

Value = TypeVar("Value", int, float, str)


@dataclass(frozen=True)
class RunColumn:
    """One column; `codes` has a row's place in `names`, -1, or a tuple of places."""

    id: str
    title: str
    names: tuple[str, ...]
    codes: tuple[int | tuple[int, ...], ...]
    is_number: bool = False

    def text(self, row: int) -> str:
        """Return what stands in a row: a dash for none."""
        code = self.codes[row]
        if isinstance(code, tuple):
            return SEPARATOR.join(self.names[place] for place in code)
        return formatting.NONE if code < 0 else self.names[code]


@dataclass(frozen=True)
class RunList:
    """The runs in the order they began; every column has `count` rows. The page shows them best score first."""

    count: int
    columns: tuple[RunColumn, ...]

    def as_json(self) -> JsonObject:
        """For the page's script: count, first (rows before more), separator, none (what stands for -1), columns."""
        columns = [
            {"id": column.id, "title": column.title, "number": column.is_number, "names": column.names}
            | {"codes": column.codes}
            for column in self.columns
        ]
        header = {"count": self.count, "first": FIRST_ROWS, "separator": SEPARATOR, "none": formatting.NONE}
        return {**header, "columns": columns}

    def first(self) -> list[dict[str, str]]:
        """Return the rows with the best scores as texts, column -> text; ties and rows without one keep their order."""
        scores = next(column for column in self.columns if column.id == "score")
        best = sorted(range(self.count), key=lambda row: (-self._code(scores, row), row))[:FIRST_ROWS]
        return [{column.id: column.text(row) for column in self.columns} for row in best]

    @staticmethod
    def _code(column: RunColumn, row: int) -> int:
        code = column.codes[row]
        return -1 if isinstance(code, tuple) else code


def run_list(
    runs: Sequence[RunRow], summary: Summary, references: Mapping[str, str], cells: Sequence[Cell] = ()
) -> RunList:
    """Return the list of `runs`; `references`: task -> digest of what was trained on that task alone; `cells`: who
    asked.
    """
    alone, unit = {digest: task for task, digest in references.items()}, summary.units.score
    columns = (
        _numbers("run", "Run", [run.id for run in runs], str),
        _words("phase", "Phase", [run.phase for run in runs]),
        _cells(runs, cells),
        _changes(runs, summary, alone),
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
    """Return the code that each run had, where it is not the same for all."""
    if code_versions.note(summary.study, runs) is None:
        return []
    return [_words("code", "Code", [code_versions.code_of(run, summary.study) for run in runs])]


def _cells(runs: Sequence[RunRow], cells: Sequence[Cell]) -> RunColumn:
    """Return the cells that a run's configuration is, in the order they were asked for; none for the search's runs."""
    names = tuple(dict.fromkeys(cell.name for cell in cells))
    places = {name: place for place, name in enumerate(names)}
    of: dict[str, list[int]] = {}
    for cell in cells:
        of.setdefault(cell.config_digest, []).append(places[cell.name])
    asked = {digest: tuple(dict.fromkeys(found)) for digest, found in of.items()}
    codes = tuple(() if run.phase == "search" else asked.get(run.config_digest, ()) for run in runs)
    return RunColumn("cell", "Cell", names, codes)


def _changes(runs: Sequence[RunRow], summary: Summary, alone: Mapping[str, str]) -> RunColumn:
    """Return where a configuration differs from the baseline, change by change."""
    places: dict[str, int] = {}
    known: dict[str, tuple[int, ...]] = {}
    for run in runs:
        if run.config_digest not in known:
            words = _change_words(run.choices_json, summary, alone.get(run.config_digest))
            known[run.config_digest] = tuple(places.setdefault(text, len(places)) for text in words)
    return RunColumn("changes", "Configuration", tuple(places), tuple(known[run.config_digest] for run in runs))


def _change_words(choices: JsonObject, summary: Summary, task: str | None) -> Iterable[str]:
    differing = formatting.changes(summary.baseline_choices, choices)
    there = ((change.factor, change.to_level) for change in differing)
    words = [_in_words(factor, level) for factor, level in there if level is not None] or [BASELINE]
    return words if task is None else (*words, f"{task} alone")


@functools.lru_cache(maxsize=100_000)
def _in_words(factor: str, level: formatting.Choice) -> str:
    return formatting.choice_in_words(factor, level)


def _reason(run: RunRow) -> str | None:
    reason = ": ".join(part for part in (run.reason, run.detail) if part and part != run.status)
    return reason if reason and reason != run.status else None


def _words(id: str, title: str, texts: Sequence[str | None]) -> RunColumn:
    names = tuple(dict.fromkeys(text for text in texts if text is not None))
    places = {text: place for place, text in enumerate(names)}
    return RunColumn(id, title, names, tuple(-1 if text is None else places[text] for text in texts))


def _numbers(id: str, title: str, values: Sequence[Any], text: Callable[[Any], str]) -> RunColumn:
    """Names ascend with the values; values that read alike are one."""
    texts = {value: text(value) for value in sorted({value for value in values if value is not None})}
    names = tuple(dict.fromkeys(texts.values()))
    places = {name: place for place, name in enumerate(names)}
    codes = tuple(-1 if value is None else places[texts[value]] for value in values)
    return RunColumn(id, title, names, codes, is_number=True)
