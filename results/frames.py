"""A study as tidy pandas frames: one row per observation, one column per variable."""

from __future__ import annotations

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
from results.errors import did_you_mean
from results.measurements.record_frames import RECORDED, record_frames
from results.measurements.run_frame import trial_frame
from results.measurements.study_results import StudyResults
from search_spaces.output import plain

# The tables computed from the runs, in the order of the export schema; a study has those that it has data for.
_SCHEMA = json.loads((files("results") / "data" / "export.schema.json").read_text(encoding="utf-8"))
COMPUTED = tuple(name for name in _SCHEMA["properties"] if name not in (*RECORDED, "comparison"))


@dataclass(frozen=True, eq=False, repr=False)
class StudyFrames:
    """Frames of one study. `trials` is wide: a row per run, a typed column per factor, score and cost (`trial_frame`).

    `epochs` and `tasks` are long, with one row per run, (epoch,) split, task and metric; `choices` has one row per run
    and factor. Scores and metrics are as measured, times in seconds; JSON columns are text; missing numbers are NaN.
    `.plot` of every frame gives a plotly figure if matplotlib is not installed.

    The other tables of the report are attributes too (`frames.ablation`, `frames.leaderboard`, `frames.pareto`), and
    `frames.tables` has them by name. They are computed from the database when one of them is first used.
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
    _compute: Callable[[], dict[str, pd.DataFrame]]

    @cached_property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """The tables computed from the runs, by their names in the exports (docs/exports.md)."""
        return {name: frame for name, frame in self._compute().items() if name not in RECORDED}

    def __getattr__(self, name: str) -> pd.DataFrame:
        """Return a computed table by its name.

        Raises:
            AttributeError: there is no such frame, or the study has no data for it.
        """
        if name.startswith("_") or name not in COMPUTED:
            known = [*(field.name for field in fields(self) if not field.name.startswith("_")), "tables", *COMPUTED]
            raise AttributeError(f"No frame named '{name}'.{did_you_mean(name, known)} Known: {', '.join(known)}.")
        if name not in self.tables:
            raise AttributeError(
                f"Study '{self.study.study_name}' has no table '{name}', because it has measured no data for it. "
                f"Available: {', '.join(self.tables)}."
            )
        return self.tables[name]

    def __dir__(self) -> list[str]:
        """Return the attributes with the computed tables, for completion, without computing them."""
        return sorted({*super().__dir__(), *COMPUTED})

    def __repr__(self) -> str:
        """Return a summary of the study with one line per frame."""
        study, computed = self.study, self.__dict__.get("tables")
        frames = {"trials": self.trials, **{name: getattr(self, name) for name in RECORDED}, **(computed or {})}
        lines = [
            f"Study '{study.study_name}': space {study.space}, {study.status}, {len(self.runs):,} runs",
            *(f"  {name:18}{len(frame):>8,} rows  {len(frame.columns):>3} columns" for name, frame in frames.items()),
        ]
        if computed is None:
            lines.append(f"  computed on first use, if there are data: {', '.join(COMPUTED)}")
        return plain("\n".join(textwrap.fill(line, 118, subsequent_indent="    ") for line in lines))


def load_study(storage: str, name: str) -> StudyFrames:
    """Return the frames of study `name` in the database at URL `storage`, which must exist.

    Raises:
        StorageError: there is no such database, or it cannot be read.
        UnknownStudy: the database has no such study.
    """
    # A plotting backend that the user chose stays.
    if pd.options.plotting.backend == "matplotlib" and find_spec("matplotlib") is None:
        pd.options.plotting.backend = "plotly"
    with open_database(storage, create=False) as database:
        return study_frames(database, name, partial(_stored_tables, storage, name))


def study_frames(
    database: Database, name: str, compute: Callable[[], dict[str, pd.DataFrame]] | None = None
) -> StudyFrames:
    """Return the frames of a study in an open database.

    `compute` returns the computed tables; by default they come from `database`, which must then still be open.

    Raises:
        UnknownStudy: the database has no study of that name.
    """
    study = database.studies.require(name)
    return StudyFrames(
        study=study,
        trials=trial_frame(StudyResults(database, name)),
        **record_frames(database, name),
        _compute=compute or partial(_tables, database, name),
    )


def _stored_tables(storage: str, name: str) -> dict[str, pd.DataFrame]:
    with open_database(storage, create=False) as database:
        return _tables(database, name)


def _tables(database: Database, name: str) -> dict[str, pd.DataFrame]:
    from results.export import tables  # imports the whole report, so only when a table is computed

    return tables(database, name)
