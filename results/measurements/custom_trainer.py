"""A study of a custom trainer: which function it is, what its score is, and how it is called again."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from results.database.rows import StudyRow
from results.measurements.task_units import units_of

MULTITASK_BERT, REHEARSAL = "mtbert", "rehearsal"
DEMO = "demo"  # what `--data` is where nothing was named: data of the built-in model


def custom_trainer(study: StudyRow) -> str | None:
    """Return the function that a study trains with, "package.module:function"; None for the built-in ones."""
    named = study.settings_json.get("trainer") or MULTITASK_BERT
    return str(named) if named not in (MULTITASK_BERT, REHEARSAL) else None


def trainer_sentence(study: StudyRow) -> str | None:
    """Return which custom trainer was measured and what its score is; None for the built-in ones."""
    named = custom_trainer(study)
    if named is None:
        return None
    units = units_of(study)
    unit = units.score
    if not units.tasks and not units.deciding:
        return f"The trainer is {named}; its score is the mean of its tasks' scores, shares of which higher is better."
    measured = unit.name if unit.name != "score" else "score"
    some = units.deciding and len(units.tasks) != len(units.deciding) and units.deciding != (measured,)
    of = f" of {', '.join(units.deciding)}" if some else ""
    shown = "" if unit.is_share else f" in {unit.unit}" if unit.unit else ""
    return f"The trainer is {named}; its score is the {measured}{of}{shown}, {unit.better} is better."


def call_again(study: StudyRow, config: Mapping[str, Any], seed: int) -> str:
    """Return the command that calls the function again with a configuration; it prints what the function returns."""
    configuration = {**config.get("choices", {}), **config.get("set", {})}
    settings = study.settings_json
    facts = f"epochs={settings.get('epochs', 1)!r}, data={_literal(settings.get('data', ''))}"
    called = f"call({_literal(custom_trainer(study))}, {_literal(configuration)}, seed={seed}, {facts})"
    return f"python -c {shlex.quote(f'from study.trainers.custom.worker import call; print({called})')}"


def _literal(value: Any) -> str:
    """Return JSON data as a Python literal with double quotes: single ones would be escaped one by one in a shell."""
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_literal(key)}: {_literal(each)}' for key, each in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_literal, value))}]"
    return repr(value)
