"""The chain of stages: their order, their seconds, and that each depends on its parent, its part and the seed alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from mtbert.assembly import build_model
from mtbert.config import RunConfig, parse
from mtbert.data.tokenize import Prepared, Ragged, TokenizedSplit
from mtbert.model import MultitaskModel
from mtbert.run import run
from mtbert.stages import fine_tune_first, mlm, simcse_supervised, simcse_unsupervised
from mtbert.stages.losses import StageLosses

ORDER = ["mlm", "simcse_unsupervised", "simcse_supervised", "fine_tune_first", "multitask", "single_task"]
BEFORE = ORDER[:4]


def carry_out(name: str, model: MultitaskModel, config: RunConfig, data: Prepared, seed: int) -> StageLosses:
    assert config.mlm and config.simcse_unsupervised and config.simcse_supervised and config.fine_tune_first
    if name == "mlm":
        return mlm.run(model, config.mlm, data, seed)
    if name == "simcse_unsupervised":
        return simcse_unsupervised.run(model, config.simcse_unsupervised, data, seed)
    if name == "simcse_supervised":
        return simcse_supervised.run(model, config.simcse_supervised, data, seed)
    return fine_tune_first.run(model, config.fine_tune_first, data, seed, config.tasks, config.multitask.optimizer)


def after(name: str, config: RunConfig, data: Prepared, seed: int = 0) -> dict[str, Tensor]:
    model = build_model(config, data.vocabulary_size)
    carry_out(name, model, config, data, seed)
    return model.state_dict()


def equal(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return all(torch.equal(value, other[name]) for name, value in one.items())


def without(config: RunConfig, *stages: str) -> RunConfig:
    return parse({**config.model_dump(mode="json"), **dict.fromkeys(stages)})


def test_stages_run_in_their_fixed_order_and_their_seconds_are_told(brief: RunConfig, data: Prepared) -> None:
    outcome = run(brief, data, lambda _: True, decide=False)
    assert [stage.name for stage in outcome.stages] == ORDER
    assert all(stage.seconds > 0 and not stage.shared for stage in outcome.stages)
    assert sum(s.seconds for s in outcome.stages) == pytest.approx(outcome.train_seconds + outcome.eval_seconds)


def test_a_stage_without_its_part_is_not_run_nor_single_task_after_a_stop(brief: RunConfig, data: Prepared) -> None:
    outcome = run(without(brief, "mlm", "simcse_supervised"), data, lambda _: False)
    assert outcome.stopped
    assert [stage.name for stage in outcome.stages] == ["simcse_unsupervised", "fine_tune_first", "multitask"]


def test_without_stages_a_run_is_what_it_was(
    tiny: RunConfig, staged: RunConfig, data: Prepared, prepared: Prepared
) -> None:
    plain = run(without(staged, *BEFORE, "single_task"), data, lambda _: False)
    assert equal(plain.model.state_dict(), run(tiny, prepared, lambda _: False).model.state_dict())


@pytest.mark.parametrize("name", BEFORE)
def test_a_stage_depends_on_its_parent_and_seed_alone_whatever_ran_before(
    brief: RunConfig, data: Prepared, name: str
) -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first = after(name, brief, data, seed=1)
    assert torch.equal(torch.rand(1), expected), "the stage drew from the global generator"
    after(BEFORE[BEFORE.index(name) - 1], brief, data, seed=4)
    assert equal(after(name, brief, data, seed=1), first)
    assert not equal(after(name, brief, data, seed=2), first)


def test_no_stage_learns_from_dev_or_test(brief: RunConfig, data: Prepared) -> None:
    """Other dev and test sentences and labels change no bit, where no epoch is chosen by them."""

    def other(split: TokenizedSplit) -> TokenizedSplit:
        def reversed_rows(rows: Ragged) -> Ragged:
            return rows.take(np.arange(len(rows))[::-1].copy())

        second = None if split.second is None else reversed_rows(split.second)
        return TokenizedSplit(split.ids, reversed_rows(split.first), second, split.labels)

    splits = {key: split if key[1] == "train" else other(split) for key, split in data.splits.items()}
    config = brief.model_dump(mode="json")
    config["multitask"]["epochs"] = 1
    one, two = (run(parse(config), found, lambda _: True) for found in (data, replace(data, splits=splits)))
    assert one.best.search.score != two.best.search.score
    assert equal(one.model.state_dict(), two.model.state_dict())


def test_multitask_starts_from_what_the_stages_before_have_learned(brief: RunConfig, data: Prepared) -> None:
    def first_losses(*stages: str) -> dict[str, float]:
        others = [name for name in (*BEFORE, "single_task") if name not in stages]
        return run(without(brief, *others), data, lambda _: False).epochs[0].losses

    plain = first_losses()
    for name in BEFORE:
        assert first_losses(name) != plain, name


def test_single_task_starts_from_the_best_epoch_of_multitask_and_is_the_result(
    brief: RunConfig, data: Prepared
) -> None:
    alone = without(brief, *BEFORE)
    with_heads, plain = run(alone, data, lambda _: True), run(without(alone, "single_task"), data, lambda _: True)
    assert equal(with_heads.model.encoder.state_dict(), plain.model.encoder.state_dict())
    assert [report.epoch for report in with_heads.epochs] == [1, 2, 3]
    assert with_heads.best.search.score >= plain.best.search.score and plain.best.epoch in (1, 2)
    assert with_heads.trainable_parameters == plain.trainable_parameters
