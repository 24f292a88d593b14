from __future__ import annotations

from typing import Any

import numpy as np
import optuna
import pytest
from optuna.importance import PedAnovaImportanceEvaluator

from results.choice_columns import groups_of
from results.ped_anova import ped_anova


def by_optuna(levels: Any, rates: Any, scores: Any) -> list[float]:
    """The importances of the same runs as Optuna gives them, of an ordinary study."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize")
    optuna.logging.set_verbosity(before)
    order = {level: i for i, level in enumerate(dict.fromkeys(map(int, levels)))}
    spaces = {
        "a": optuna.distributions.CategoricalDistribution(tuple(range(len(order)))),
        "b": optuna.distributions.FloatDistribution(rates.min(), rates.max()),
    }
    for level, rate, score in zip(levels, rates, scores, strict=True):
        params = {"a": order[int(level)], "b": float(rate)}
        study.add_trial(optuna.trial.create_trial(value=score, params=params, distributions=spaces))
    found = PedAnovaImportanceEvaluator(target_quantile=0.1).evaluate(study, ["a", "b"])
    return [found["a"], found["b"]]


@pytest.mark.parametrize(("runs", "ties"), [(40, False), (201, False), (90, True)])
def test_the_numbers_are_optuna_s_up_to_one_factor(runs: int, ties: bool) -> None:
    rng = np.random.default_rng(runs)
    levels, rates = rng.integers(0, 4, runs), rng.uniform(1, 2, runs)
    scores = levels + 0.5 * rates + rng.normal(0, 0.3, runs)
    if ties:
        scores = np.round(scores)
    choices = [{"a": f"level{level}", "b": float(rate)} for level, rate in zip(levels, rates, strict=True)]
    mine, theirs = ped_anova(groups_of(choices), scores), by_optuna(levels, rates, scores)
    assert mine[0] > 0 and mine[1] > 0
    assert mine / mine.sum() == pytest.approx(np.array(theirs) / sum(theirs))


def test_what_is_alike_among_the_best_and_all_counts_nothing() -> None:
    choices = [{"a": "x" if i % 2 else "y", "b": "p" if i < 20 else "q"} for i in range(200)]
    scores = np.array([1.0 if i < 20 else 0.0 for i in range(200)])
    found = ped_anova(groups_of(choices), scores)
    assert found[0] == pytest.approx(0.0, abs=0.01)
    assert found[1] > 1


def test_conditional_columns_count_for_their_factor() -> None:
    choices = [{"a": "on", "a.on.k": str(i % 2)} if i % 4 else {"a": "off"} for i in range(80)]
    scores = np.array([float(run.get("a.on.k") == "1") for run in choices])
    outer = [{"a": run["a"]} for run in choices]
    assert ped_anova(groups_of(choices), scores)[0] > ped_anova(groups_of(outer), scores)[0]
