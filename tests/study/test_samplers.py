"""TPE by groups proposes what Optuna's own does; of very many trials it reads the best and an even part of the rest."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import optuna
import pytest
from optuna import Study
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.samplers import TPESampler
from optuna.samplers._tpe.sampler import _split_trials, default_gamma
from optuna.trial import Trial, TrialState, create_trial

from study import samplers
from study.samplers import BEST, SHOWN, STARTUP_TRIALS, Encodings, GroupedTpe, sampler_for, shown

pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")

SOME = 300  # shown of more
KNOWN: dict[str, BaseDistribution] = {
    "rate": FloatDistribution(0.0, 1.0),
    "adapter": CategoricalDistribution(("none", "lora")),
    "adapter.lora.rank": FloatDistribution(1.0, 8.0),
}


def study_of(count: int, directions: tuple[str, ...] = ("maximize",), pruned: float = 0.0) -> Study:
    """A study of so many finished trials, a part of them pruned, of a space with a conditional parameter."""
    rng, study = np.random.default_rng(0), optuna.create_study(directions=directions)
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
    trial = study.ask()
    trial.suggest_float("rate", 0.0, 1.0)
    if trial.suggest_categorical("adapter", ("none", "lora")) == "lora":
        trial.suggest_float("adapter.lora.rank", 1.0, 8.0)
    return dict(trial.params)


def plain(number: int) -> TPESampler:
    """Optuna's own, with the same seed."""
    seed = int.from_bytes(hashlib.sha256(f"0/search/{number}".encode()).digest()[:4], "little")
    return TPESampler(seed=seed, n_startup_trials=STARTUP_TRIALS, multivariate=True, group=True, constant_liar=True)


@pytest.mark.parametrize(
    ("finished", "directions"),
    [(3, ("maximize",)), (40, ("minimize",)), (40, ("maximize", "minimize")), (SHOWN - 2, ("maximize",))],
)
def test_it_proposes_to_the_bit_what_optunas_own_proposes(finished: int, directions: tuple[str, ...]) -> None:
    known: Encodings = {}
    proposals = []
    for make in (plain, lambda number: sampler_for("tpe", 0, number, known)):
        study = study_of(finished, directions, pruned=0.2)
        found = []
        for number in range(5):  # the even ones run on, and are lied about
            study.sampler = make(number)
            found.append(asked(study))
            if number % 2:
                study.tell(len(study.trials) - 1, [0.5] * len(directions))
        proposals.append(found)
    assert proposals[0] == proposals[1]
    assert finished < STARTUP_TRIALS or len(known) > finished  # what was told meanwhile is read too


@pytest.mark.parametrize("pruned", [0.0, 0.5, 0.98])
def test_of_many_the_best_are_those_that_tpe_would_take(pruned: float) -> None:
    study = study_of(600, pruned=pruned)
    finished = study.get_trials(deepcopy=False)
    some = shown(study, finished, SOME)
    assert len({t.number for t in some}) == SOME
    wanted, _ = _split_trials(study, finished, default_gamma(len(finished)))
    found, _ = _split_trials(study, some, default_gamma(len(some)))
    assert len(wanted) == BEST and [t.number for t in found] == [t.number for t in wanted]


def test_of_the_others_an_even_part_is_shown() -> None:
    study = study_of(600)
    numbers = sorted(t.number for t in shown(study, study.get_trials(deepcopy=False), SOME))
    for quarter in range(4):
        assert 60 <= sum(150 * quarter <= number < 150 * (quarter + 1) for number in numbers) <= 90


def test_with_several_objectives_a_tenth_of_what_is_shown_is_the_best() -> None:
    study = study_of(600, ("maximize", "minimize"))
    some = shown(study, study.get_trials(deepcopy=False), SOME)
    best = {t.number for t in study.best_trials}
    assert len(best) <= SOME // 10 and len({t.number for t in some}) == SOME
    assert best <= {t.number for t in some}


def test_of_many_tpe_reads_no_more_than_it_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samplers, "SHOWN", SOME)
    read: list[int] = []
    build = TPESampler._build_parzen_estimator

    def counting(self: TPESampler, *args: object, **kwargs: object) -> object:
        read.append(len(args[2]))  # type: ignore[arg-type]
        return build(self, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(TPESampler, "_build_parzen_estimator", counting)
    study = study_of(SOME + 50)
    study.sampler = sampler_for("tpe", 0, SOME + 50)
    asked(study)
    pairs = list(zip(read[::2], read[1::2], strict=True))
    assert pairs and all(below + above == SOME for below, above in pairs)


def test_what_runs_is_always_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samplers, "SHOWN", SOME)
    study = study_of(SOME + 50)
    study.sampler = sampler_for("tpe", 0, 0)
    asked(study)
    sampler = sampler_for("tpe", 0, 1)
    study.sampler = sampler
    trial: Trial = study.ask()
    trial.suggest_float("rate", 0.0, 1.0)
    assert isinstance(sampler, GroupedTpe) and sampler._seen is not None
    running = sampler._seen._get_trials(states=(TrialState.RUNNING,))
    assert [t.number for t in running] == [SOME + 50, SOME + 51]


@pytest.mark.parametrize("name", ["tpe", "nsga2", "random"])
def test_seed_and_number_decide_what_is_drawn(name: str) -> None:
    def first(seed: int, number: int) -> dict[str, Any]:
        study = study_of(STARTUP_TRIALS + 20)
        study.sampler = sampler_for(name, seed, number)
        return asked(study)

    assert first(0, 1) == first(0, 1)
    assert len({first(seed, number)["rate"] for seed, number in ((0, 1), (0, 2), (1, 1))}) == 3


def test_a_search_of_many_trials_that_goes_on_proposes_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samplers, "SHOWN", 40)
    monkeypatch.setattr(samplers, "BEST", 4)

    def proposals(sittings: int) -> list[dict[str, Any]]:
        study, found = study_of(60), []
        for number in range(6):
            if number % (6 // sittings) == 0:  # a driver that begins again has new copies of all trials
                copy = optuna.create_study(direction="maximize")
                copy.add_trials(study.get_trials())
                study = copy
            study.sampler = sampler_for("tpe", 0, number)
            found.append(asked(study))
            study.tell(len(study.trials) - 1, float(found[-1]["rate"]))
        return found

    assert proposals(1) == proposals(3)
