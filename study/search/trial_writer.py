"""Write a trial's parameters and attributes to Optuna's tables in a few statements.

Optuna writes them one by one, each with two queries that look for other writers: forty parameters take forty
milliseconds. The driver is the only writer of its study, so one statement per table is enough.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from optuna.distributions import BaseDistribution, distribution_to_json
from optuna.trial import FrozenTrial
from sqlalchemy import Connection, Engine, TableClause, delete, insert

from study.search.optuna_tables import PARAMS, SYSTEM, USER


def missing(row: FrozenTrial, now: FrozenTrial) -> bool:
    """Return whether `now` has parameters or attributes that `row`, the trial as the database has it, does not."""
    changed = (_changed(now.user_attrs, row.user_attrs), _changed(now.system_attrs, row.system_attrs))
    return bool(now.params.keys() - row.params.keys()) or any(changed)


def add(engine: Engine, trial_id: int, row: FrozenTrial, now: FrozenTrial) -> None:
    """Write what `now` has and `row`, the trial as the database has it, does not, in one transaction.

    It may be written again: existing rows of these names are replaced. Then `row` is brought up to date.
    """
    new = {name: _param(now, name) for name in now.params if name not in row.params}
    with engine.begin() as connection:
        _replace(connection, PARAMS, "param_name", trial_id, new)
        for table, told, before in (
            (USER, now.user_attrs, row.user_attrs),
            (SYSTEM, now.system_attrs, row.system_attrs),
        ):
            texts = {key: {"value_json": json.dumps(value)} for key, value in _changed(told, before).items()}
            _replace(connection, table, "key", trial_id, texts)
    row.params.update({name: now.params[name] for name in new})
    row.distributions.update({name: now.distributions[name] for name in new})
    row.user_attrs.update(now.user_attrs)
    row.system_attrs.update(now.system_attrs)


def _changed(now: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in now.items() if key not in before or before[key] != value}


def _replace(
    connection: Connection, table: TableClause, key: str, trial_id: int, rows: Mapping[str, Mapping[str, Any]]
) -> None:
    """Write rows of a trial by their key, in place of those there are."""
    if rows:
        connection.execute(delete(table).where(table.c.trial_id == trial_id, table.c[key].in_(list(rows))))
        connection.execute(insert(table), [{"trial_id": trial_id, key: name, **row} for name, row in rows.items()])


def _param(trial: FrozenTrial, name: str) -> dict[str, Any]:
    distribution = trial.distributions[name]
    return {
        "param_value": distribution.to_internal_repr(trial.params[name]),
        "distribution_json": _json(distribution),
    }


@cache
def _json(distribution: BaseDistribution) -> str:
    return distribution_to_json(distribution)
