"""A study as tidy pandas frames: one row per observation, one column per variable."""

from __future__ import annotations

import difflib
import json
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property, partial
from importlib.resources import files
from importlib.util import find_spec

import pandas as pd

from results.database.database import Database, open_database
from results.database.rows import StudyRow
from results.measurements.record_frames import RECORDED, record_frames
from results.measurements.run_frame import trial_frame
from results.measurements.study_results import StudyResults
from search_spaces.output import plain

# Those that follow from runs, as the schema of the exports has them; a study has those of what it has measured.
_SCHEMA = json.loads((files("results") / "data" / "export.schema.json").read_text(encoding="utf-8"))
FOLLOWING = tuple(name for name in _SCHEMA["properties"] if name not in (*RECORDED, "comparison"))


@dataclass(frozen=True, eq=False, repr=False)
class StudyFrames:
    """One study. `trials` is wide: a row per run, a typed column per factor, score and costs (`trial_frame`).

    `epochs` and `tasks` are long: a row per run, (epoch,) split, task and metric. `choices` is long too: a row per run
    and factor. Scores and metrics are as measured, times in seconds; JSON columns are text. A value that is "not a
    number" is NaN. `.plot` of every frame gives a figure of plotly where matplotlib is not installed.

    Every other table of the report is an attribute as well: `frames.ablation`, `frames.leaderboard`, `frames.pareto`;
    `frames.tables` has all of them by name. They are computed when the first of them is asked for, from the database as
    it is then.
    """

    study: StudyRow
    trials: pd.DataFrame
    runs: pd.DataFrame
    choices: pd.DataFrame
    epochs: pd.DataFrame
    tasks: pd.DataFrame
    stages: pd.DataFrame
    cells: pd.DataFrame
    environments: pd.DataFrame
    data_issues: pd.DataFrame
    _following: Callable[[], dict[str, pd.DataFrame]]

    @cached_property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """The tables that follow from the runs, by their names in the exports (docs/exports.md)."""
        return {name: frame for name, frame in self._following().items() if name not in RECORDED}

    def __getattr__(self, name: str) -> pd.DataFrame:
        """Return a table of the report by its name."""
        if name.startswith("_") or name not in FOLLOWING:
            known = [*(each.name for each in fields(self) if not each.name.startswith("_")), "tables", *FOLLOWING]
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise AttributeError(f"No frame named '{name}'.{hint} Known: {', '.join(known)}.")
        if name not in self.tables:
            raise AttributeError(
                f"Study '{self.study.study_name}' has no table '{name}': nothing of it was measured. It has: "
                f"{', '.join(self.tables)}."
            )
        return self.tables[name]

    def __dir__(self) -> list[str]:
        """Return the names of the frames too, for completion, without computing one."""
        return sorted({*super().__dir__(), *FOLLOWING})

    def __repr__(self) -> str:
        """Return the study and what it has, one line per frame."""
        study = self.study
        shown = {"trials": self.trials, **{name: getattr(self, name) for name in RECORDED}}
        lines = [
            f"Study '{study.study_name}': space {study.space}, {study.status}, {len(self.runs):,} runs",
            *map(_shape, shown, shown.values()),
        ]
        known = self.__dict__.get("tables")
        if known is None:
            lines.append(f"  computed when first asked for, where measured: {', '.join(FOLLOWING)}")
        else:
            lines += map(_shape, known, known.values())
        return plain("\n".join(textwrap.fill(line, 118, subsequent_indent="    ") for line in lines))


def load_study(storage: str, name: str) -> StudyFrames:
    """Return the frames of study `name` in the database at URL `storage`; see `StudyFrames`.

    StorageError when there is no such database (none is made), UnknownStudy when it has no such study.
    """
    _plot_with_plotly()
    with open_database(storage, create=False) as database:
        return study_frames(database, name, partial(_stored_tables, storage, name))


def study_frames(
    database: Database, name: str, following: Callable[[], dict[str, pd.DataFrame]] | None = None
) -> StudyFrames:
    """Return the frames of a study in an open database. UnknownStudy when there is none of that name.

    `following` gives the tables that follow from the runs; by default they come from `database`, which must then still
    be open.
    """
    study = database.studies.require(name)
    return StudyFrames(
        study=study,
        trials=trial_frame(StudyResults(database, name)),
        **record_frames(database, name),
        _following=following or partial(_following_tables, database, name),
    )


def _plot_with_plotly() -> None:
    """Let `.plot` draw with plotly where matplotlib is not installed; a backend that the user chose stays."""
    if pd.options.plotting.backend == "matplotlib" and find_spec("matplotlib") is None:
        pd.options.plotting.backend = "plotly"


def _shape(name: str, frame: pd.DataFrame) -> str:
    return f"  {name:18}{len(frame):>8,} rows  {len(frame.columns):>3} columns"


def _stored_tables(storage: str, name: str) -> dict[str, pd.DataFrame]:
    with open_database(storage, create=False) as database:
        return _following_tables(database, name)


def _following_tables(database: Database, name: str) -> dict[str, pd.DataFrame]:
    from results.export import tables  # the whole report: only where its tables are asked for

    return tables(database, name)
