"""The STS task."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mtbert.tasks.sts import StsTask


def test_loss_is_the_mean_squared_error() -> None:
    assert StsTask().loss(torch.tensor([[1.0], [4.0]]), torch.tensor([0.0, 2.0])).item() == 2.5


def test_predictions_are_not_clipped() -> None:
    assert StsTask().predictions(np.array([[-1.5], [7.0]], dtype=np.float32)).tolist() == [-1.5, 7.0]


def test_metrics_of_a_shifted_copy() -> None:
    labels = np.array([0, 1, 5], dtype=np.float32)
    assert StsTask().metrics(labels[:, None] + 1, labels) == pytest.approx(
        {"pearson": 1.0, "spearman": 1.0, "mse": 1.0}
    )
