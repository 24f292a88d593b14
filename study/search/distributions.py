"""A space's factors as Optuna's parameters, and the trials of a study brought to a space that has grown.

Optuna keeps the place of a level among its factor's levels, and refuses a trial whose levels are not those of the
trials before. So where a space has grown, the parameters of the trials that exist are written anew, as if its levels
had always been there (docs/decisions/0007-space-evolution.md).
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

MARK = "space_parameters"  # the system attribute that says which parameters a study's trials have


def distributions(space: Space) -> dict[str, BaseDistribution]:
    """Return what the search may choose of each factor, by its full name."""
    return {place.name: _distribution(place.factor) for place in places(space.factors)}


def _distribution(factor: Factor) -> BaseDistribution:
    if factor.range is None:
        return CategoricalDistribution(factor.level_names())
    low, high, log = factor.range.low, factor.range.high, factor.range.log
    if factor.range.integer:
        return IntDistribution(int(low), int(high), log=log)
    return FloatDistribution(float(low), float(high), log=log)


def settle(storage: RDBStorage, study_id: int, space: Space) -> bool:
    """Give the trials of a study the parameters of a space, in one transaction.

    Return whether anything had to be changed. A level keeps its name and gets its new place; a number keeps its value;
    a new factor has its baseline in trials that have any parameter, as it had in their runs. What the space no longer
    allows is removed from its trial. A second call finds the mark of the first, and changes nothing.
    """
    wanted = distributions(space)
    mark = _mark(wanted)
    with storage.engine.begin() as connection:
        if mark_of(connection, study_id, MARK) == mark:
            return False
        _rewrite(connection, study_id, space, wanted)
        set_mark(connection, study_id, MARK, mark)
    return True


def strangers(trial: FrozenTrial) -> dict[str, Choice]:
    """Return the parameters of a trial that are outside of what the search may choose."""
    known = trial.distributions
    return {name: value for name, value in trial.params.items() if _place(known.get(name), value) is None}


def without_strangers(trial: FrozenTrial) -> None:
    """Remove such parameters from a trial: a search continues without them, and knows the trial by the others."""
    outside = strangers(trial)
    if outside:
        trial.params = {name: value for name, value in trial.params.items() if name not in outside}
        trial.distributions = {name: kind for name, kind in trial.distributions.items() if name not in outside}


def _mark(wanted: Mapping[str, BaseDistribution]) -> str:
    told = {name: distribution_to_json(distribution) for name, distribution in wanted.items()}
    return json.dumps(hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest())


def _rewrite(connection: Connection, study_id: int, space: Space, wanted: Mapping[str, BaseDistribution]) -> None:
    rows = connection.execute(select(*PARAMS.c).where(PARAMS.c.trial_id.in_(trials_of(study_id)))).all()
    texts = {name: distribution_to_json(distribution) for name, distribution in wanted.items()}
    known: dict[str, BaseDistribution] = {}
    trials = defaultdict[int, dict[str, Choice]](dict)
    changed: list[dict[str, Any]] = []
    gone: list[int] = []
    for param_id, trial_id, name, internal, text in rows:
        if text not in known:
            known[text] = json_to_distribution(text)
        value: Choice = known[text].to_external_repr(internal)
        place = _place(wanted.get(name), value)
        if place is None:
            gone.append(param_id)
            continue
        trials[trial_id][name] = value
        if (place, texts[name]) != (internal, text):
            changed.append({"row": param_id, "param_value": place, "distribution_json": texts[name]})
    missing = [
        {
            "trial_id": trial_id,
            "param_name": name,
            "param_value": wanted[name].to_internal_repr(baseline),
            "distribution_json": texts[name],
        }
        for trial_id, params in trials.items()
        for name, baseline in _missing(space, params).items()
    ]
    if changed:
        by_id = update(PARAMS).where(PARAMS.c.param_id == bindparam("row"))
        connection.execute(by_id, changed)
    if gone:
        connection.execute(delete(PARAMS).where(PARAMS.c.param_id.in_(gone)))
    if missing:
        connection.execute(insert(PARAMS), missing)


def _place(distribution: BaseDistribution | None, value: Choice) -> float | None:
    """Return Optuna's number for a value; None where the distribution does not have it."""
    if distribution is None:
        return None
    if isinstance(distribution, CategoricalDistribution):
        return float(distribution.choices.index(value)) if value in distribution.choices else None
    if isinstance(value, str) or not isinstance(distribution, FloatDistribution | IntDistribution):
        return None
    whole = isinstance(distribution, FloatDistribution) or value == int(value)
    return float(value) if whole and distribution.low <= value <= distribution.high else None


def _missing(space: Space, params: Mapping[str, Choice]) -> dict[str, Choice]:
    """Return the factors that exist in a trial and that it has no parameter for, at their baselines."""
    whole = dict(params)
    while left := [(name, f.baseline) for name, f in active(space.factors, whole) if name not in whole]:
        whole.update(left)
    return {name: choice for name, choice in whole.items() if name not in params}
