"""Samplers are seeded by the trial; of very many trials TPE is shown the best and evenly spaced others."""

from __future__ import annotations

from typing import Any

import numpy as np
import optuna
import pytest
from optuna import Study
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial

from study.search import samplers
from study.search.samplers import BEST, STARTUP_TRIALS, ShownTrials, sampler_for, shown

pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")

SOME = 300  # shown of more
KNOWN: dict[str, BaseDistribution] = {
    "rate": FloatDistribution(0.0, 1.0),
    "adapter": CategoricalDistribution(("none", "lora")),
    "adapter.lora.rank": FloatDistribution(1.0, 8.0),
}


def study_of(
    count: int,
    directions: tuple[str, ...] = ("maximize",),
    pruned: float = 0.0,
    memory: InMemoryStorage | None = None,
) -> Study:
    """A study of so many finished trials, a part of them pruned, of a space with a conditional parameter."""
    rng, study = np.random.default_rng(0), optuna.create_study(directions=directions, storage=memory)
    for _ in range(count):
        params = {"rate": float(rng.random()), "adapter": str(rng.choice(["none", "lora"]))}
        if params["adapter"] == "lora":
            params["adapter.lora.rank"] = float(rng.uniform(1, 8))
        stopped = rng.random() < pruned
        study.add_trial(
            create_trial(
                state=TrialState.PRUNED if stopped else TrialState.COMPLETE,
                values=None if stopped else list(rng.random(len(directions))),
                params=params,
                distributions={name: KNOWN[name] for name in params},
                intermediate_values={1: float(rng.random())} if stopped and len(directions) == 1 else {},
            )
        )
    return study


def asked(study: Study) -> dict[str, Any]:
    return suggested(study.ask())


def suggested(trial: Trial) -> dict[str, Any]:
    trial.suggest_float("rate", 0.0, 1.0)
    if trial.suggest_categorical("adapter", ("none", "lora")) == "lora":
        trial.suggest_float("adapter.lora.rank", 1.0, 8.0)
    return dict(trial.params)


@pytest.mark.parametrize("several", [False, True])
def test_of_no_more_trials_than_are_shown_tpe_proposes_what_it_does_without_us(several: bool) -> None:
    directions = ("maximize", "minimize") if several else ("maximize",)
    found = []
    for most in (None, 40):
        study = study_of(40, directions, pruned=0.2, memory=ShownTrials(most))
        study.sampler = sampler_for("tpe", 0, 0)
        found.append(asked(study))
    assert found[0] == found[1]


@pytest.mark.parametrize("pruned", [0.0, 0.5, 0.98])
def test_of_many_the_best_are_those_that_tpe_would_take(pruned: float) -> None:
    study = study_of(600, pruned=pruned)
    finished = study.get_trials(deepcopy=False)
    some = shown(finished, study.directions, SOME)
    assert len({t.number for t in some}) == SOME

    def rank(trial: FrozenTrial) -> tuple[bool, int, float]:  # as Optuna: complete ones, then those pruned last
        if trial.state == TrialState.COMPLETE:
            return False, 0, -float(trial.value or 0)
        return True, -int(trial.last_step or 0), -trial.intermediate_values[1]

    wanted = sorted(finished, key=rank)[:BEST]
    assert {t.number for t in wanted} <= {t.number for t in some}
    assert [t.number for t in sorted(some, key=rank)[:BEST]] == [t.number for t in wanted]


def test_of_the_others_evenly_spaced_ones_are_shown() -> None:
    study = study_of(600)
    numbers = sorted(t.number for t in shown(study.get_trials(deepcopy=False), study.directions, SOME))
    for quarter in range(4):
        assert 60 <= sum(150 * quarter <= number < 150 * (quarter + 1) for number in numbers) <= 90


def test_with_several_objectives_the_first_fronts_are_shown() -> None:
    study = study_of(600, ("maximize", "minimize"))
    some = shown(study.get_trials(deepcopy=False), study.directions, SOME)
    assert len({t.number for t in some}) == SOME
    second = optuna.create_study(directions=("maximize", "minimize"))
    best = {t.number for t in study.best_trials}
    second.add_trials(t for t in study.trials if t.number not in best)
    values = [t.values for t in (*study.best_trials, *second.best_trials)]
    assert len(values) <= SOME // 10 and all(value in [t.values for t in some] for value in values)


def test_what_is_shown_of_many_is_all_that_a_sampler_reads_and_what_runs_is_always_shown() -> None:
    study = study_of(SOME + 50, memory=ShownTrials(SOME))
    for number in range(2):
        study.sampler = sampler_for("tpe", 0, number)
        asked(study)
    read = study.get_trials(deepcopy=False)
    assert sum(t.state.is_finished() for t in read) == SOME
    assert [t.number for t in read if t.state == TrialState.RUNNING] == [SOME + 50, SOME + 51]


@pytest.mark.parametrize("name", ["tpe", "nsga2", "random"])
def test_seed_and_number_decide_what_is_drawn(name: str) -> None:
    def first(seed: int, number: int) -> dict[str, Any]:
        study = study_of(STARTUP_TRIALS + 20)
        study.sampler = sampler_for(name, seed, number)
        return asked(study)

    assert first(0, 1) == first(0, 1)
    assert len({first(seed, number)["rate"] for seed, number in ((0, 1), (0, 2), (1, 1))}) == 3


def test_a_search_of_many_trials_that_goes_on_proposes_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samplers, "BEST", 4)

    def proposals(sittings: int) -> list[dict[str, Any]]:
        memory, found = ShownTrials(40), []
        study = study_of(60, memory=memory)
        for number in range(6):
            if number % (6 // sittings) == 0:  # a driver that begins again has new copies of all trials
                trials, memory = memory.every_trial(0), ShownTrials(40)
                study = optuna.create_study(direction="maximize", storage=memory)
                study.add_trials(trials)
            study.sampler = sampler_for("tpe", 0, number)
            trial = study.ask()
            found.append(suggested(trial))
            study.tell(trial.number, float(found[-1]["rate"]))
        return found

    assert proposals(1) == proposals(3)
