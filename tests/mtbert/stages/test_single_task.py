"""Each head alone after all together."""

from __future__ import annotations

import pytest
import torch
from incoming import incoming

from mtbert.assembly import build_model
from mtbert.config import RunConfig, parse
from mtbert.config.stages import SingleTaskConfig
from mtbert.data.tokenize import Prepared
from mtbert.model import MultitaskModel
from mtbert.run import evaluate_split
from mtbert.stages import single_task
from mtbert.stages.multitask import EpochReport, StageOutcome
from mtbert.training.evaluation import outputs_of


def carried(
    config: RunConfig, data: Prepared, epochs: int, learning_rate: float = 1e-2, stop_at: int = 100
) -> tuple[MultitaskModel, StageOutcome]:
    model = build_model(config, data.vocabulary_size)
    part = SingleTaskConfig(epochs=epochs, learning_rate=learning_rate)
    before = incoming(model, data, 3)
    return model, single_task.run(
        model, part, data, 0, lambda report: report.epoch < stop_at, before, config.multitask.optimizer
    )


def test_heads_are_trained_and_nothing_else(staged: RunConfig, data: Prepared) -> None:
    model, _ = carried(staged, data, 5)
    old = build_model(staged, data.vocabulary_size).state_dict()
    changed = {name for name, value in model.state_dict().items() if not torch.equal(value, old[name])}
    assert changed and changed <= {name for name in old if name.startswith("heads.")}


def test_the_loss_of_every_task_falls(staged: RunConfig, data: Prepared) -> None:
    calm = parse({**staged.model_dump(mode="json"), "head_dropout": 0.0})  # its noise is larger than what a head learns
    _, outcome = carried(calm, data, 8, 3e-3)
    first, last = outcome.epochs[0].losses, outcome.epochs[-1].losses
    assert set(first) == {"sst", "quora", "sts"}
    assert all(last[task] < first[task] for task in first)


def test_a_head_is_trained_as_if_there_were_no_other_task(staged: RunConfig, data: Prepared) -> None:
    alone = parse({**staged.model_dump(mode="json"), "tasks": {"sst": {"head": "linear"}}, "fine_tune_first": None})
    together, one = carried(staged, data, 2)[0], carried(alone, data, 2)[0]
    state = one.heads["sst"].state_dict()
    assert all(torch.equal(value, state[name]) for name, value in together.heads["sst"].state_dict().items())


def test_each_head_is_left_in_its_own_best_epoch(staged: RunConfig, data: Prepared) -> None:
    found = [carried(staged, data, n, 5e-2) for n in range(1, 4)]
    each = [outcome.epochs[-1].search for _, outcome in found]  # best so far after n epochs
    model, outcome = found[-1]
    for name, metric in (("sst", "accuracy"), ("quora", "accuracy"), ("sts", "pearson")):
        so_far = [evaluation.tasks[name].metrics[metric] for evaluation in each]
        assert so_far == sorted(so_far)
        outputs = outputs_of(model, name, data.splits[name, "search"], data.pad_id)
        assert (outputs == outcome.best.search.tasks[name].outputs).all()
    scores = [report.search.score for report in outcome.epochs]
    assert evaluate_split(model, data, "search").score == outcome.best.search.score == scores[-1]
    assert outcome.best is outcome.epochs[scores.index(max(scores))]  # the first that says so


@pytest.mark.slow
def test_no_task_ends_below_the_head_it_came_with(staged: RunConfig, data: Prepared) -> None:
    """At a rate at which no head can learn each keeps what it had, over 12 seeds."""
    lost = 0
    for seed in range(12):
        config = staged.with_seed(seed)
        model = build_model(config, data.vocabulary_size)
        before = incoming(model, data, 3, seed)
        part = SingleTaskConfig(epochs=1, learning_rate=1.0)
        outcome = single_task.run(model, part, data, seed, lambda _: True, before, config.multitask.optimizer)
        for name, task in before.best.search.tasks.items():
            metric = "pearson" if name == "sts" else "accuracy"
            assert outcome.best.search.tasks[name].metrics[metric] >= task.metrics[metric], (seed, name)
        lost += outcome.last_score < before.best.search.score
        assert evaluate_split(model, data, "search").score == outcome.best.search.score >= before.best.search.score
    assert lost  # without the head that came in, tasks would have lost


def test_where_no_head_becomes_better_the_best_epoch_is_that_of_the_stage_before(
    staged: RunConfig, data: Prepared
) -> None:
    model = build_model(staged, data.vocabulary_size)
    before = incoming(model, data, 3)
    part = SingleTaskConfig(epochs=2, learning_rate=1e-12)
    outcome = single_task.run(model, part, data, 0, lambda _: True, before, staged.multitask.optimizer)
    assert outcome.best is before.best and [report.epoch for report in outcome.epochs] == [4, 5]


def test_the_epochs_go_on_counting_until_the_report_says_so(staged: RunConfig, data: Prepared) -> None:
    _, outcome = carried(staged, data, 5, stop_at=5)
    assert outcome.stopped and [report.epoch for report in outcome.epochs] == [4, 5]


def test_a_head_without_parameters_is_left_alone(staged: RunConfig, data: Prepared) -> None:
    plain = staged.model_dump(mode="json")
    plain["tasks"]["sts"] = {"head": "cosine"}
    _, outcome = carried(parse(plain), data, 1)
    assert set(outcome.epochs[0].losses) == {"sst", "quora"}
    assert isinstance(outcome.best, EpochReport) and "sts" in outcome.best.search.tasks
