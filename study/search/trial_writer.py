"""Write a trial's parameters and attributes to Optuna's tables with one statement per table.

Optuna writes them one by one, each with two queries for concurrent writers: forty parameters take forty milliseconds.
The driver is the only writer of its study, so those are not needed.
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
    """Return whether `now` has parameters or attributes that `row`, the trial in the database, lacks."""
    changed = (_changed(now.user_attrs, row.user_attrs), _changed(now.system_attrs, row.system_attrs))
    return bool(now.params.keys() - row.params.keys()) or any(changed)


def add(engine: Engine, trial_id: int, row: FrozenTrial, now: FrozenTrial) -> None:
    """Write the parameters and attributes that `row`, the trial in the database, lacks, and add them to `row`.

    It is one transaction, which can be repeated: existing rows of these names are replaced.
    """
    new = {name: _param(now, name) for name in now.params if name not in row.params}
    attributes = ((USER, now.user_attrs, row.user_attrs), (SYSTEM, now.system_attrs, row.system_attrs))
    with engine.begin() as connection:
        _replace(connection, PARAMS, "param_name", trial_id, new)
        for table, after, before in attributes:
            texts = {key: {"value_json": json.dumps(value)} for key, value in _changed(after, before).items()}
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
    """Write rows of a trial by their keys, in place of existing ones."""
    if rows:
        connection.execute(delete(table).where(table.c.trial_id == trial_id, table.c[key].in_(list(rows))))
        connection.execute(insert(table), [{"trial_id": trial_id, key: name, **row} for name, row in rows.items()])


def _param(trial: FrozenTrial, name: str) -> dict[str, Any]:
    distribution = trial.distributions[name]
    internal = distribution.to_internal_repr(trial.params[name])
    return {"param_value": internal, "distribution_json": _json(distribution)}


@cache
def _json(distribution: BaseDistribution) -> str:
    return distribution_to_json(distribution)
