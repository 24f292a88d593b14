"""One task alone before all together."""

from __future__ import annotations

import pytest
import torch

from mtbert import components
from mtbert.assembly import build_model
from mtbert.config import RunConfig, parse
from mtbert.config.parts import OptimizerConfig
from mtbert.config.stages import FineTuneFirstConfig
from mtbert.data.tokenize import Prepared
from mtbert.model import MultitaskModel
from mtbert.stages import fine_tune_first
from mtbert.stages.losses import StageLosses
from mtbert.training.evaluation import evaluate
from mtbert.training.trainer import DivergedError

FAST = OptimizerConfig(learning_rate=1e-3, clip_norm=1.0)


def changed_parts(model: MultitaskModel, before: MultitaskModel) -> set[str]:
    old = before.state_dict()
    return {
        ".".join(name.split(".")[:2]) for name, value in model.state_dict().items() if not torch.equal(value, old[name])
    }


def carried(staged: RunConfig, data: Prepared, config: FineTuneFirstConfig) -> tuple[MultitaskModel, StageLosses]:
    model = build_model(staged, data.vocabulary_size)
    return model, fine_tune_first.run(model, config, data, 0, staged.tasks, staged.multitask.optimizer)


def test_the_loss_falls(staged: RunConfig, data: Prepared) -> None:
    _, told = carried(staged, data, FineTuneFirstConfig(epochs=5, optimizer=FAST))
    assert len(told.losses) == 5 and told.losses[-1] < told.losses[0] and not told.references


def test_encoder_and_own_head_are_trained_and_no_other_head(staged: RunConfig, data: Prepared) -> None:
    model, _ = carried(staged, data, FineTuneFirstConfig(task="sts", epochs=1, optimizer=FAST))
    changed = changed_parts(model, build_model(staged, data.vocabulary_size))
    assert {"encoder.embeddings", "encoder.layers", "heads.sts"} == changed


def test_the_whole_encoder_is_trained_though_multitask_freezes_it(staged: RunConfig, data: Prepared) -> None:
    frozen = staged.model_dump(mode="json")
    frozen["multitask"]["trainable"] = {"name": "heads"}
    model, _ = carried(parse(frozen), data, FineTuneFirstConfig(epochs=1, optimizer=FAST))
    assert "encoder.layers" in changed_parts(model, build_model(staged, data.vocabulary_size))


def test_the_epoch_with_the_best_dev_score_is_kept(staged: RunConfig, data: Prepared) -> None:
    task = {"quora": components.build("tasks", "quora", {})}

    def score(epochs: int) -> float:
        model, _ = carried(staged, data, FineTuneFirstConfig(epochs=epochs, optimizer=FAST))
        found = evaluate(model, task, {"quora": data.splits["quora", "search"]}, data.pad_id)
        return found.tasks["quora"].metrics["accuracy"]

    scores = [score(epochs) for epochs in range(1, 5)]
    # More epochs of the same seed begin with the same ones, so their best can only rise.
    assert scores == sorted(scores)


def test_an_epoch_has_at_most_so_many_batches(staged: RunConfig, data: Prepared) -> None:
    seen: list[int] = []
    model = build_model(staged, data.vocabulary_size)
    model.register_forward_pre_hook(
        lambda module, given: seen.append(len(given[1].labels)) if module.training else None
    )
    fine_tune_first.run(
        model, FineTuneFirstConfig(epochs=2, batches=2, batch_size=4), data, 0, staged.tasks, staged.multitask.optimizer
    )
    assert seen == [4, 4] * 2


def test_an_output_on_dev_that_is_no_number_ends_the_stage_as_diverged(staged: RunConfig, data: Prepared) -> None:
    model = build_model(staged, data.vocabulary_size)
    model.heads["quora"].register_forward_hook(lambda head, _, out: out if head.training else out * float("inf"))
    with pytest.raises(DivergedError, match="an output is not a finite number after epoch 1 of fine_tune_first"):
        fine_tune_first.run(
            model, FineTuneFirstConfig(epochs=1, optimizer=FAST), data, 0, staged.tasks, staged.multitask.optimizer
        )
