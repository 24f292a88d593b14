"""Laws that every task keeps; a new file in mtbert/tasks is tested the moment it exists."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from cases import for_each

from mtbert import components
from mtbert.tasks.abstract import AbstractTask


def build(name: str) -> AbstractTask:
    built: AbstractTask = components.build("tasks", name, {})
    return built


every_task = for_each("task", components.names("tasks"), build)


def example(task: AbstractTask, rows: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Random outputs (rows, outputs), and labels (rows,) that go from the lowest to the highest."""
    outputs = torch.randn(rows, task.outputs, generator=torch.Generator().manual_seed(0))
    labels = torch.linspace(task.low, task.high, rows)
    return outputs, labels if task.label_kind == "score" else labels.round()


@every_task
def test_columns_classes_bounds_and_outputs_agree(task: AbstractTask) -> None:
    assert task.name in components.names("tasks") and len(task.text_columns) == (2 if task.pair else 1)
    assert task.low < task.high
    if task.label_kind == "score":
        assert (task.classes, task.outputs) == (0, 1)
    else:
        assert (task.low, task.high) == (0, task.classes - 1)
        assert task.outputs == (task.classes if task.label_kind == "class" else 1)


@every_task
def test_the_bounds_are_labels_and_nothing_beyond_them_is(task: AbstractTask) -> None:
    assert [task.parse_label(f"{value}") for value in (task.low, task.high)] == [task.low, task.high]
    for value in (task.low - 1, task.high + 1):
        with pytest.raises(ValueError, match=rf"^label '{value}' is not "):
            task.parse_label(f"{value}")


@every_task
@for_each("dtype", [torch.float32, torch.bfloat16])
@for_each("rows", [1, 5])
def test_the_loss_is_a_float32_scalar_with_a_gradient(task: AbstractTask, rows: int, dtype: torch.dtype) -> None:
    outputs, labels = example(task, rows)
    outputs = outputs.to(dtype).requires_grad_()
    loss = task.loss(outputs, labels)
    loss.backward()
    assert loss.shape == () and loss.dtype == torch.float32 and loss.isfinite()
    assert outputs.grad is not None and outputs.grad.any()


@every_task
def test_the_loss_is_the_mean_over_examples(task: AbstractTask) -> None:
    outputs, labels = example(task, 5)
    alone = torch.stack([task.loss(outputs[i : i + 1], labels[i : i + 1]) for i in range(5)])
    torch.testing.assert_close(task.loss(outputs, labels), alone.mean())


@every_task
def test_predictions_are_one_number_an_example_comparable_to_labels(task: AbstractTask) -> None:
    outputs = example(task, 5)[0].numpy()
    before = outputs.copy()
    predicted = task.predictions(outputs)
    assert predicted.shape == (5,) and predicted.dtype == np.float32
    assert task.label_kind == "score" or set(predicted) <= set(range(task.classes))
    assert (outputs == before).all()


@every_task
def test_the_main_metric_of_perfect_predictions_is_one(task: AbstractTask) -> None:
    labels = example(task, 5)[1].numpy()
    if task.label_kind == "class":
        outputs = np.eye(task.classes, dtype=np.float32)[labels.astype(int)]
    else:
        outputs = (labels[:, None] - (0.5 if task.label_kind == "binary" else 0)).astype(np.float32)
    assert task.metrics(outputs, labels)[task.main_metric] == pytest.approx(1.0)
