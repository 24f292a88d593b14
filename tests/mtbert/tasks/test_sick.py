"""The SICK task."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from cases import for_each

from mtbert.tasks.sick import SickTask


def test_loss_is_the_mean_squared_error() -> None:
    assert SickTask().loss(torch.tensor([[1.0], [4.5]]), torch.tensor([3.0, 4.0])).item() == 2.125


def test_metrics_of_a_mirrored_copy() -> None:
    labels = np.array([1, 3, 5], dtype=np.float32)
    assert SickTask().metrics(6 - labels[:, None], labels) == pytest.approx(
        {"pearson": -1.0, "spearman": -1.0, "mse": 32 / 3}
    )


@for_each("text", ["0.9", "5.1", "nan"])
def test_refuses_what_is_out_of_range(text: str) -> None:
    with pytest.raises(ValueError, match="is not a number from 1 to 5"):
        SickTask().parse_label(text)
