"""The Rotten Tomatoes task."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from mtbert.tasks.rotten_tomatoes import RottenTomatoesTask


def test_loss_of_equal_outputs_is_log_of_two() -> None:
    assert RottenTomatoesTask().loss(torch.zeros(3, 2), torch.tensor([0.0, 1.0, 1.0])).item() == pytest.approx(
        math.log(2)
    )


def test_the_larger_output_is_predicted() -> None:
    outputs = np.array([[0, 1], [2, 2], [3, 1]], dtype=np.float32)
    assert RottenTomatoesTask().predictions(outputs).tolist() == [1.0, 0.0, 0.0]
