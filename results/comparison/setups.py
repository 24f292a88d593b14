"""Differences between the set-ups of several studies: data, model, budget, seeds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from results.database.rows import StudyRow
from results.text.formatting import NONE

# What the study's own columns are called on the page. Its other settings go by their names.
FACTS: Mapping[str, str] = {
    "space": "space",
    "data_source": "data",
    "data_fingerprint": "data fingerprint",
    "backbone": "backbone",
    "seed": "seed",
    "config_version": "version of what configurations mean",
}
# Where a study was written and how its work was spread says nothing about what it measured; its seeds follow from one.
PLACES = frozenset({"name", "data", "out", "store_gb", "share", "seed_list", *FACTS})
SHOWN = 120  # characters of a value


@dataclass(frozen=True)
class SetupRow:
    """One setting with its value in each study, as text."""

    setting: str
    values: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether not all studies have the same."""
        return len(set(self.values)) > 1


def setup_rows(studies: Sequence[StudyRow]) -> tuple[list[SetupRow], list[SetupRow]]:
    """Return the settings in which the studies differ, and those they have in common, the data and the model first."""
    rows = [
        SetupRow(words, tuple(_text(getattr(study, column)) for study in studies)) for column, words in FACTS.items()
    ]
    names = dict.fromkeys(name for study in studies for name in study.settings_json if name not in PLACES)
    rows += [
        SetupRow(name.replace("_", " "), tuple(_text(study.settings_json.get(name)) for study in studies))
        for name in names
    ]
    shown = [row for row in rows if set(row.values) != {NONE}]
    return [row for row in shown if row.differs], [row for row in shown if not row.differs]


def _text(value: object) -> str:
    if value is None or value == "" or value == []:
        return NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
