"""A space's factors as Optuna's parameters, and the conversion of existing trials to a space that has grown.

Optuna stores a level as its index among the factor's levels, and refuses a trial whose levels differ from those of
earlier trials. So when a space has grown, the parameters of existing trials are rewritten as if the new levels had
always existed (docs/decisions/0007-space-evolution.md).
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    distribution_to_json,
    json_to_distribution,
)
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from search_spaces import Factor, Space
from search_spaces.grammar import Choice
from search_spaces.grammar.choices import active, places
from study.search.optuna_tables import PARAMS, mark_of, set_mark, trials_of

MARK = "space_parameters"  # the system attribute with a hash of the parameters that a study's trials have


def distributions(space: Space) -> dict[str, BaseDistribution]:
    """Return the distribution of each factor, by its full name."""
    return {place.name: _distribution(place.factor) for place in places(space.factors)}


def _distribution(factor: Factor) -> BaseDistribution:
    if factor.range is None:
        return CategoricalDistribution(factor.level_names())
    low, high, log = factor.range.low, factor.range.high, factor.range.log
    if factor.range.integer:
        return IntDistribution(int(low), int(high), log=log)
    return FloatDistribution(float(low), float(high), log=log)


def settle(storage: RDBStorage, study_id: int, space: Space) -> bool:
    """Give the trials of a study the parameters of a space, in one transaction; return whether anything changed.

    A level keeps its name and gets its new index, and a number keeps its value. A new factor gets its baseline in
    trials that have any parameter, as in their runs. Values that the space no longer allows are removed. A second call
    finds the mark of the first, and changes nothing.
    """
    kinds = distributions(space)
    texts = {name: distribution_to_json(kind) for name, kind in kinds.items()}
    mark = json.dumps(hashlib.sha256(json.dumps(texts, sort_keys=True).encode()).hexdigest())
    with storage.engine.begin() as connection:
        if mark_of(connection, study_id, MARK) == mark:
            return False
        _rewrite(connection, study_id, space, kinds)
        set_mark(connection, study_id, MARK, mark)
    return True


def outside_range(trial: FrozenTrial) -> dict[str, Choice]:
    """Return the parameters of a trial whose values the search may not choose."""
    kinds = trial.distributions
    return {name: value for name, value in trial.params.items() if _internal(kinds.get(name), value) is None}


def drop_outside_range(trial: FrozenTrial) -> None:
    """Remove such parameters from a trial in memory; the search uses the trial without them."""
    for name in outside_range(trial):
        del trial.params[name], trial.distributions[name]


def _rewrite(connection: Connection, study_id: int, space: Space, kinds: Mapping[str, BaseDistribution]) -> None:
    rows = connection.execute(select(*PARAMS.c).where(PARAMS.c.trial_id.in_(trials_of(study_id)))).all()
    texts = {name: distribution_to_json(kind) for name, kind in kinds.items()}
    stored = {text: json_to_distribution(text) for text in {row.distribution_json for row in rows}}
    trials = defaultdict[int, dict[str, Choice]](dict)
    changed: list[dict[str, Any]] = []
    removed: list[int] = []
    for param_id, trial_id, name, internal, text in rows:
        value: Choice = stored[text].to_external_repr(internal)
        new = _internal(kinds.get(name), value)
        if new is None:
            removed.append(param_id)
            continue
        trials[trial_id][name] = value
        if (new, texts[name]) != (internal, text):
            changed.append({"row": param_id, "param_value": new, "distribution_json": texts[name]})
    missing = [
        {
            "trial_id": trial_id,
            "param_name": name,
            "param_value": kinds[name].to_internal_repr(baseline),
            "distribution_json": texts[name],
        }
        for trial_id, params in trials.items()
        for name, baseline in _missing(space, params).items()
    ]
    if changed:
        connection.execute(update(PARAMS).where(PARAMS.c.param_id == bindparam("row")), changed)
    if removed:
        connection.execute(delete(PARAMS).where(PARAMS.c.param_id.in_(removed)))
    if missing:
        connection.execute(insert(PARAMS), missing)


def _internal(distribution: BaseDistribution | None, value: Choice) -> float | None:
    """Return Optuna's number for a value, or None if the distribution does not have it."""
    if distribution is None:
        return None
    if isinstance(distribution, CategoricalDistribution):
        return float(distribution.choices.index(value)) if value in distribution.choices else None
    if isinstance(value, str) or not isinstance(distribution, FloatDistribution | IntDistribution):
        return None
    whole = isinstance(distribution, FloatDistribution) or value == int(value)
    return float(value) if whole and distribution.low <= value <= distribution.high else None


def _missing(space: Space, params: Mapping[str, Choice]) -> dict[str, Choice]:
    """Return the active factors that a trial has no parameter for, at their baselines."""
    complete = dict(params)
    while added := [(name, f.baseline) for name, f in active(space.factors, complete) if name not in complete]:
        complete.update(added)
    return {name: choice for name, choice in complete.items() if name not in params}
