"""Settings in which several studies differ: data, model, budget, seeds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from results.database.rows import StudyRow
from results.text.units import NONE

# Columns of the study with their names on the page; other settings appear under their own names.
FACTS: Mapping[str, str] = {
    "space": "space",
    "data_source": "data",
    "data_fingerprint": "data fingerprint",
    "backbone": "backbone",
    "seed": "seed",
    "config_version": "version of the configurations",
}
# Not shown: paths and scheduling do not affect results, and the seeds follow from the seed.
HIDDEN = frozenset({"name", "data", "out", "store_gb", "share", "seed_list", *FACTS})
LONGEST = 120  # characters of a value


@dataclass(frozen=True)
class SetupRow:
    """Setting with its value in each study, as text."""

    setting: str
    values: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether the studies have different values."""
        return len(set(self.values)) > 1


def setup_rows(studies: Sequence[StudyRow]) -> tuple[list[SetupRow], list[SetupRow]]:
    """Return the settings in which the studies differ and those they have in common, the data and the model first."""
    names = dict.fromkeys(name for study in studies for name in study.settings_json if name not in HIDDEN)
    values = {words: [getattr(study, column) for study in studies] for column, words in FACTS.items()}
    values |= {name.replace("_", " "): [study.settings_json.get(name) for study in studies] for name in names}
    rows = [SetupRow(name, tuple(map(_text, of_studies))) for name, of_studies in values.items()]
    shown = [row for row in rows if set(row.values) != {NONE}]
    return [row for row in shown if row.differs], [row for row in shown if not row.differs]


def _text(value: object) -> str:
    if value is None or value == "" or value == []:
        return NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
