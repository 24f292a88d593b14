"""Measured costs of kinds of training and of stages, and what they say of a run."""

from __future__ import annotations

import time
from typing import Any

import pytest

from mtbert.config import RunConfig, parse
from mtbert.data.load import load_corpus
from mtbert.data.tokenize import Prepared
from mtbert.run import prepare_data
from study.trainers.bert import timing
from study.trainers.bert.timing import Costs, kind_of, measure
from study.trainers.bert.workload import workload

SMALL: dict[str, Any] = {
    "backbone": "tiny",
    "encoder": {"layers": 1},
    "data": {"train_examples": 16, "dev_examples": 8, "max_tokens": 24},
}
STAGES: dict[str, Any] = {
    "mlm": {"max_sentences": 24, "epochs": 2},
    "simcse_unsupervised": {"sentences": 16, "batch_size": 8},
    "simcse_supervised": {"triplets": 16, "batch_size": 8},
    "fine_tune_first": {"epochs": 2},
    "single_task": {"epochs": 2},
}


def config(multitask: dict[str, Any] | None = None, **parts: Any) -> RunConfig:
    return parse({**SMALL, "multitask": multitask or {}, **parts})


BASELINE, WITH_STAGES = config(), config(**STAGES)
SMART = config({"regularizer": "smart"})


@pytest.fixture(scope="module")
def data() -> Prepared:
    return prepare_data(WITH_STAGES, load_corpus("demo", tuple(BASELINE.tasks)))


def test_a_run_takes_the_sum_over_its_stages(data: Prepared) -> None:
    stages = dict(zip(STAGES, (0.1, 0.2, 0.3, 0.4, 0.5), strict=True))
    costs = Costs({kind_of(BASELINE): 0.01}, stages, evaluated=0.001, around=7.0, all_kinds=1)
    work = workload(WITH_STAGES, data)
    expected = 7.0 + 0.01 * work["multitask"].trained + sum(0.001 * part.evaluated for part in work.values())
    alone = 7.0 + 0.01 * work["multitask"].trained + 0.001 * work["multitask"].evaluated
    assert costs.seconds(BASELINE, data, decides=False) == pytest.approx(alone)
    assert costs.seconds(BASELINE, data) == pytest.approx(alone + 0.001 * work["deciding"].evaluated)
    expected += 0.1 * 48 + 0.2 * 16 + 0.3 * 16 + 0.4 * 32 + 0.5 * 96
    assert costs.seconds(WITH_STAGES, data) == pytest.approx(expected)


def test_a_kind_that_was_not_measured_costs_the_mean_of_those_with_its_regularizer(data: Prepared) -> None:
    joint, longest = config({"sampler": "joint"}), config({"sampler": "round_robin_longest"})
    smart_too = config({"sampler": "joint", "regularizer": "smart"})
    kinds = {kind_of(BASELINE): 0.01, kind_of(longest): 0.03}
    without = Costs(kinds, {}, evaluated=0.0, around=0.0, all_kinds=5)
    assert without.trained(longest) == 0.03 and without.trained(joint) == pytest.approx(0.02)
    assert without.trained(smart_too) == pytest.approx(0.02)
    costs = Costs({**kinds, kind_of(SMART): 0.08}, {}, evaluated=0.0, around=0.0, all_kinds=5)
    assert costs.trained(joint) == pytest.approx(0.02) and costs.trained(smart_too) == 0.08
    assert costs.seconds(joint, data) == pytest.approx(0.02 * workload(joint, data)["multitask"].trained)


DEAR: tuple[dict[str, Any], ...] = (
    {"multitask": {"regularizer": "smart"}},
    {"multitask": {"sampler": "joint"}},
    {"multitask": {"sampler": "joint", "surgery": "pcgrad"}},
    {"multitask": {"sampler": "joint", "balancer": "gradnorm"}},
    {"multitask": {"trainable": {"name": "last_k", "layers": 1}}},
    {"multitask": {"batch_size": 16}},
    {"adapters": ["pal"]},
    {"encoder": {"layers": 2}},
    {"encoder": {"shared": False}},
    {"backbone": "bilstm"},
)


def test_what_makes_a_step_dear_is_a_kind_of_its_own() -> None:
    kinds = {kind_of(parse({**SMALL, **change})) for change in DEAR}
    assert len(kinds) == len(DEAR) and kind_of(BASELINE) not in kinds


def test_stages_rates_and_epochs_are_not() -> None:
    other = config({"epochs": 9, "optimizer": {"learning_rate": 1e-3}}, pooling="mean", head_dropout=0.5, **STAGES)
    assert kind_of(other) == kind_of(BASELINE)


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What other processes do meanwhile is not measured."""
    monkeypatch.setattr(time, "perf_counter", time.process_time)


@pytest.mark.usefixtures("alone")
def test_measuring_ends_with_its_time_a_regularizer_first(data: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "MEASURING_SECONDS", 0.001)  # less than one measurement takes
    costs = measure([BASELINE, config({"sampler": "joint"}), config({"batch_size": 16}), SMART], data, "cpu")
    assert set(costs.kinds) == {kind_of(BASELINE), kind_of(SMART)} and costs.all_kinds == 4


@pytest.mark.usefixtures("alone")
def test_every_stage_and_every_kind_is_measured(data: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "MEASURING_SECONDS", 1000.0)
    annealed = config({"sampler": "annealed", "optimizer": {"learning_rate": 1.0}})  # 2400 steps an epoch, and diverges
    # Two that cannot be trained are not measured.
    hopeless = config({"trainable": {"name": "heads"}}, tasks={"sts": {"head": "cosine"}}), config(backbone="./no/such")
    costs = measure([BASELINE, WITH_STAGES, SMART, annealed, *hopeless], data, "cpu")
    assert set(costs.stages) == set(STAGES) and all(seconds > 0 for seconds in costs.stages.values())
    assert costs.all_kinds == 5 and set(costs.kinds) == {kind_of(one) for one in (BASELINE, SMART, annealed)}
    assert all(costs.seconds(one, data) > 0 for one in hopeless)
    assert costs.trained(SMART) > 1.3 * costs.trained(BASELINE) > 0
    assert costs.evaluated > 0 and costs.around > timing.SECONDS_AROUND_A_RUN
    # An example that is only evaluated needs no gradient.
    assert costs.evaluated < costs.trained(BASELINE)
