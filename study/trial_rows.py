"""A trial's parameters and attributes, written to Optuna's tables all at once.

Optuna writes them one by one, each with two queries that look for other writers: forty parameters take forty
milliseconds. The driver is the only writer of its study, so one statement a table does. The columns are those of
`optuna.storages._rdb.models`; a test reads back through Optuna what stands here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from optuna.distributions import BaseDistribution, distribution_to_json
from optuna.trial import FrozenTrial
from sqlalchemy import Connection, Engine, column, delete, insert, table

_PARAMS = table("trial_params", *map(column, ("trial_id", "param_name", "param_value", "distribution_json")))
_USER = table("trial_user_attributes", *map(column, ("trial_id", "key", "value_json")))
_SYSTEM = table("trial_system_attributes", *map(column, ("trial_id", "key", "value_json")))


def missing(row: FrozenTrial, now: FrozenTrial) -> bool:
    """Whether `now` has parameters or attributes that `row`, the trial as the database has it, has not."""
    if now.params.keys() - row.params.keys():
        return True
    attributes = ((now.user_attrs, row.user_attrs), (now.system_attrs, row.system_attrs))
    return any(key not in old or old[key] != value for new, old in attributes for key, value in new.items())


def add(engine: Engine, row: FrozenTrial, now: FrozenTrial) -> None:
    """Write what `now` has and `row`, the trial as the database has it, has not; in one transaction.

    It may be written again: what is there under these names is replaced.
    """
    params = [name for name in now.params if name not in row.params]
    told = [_param(row._trial_id, name, now.params[name], now.distributions[name]) for name in params]
    with engine.begin() as connection:
        if told:
            _replace(connection, _PARAMS, _PARAMS.c.param_name, row._trial_id, told)
        for place, new, old in ((_USER, now.user_attrs, row.user_attrs), (_SYSTEM, now.system_attrs, row.system_attrs)):
            changed = {key: value for key, value in new.items() if key not in old or old[key] != value}
            if changed:
                _replace(connection, place, place.c.key, row._trial_id, _attributes(row._trial_id, changed))
    row.params.update({name: now.params[name] for name in params})
    row.distributions.update({name: now.distributions[name] for name in params})
    row.user_attrs.update(now.user_attrs)
    row.system_attrs.update(now.system_attrs)


def _replace(connection: Connection, place: Any, name: Any, trial_id: int, rows: Iterable[dict[str, Any]]) -> None:
    rows = list(rows)
    connection.execute(delete(place).where(place.c.trial_id == trial_id, name.in_([row[name.name] for row in rows])))
    connection.execute(insert(place), rows)


def _param(trial_id: int, name: str, value: Any, distribution: BaseDistribution) -> dict[str, Any]:
    return {
        "trial_id": trial_id,
        "param_name": name,
        "param_value": distribution.to_internal_repr(value),
        "distribution_json": _json(distribution),
    }


@cache
def _json(distribution: BaseDistribution) -> str:
    return distribution_to_json(distribution)


def _attributes(trial_id: int, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"trial_id": trial_id, "key": key, "value_json": json.dumps(value)} for key, value in values.items()]
