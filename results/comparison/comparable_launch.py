"""The launch of a study that would measure the changes that another study has measured."""

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

DESIGN = "one_at_a_time"  # which has every level of every factor around the best
PHASES = ("search", "confirm", "ablate", "test", "report")


@dataclass(frozen=True)
class ComparableLaunch:
    """The `changes` that study `name` has not measured; `command` measures them, or is empty and `why_not` says why."""

    name: str
    changes: tuple[str, ...]
    command: str
    why_not: str = ""

    def sentence(self) -> str:
        """Return what is missing, and how to measure it or why that is impossible."""
        missing = f"Study {self.name} has not measured {plural(len(self.changes), 'change')} of the other"
        if not self.command:
            return f"{missing}: {self.why_not}."
        return f"{missing}. This launch runs every single change of its best, and with them these where it can: "


def launches(study: StudyRow, storage: str, missing: Sequence[Effect]) -> list[ComparableLaunch]:
    """Return what would measure the single changes `missing` in `study` at `storage`; an entry per obstacle."""
    groups: dict[str, list[Effect]] = {}
    for effect in missing:
        if effect.factor:
            groups.setdefault(_hindrance(study, effect), []).append(effect)
    command = _command(study, storage)
    found = []
    for reason, effects in groups.items():
        why_not = reason or ("" if command else "its ablation has run every change that can be made to its best")
        words = tuple(effect.words() for effect in effects)
        found.append(ComparableLaunch(study.study_name, words, "" if why_not else command, why_not))
    return sorted(found, key=lambda one: not one.command)


def _hindrance(study: StudyRow, effect: Effect) -> str:
    """Return why no ablation of the study can have the change; empty where one may."""
    factors: dict[str, Mapping[str, Any]] = {one["name"]: one for one in study.space_json.get("factors", ())}
    described = factors.get(effect.factor)
    if described is None:
        return f"its space has no factor {effect.factor}"
    levels = [str(level) for level in described.get("levels") or ()]
    if not levels:
        return f"{effect.factor} is a range, and each study changes it from the number that its own best has"
    unknown = [level for level in (effect.from_level, effect.to_level) if level not in levels]
    if unknown:
        return f"its space has no level {' or '.join(unknown)} of {effect.factor}"
    best = study.decisions_json.get("best_choices") or {}
    if best and effect.factor not in best:
        return f"its best configuration has no {effect.factor}"
    return ""


def _command(study: StudyRow, storage: str) -> str:
    """Return the launch, which resumes the study; empty where it would run nothing more."""
    settings, more = study.settings_json, list[str]()
    designs = [str(one) for one in settings.get("designs") or ()]
    if study.is_grid:
        return "" if study.status in ("done", "complete") else _resumed(study, storage, [])
    whole = sum(max(0, len(one.get("levels") or ()) - 1) or 1 for one in study.space_json.get("factors", ()))
    if int(settings.get("ablations") or 0) < whole:
        more += ["--ablations", f"{whole}"]
    if designs and DESIGN not in designs:
        more += ["--designs", ",".join([DESIGN, *designs])]
    phases = settings.get("phases") or PHASES
    if "ablate" not in phases or "confirm" not in phases:
        more += ["--phases", ",".join(PHASES)]
    if not more and study.status in ("done", "complete"):
        return ""
    return _resumed(study, storage, more)


def _resumed(study: StudyRow, storage: str, more: Sequence[str]) -> str:
    space, trainer = str(study.settings_json.get("space", "")), custom_trainer(study)
    words = ["python", "-m", "study.launch", "--name", study.study_name]
    words += ["--space", space] if space.endswith(".py") else []
    words += ["--trainer", trainer] if trainer else []
    words += [] if storage == DEFAULT_STORAGE else ["--storage", storage]
    return shlex.join([*words, *more])
