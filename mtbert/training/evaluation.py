"""Evaluation: a model's outputs on a split, and the metrics of each task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from mtbert.data.batching import evaluation_batches
from mtbert.data.tokenize import TokenizedSplit
from mtbert.metrics import leaderboard_score, score
from mtbert.model import MultitaskModel, device_of
from mtbert.tasks.abstract import AbstractTask
from mtbert.training.frozen_cache import FrozenParts
from mtbert.training.frozen_inputs import TokenInputs


@dataclass(frozen=True, eq=False)
class TaskEvaluation:
    """One task on one split: outputs (examples, outputs), labels (examples,), metrics by name."""

    outputs: NDArray[np.float32]
    labels: NDArray[np.float32]
    metrics: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """All tasks on one split; `score` is the mean of their main metrics and never NaN."""

    tasks: Mapping[str, TaskEvaluation]
    score: float
    leaderboard_score: float


class DivergedError(Exception):
    """A loss or an output is no longer a finite number: the result of the run is that it diverged."""


def require_finite(evaluation: Evaluation, epoch: int, stage: str) -> None:
    """Check the outputs after an epoch of a stage.

    Raises:
        DivergedError: an output is not finite.
    """
    if not all(np.isfinite(task.outputs).all() for task in evaluation.tasks.values()):
        raise DivergedError(f"an output is not a finite number after epoch {epoch} of {stage}")


def degenerate(evaluation: Evaluation) -> list[str]:
    """Return a sentence for each task whose correlation is 0 because all its predictions are equal."""
    return [
        f"{name}: every example gets the same number, so Pearson's r is 0 by definition"
        for name, task in evaluation.tasks.items()
        if "pearson" in task.metrics and not np.ptp(task.outputs) > 0
    ]


@torch.inference_mode()
def outputs_of(
    model: MultitaskModel, task: str, split: TokenizedSplit, pad_id: int, frozen: FrozenParts | None = None
) -> NDArray[np.float32]:
    """Return the model's outputs (examples, outputs) in the order of the split; they are computed in order of length.

    `frozen` parts are not computed again.
    """
    training = model.training
    model.eval()
    inputs = TokenInputs(split, pad_id, device_of(model)) if frozen is None else frozen.inputs(task, split)
    sentences = 1 if split.second is None else 2
    batches, pieces = evaluation_batches(split.lengths(), sentences=sentences), []
    with model.autocast():  # weights are cast once
        for indices in batches:
            pieces.append(model(task, inputs.batch(indices)))
    model.train(training)
    values = torch.cat(pieces).cpu().numpy()  # read at the end: nothing waits for the device in between
    result = np.empty_like(values)
    result[np.concatenate(batches)] = values
    return result


def evaluate(
    model: MultitaskModel,
    tasks: Mapping[str, AbstractTask],
    splits: Mapping[str, TokenizedSplit],
    pad_id: int,
    frozen: FrozenParts | None = None,
) -> Evaluation:
    """Evaluate every task on its split: outputs, metrics and the two scores; `frozen` parts are not computed again."""
    results = {}
    for name, task in tasks.items():
        outputs, labels = outputs_of(model, name, splits[name], pad_id, frozen), np.asarray(splits[name].labels)
        results[name] = TaskEvaluation(outputs, labels, task.metrics(outputs, labels))
    return evaluation_of(tasks, results)


def evaluation_of(tasks: Mapping[str, AbstractTask], results: Mapping[str, TaskEvaluation]) -> Evaluation:
    """Return the evaluation, with its two scores, of tasks that were evaluated one by one."""
    main = {name: task.main_metric for name, task in tasks.items()}
    metrics = {name: result.metrics for name, result in results.items()}
    return Evaluation(dict(results), score(metrics, main), leaderboard_score(metrics, main))
