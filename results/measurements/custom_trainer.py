"""Studies of a custom trainer: the function, the meaning of its score, and the command that calls it again."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from results.database.rows import StudyRow
from results.measurements.task_units import units_of

MULTITASK_BERT, REHEARSAL = "mtbert", "rehearsal"
DEMO = "demo"  # the default of `--data`: generated data for the built-in model


def custom_trainer(study: StudyRow) -> str | None:
    """Return the function that a study trains with, "package.module:function"; None for a built-in trainer."""
    trainer = study.settings_json.get("trainer") or MULTITASK_BERT
    return str(trainer) if trainer not in (MULTITASK_BERT, REHEARSAL) else None


def trainer_sentence(study: StudyRow) -> str | None:
    """Return a sentence on the custom trainer and its score; None for a built-in trainer."""
    trainer = custom_trainer(study)
    if trainer is None:
        return None
    units = units_of(study)
    unit = units.score
    if not units.tasks and not units.deciding:
        return f"The trainer is {trainer}; its score is the mean of its tasks' scores, fractions; higher is better."
    some = units.deciding and len(units.tasks) != len(units.deciding) and units.deciding != (unit.name,)
    tasks = f" of {', '.join(units.deciding)}" if some else ""
    measure = "" if unit.is_share or not unit.unit else f" in {unit.unit}"
    return f"The trainer is {trainer}; its score is the {unit.name}{tasks}{measure}, {unit.better} is better."


def call_again(study: StudyRow, config: Mapping[str, Any], seed: int) -> str:
    """Return the command that calls the function with a configuration and prints its result."""
    configuration = {**config.get("choices", {}), **config.get("set", {})}
    settings = study.settings_json
    options = f"epochs={settings.get('epochs', 1)!r}, data={_literal(settings.get('data', ''))}"
    expression = f"call({_literal(custom_trainer(study))}, {_literal(configuration)}, seed={seed}, {options})"
    return f"python -c {shlex.quote(f'from study.trainers.custom.worker import call; print({expression})')}"


def _literal(value: Any) -> str:
    """Return JSON data as a Python literal with double quotes, which a shell command need not escape."""
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_literal(key)}: {_literal(each)}' for key, each in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_literal, value))}]"
    return repr(value)
