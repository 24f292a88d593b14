"""The Quora task."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from mtbert.tasks.quora import QuoraTask


def test_loss_by_hand() -> None:
    outputs = torch.tensor([[math.log(3)], [0.0]])  # probabilities 3/4 and 1/2
    loss = QuoraTask().loss(outputs, torch.tensor([1.0, 0.0]))
    assert loss.item() == pytest.approx((math.log(4 / 3) + math.log(2)) / 2, abs=1e-6)


def test_a_logit_above_zero_is_a_duplicate() -> None:
    assert QuoraTask().predictions(np.array([[0.1], [0.0], [-2.0]], dtype=np.float32)).tolist() == [1, 0, 0]


def test_metrics_by_hand() -> None:
    outputs = np.array([[1], [1], [1], [-1]], dtype=np.float32)
    labels = np.array([1, 0, 0, 1], dtype=np.float32)
    assert QuoraTask().metrics(outputs, labels) == pytest.approx(
        {"accuracy": 0.25, "precision": 1 / 3, "recall": 0.5, "f1": 0.4}
    )
