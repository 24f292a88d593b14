"""Launches that extend a study by the changes that another study has measured."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from results.comparison.effects import Effect
from results.database.defaults import DEFAULT_STORAGE
from results.database.rows import StudyRow
from results.measurements.custom_trainer import custom_trainer
from results.text.formatting import plural

DESIGN = "one_at_a_time"  # changes the best configuration to every level of every factor
PHASES = ("search", "confirm", "ablate", "test", "report")


@dataclass(frozen=True)
class ComparableLaunch:
    """Changes that study `name` has not measured, with the `command` that measures them or, if empty, `why_not`."""

    name: str
    changes: tuple[str, ...]
    command: str
    why_not: str = ""

    def sentence(self) -> str:
        """Return a sentence that says what is missing, and how to measure it or why that is impossible."""
        missing = f"Study {self.name} has not measured {plural(len(self.changes), 'change')} of the other study"
        if not self.command:
            return f"{missing}: {self.why_not}."
        return f"{missing}. This launch runs all single changes of its best configuration, these included if possible: "


def launches(study: StudyRow, storage: str, missing: Sequence[Effect]) -> list[ComparableLaunch]:
    """Return the launches that measure the single changes `missing` in `study`, one per reason why one cannot."""
    groups: dict[str, list[str]] = {}
    for effect in missing:
        if effect.factor:
            groups.setdefault(_obstacle(study, effect), []).append(effect.words())
    command = _command(study, storage)
    proposals = []
    for obstacle, words in groups.items():
        why_not = obstacle or ("" if command else "its ablation has run all changes of its best configuration")
        proposals.append(ComparableLaunch(study.study_name, tuple(words), "" if why_not else command, why_not))
    return sorted(proposals, key=lambda launch: not launch.command)


def _obstacle(study: StudyRow, effect: Effect) -> str:
    """Return the reason why no ablation of the study can have the change, or an empty string."""
    factors: dict[str, Mapping[str, Any]] = {factor["name"]: factor for factor in study.space_json.get("factors", ())}
    factor = factors.get(effect.factor)
    if factor is None:
        return f"its space has no factor {effect.factor}"
    levels = [str(level) for level in factor.get("levels") or ()]
    if not levels:
        return f"{effect.factor} is a range, and each study varies it from the value of its own best configuration"
    unknown = [level for level in (effect.from_level, effect.to_level) if level not in levels]
    if unknown:
        return f"its space has no level {' or '.join(unknown)} of {effect.factor}"
    best = study.decisions_json.get("best_choices") or {}
    if best and effect.factor not in best:
        return f"its best configuration has no {effect.factor}"
    return ""


def _command(study: StudyRow, storage: str) -> str:
    """Return the launch that resumes the study, or an empty string if it would run nothing more."""
    flags = [] if study.is_grid else _flags(study)
    if not flags and study.status in ("done", "complete"):
        return ""
    space, trainer = str(study.settings_json.get("space", "")), custom_trainer(study)
    words = ["python", "-m", "study.launch", "--name", study.study_name]
    words += ["--space", space] if space.endswith(".py") else []
    words += ["--trainer", trainer] if trainer else []
    words += [] if storage == DEFAULT_STORAGE else ["--storage", storage]
    return shlex.join([*words, *flags])


def _flags(study: StudyRow) -> list[str]:
    """Return the flags of a launch that runs all single changes of the best configuration."""
    settings, flags = study.settings_json, list[str]()
    designs = [str(design) for design in settings.get("designs") or ()]
    phases = settings.get("phases") or PHASES
    changes = sum(max(0, len(factor.get("levels") or ()) - 1) or 1 for factor in study.space_json.get("factors", ()))
    if int(settings.get("ablations") or 0) < changes:
        flags += ["--ablations", f"{changes}"]
    if designs and DESIGN not in designs:
        flags += ["--designs", ",".join([DESIGN, *designs])]
    if "ablate" not in phases or "confirm" not in phases:
        flags += ["--phases", ",".join(PHASES)]
    return flags
