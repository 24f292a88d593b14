"""The SST-5 task."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from mtbert.tasks.sst import SstTask


def test_loss_of_equal_outputs_is_log_of_five() -> None:
    loss = SstTask().loss(torch.zeros(3, 5), torch.tensor([0.0, 2.0, 4.0]))
    assert loss.item() == pytest.approx(math.log(5))


def test_loss_by_hand() -> None:
    outputs = torch.tensor([[0.0, 0.0, math.log(4), 0.0, 0.0]])  # probability of class 2: 4 / 8
    assert SstTask().loss(outputs, torch.tensor([2.0])).item() == pytest.approx(math.log(2), abs=1e-6)


def test_the_largest_output_is_predicted() -> None:
    outputs = np.array([[0, 1, 0, 0, 9], [3, 1, 0, 0, 2]], dtype=np.float32)
    predicted = SstTask().predictions(outputs)
    assert predicted.tolist() == [4.0, 0.0]
    assert predicted.dtype == np.float32


def test_metrics_are_accuracy_and_macro_averages() -> None:
    outputs = np.eye(5, dtype=np.float32)
    labels = np.array([0, 1, 2, 3, 3], dtype=np.float32)
    # Classes 0 to 2 are all right. Class 3: precision 1/1, recall 1/2, F1 2/3. Class 4 is predicted once, wrongly.
    assert SstTask().metrics(outputs, labels) == pytest.approx(
        {"accuracy": 0.8, "macro_precision": 4 / 5, "macro_recall": 3.5 / 5, "macro_f1": (3 + 2 / 3 + 0) / 5}
    )
