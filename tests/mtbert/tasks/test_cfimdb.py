"""The CFIMDB task."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from cases import for_each

from mtbert.tasks.cfimdb import CfimdbTask


def test_loss_by_hand() -> None:
    outputs = torch.tensor([[0.0, math.log(3)], [0.0, 0.0]])  # probabilities of class 1: 3/4 and 1/2
    loss = CfimdbTask().loss(outputs, torch.tensor([1.0, 0.0]))
    assert loss.item() == pytest.approx((math.log(4 / 3) + math.log(2)) / 2, abs=1e-6)


def test_metrics_are_accuracy_and_macro_averages() -> None:
    outputs = np.array([[0, 1], [0, 1], [1, 0]], dtype=np.float32)
    labels = np.array([1, 0, 0], dtype=np.float32)
    # Class 0: precision 1/1, recall 1/2. Class 1: precision 1/2, recall 1/1. Both F1 are 2/3.
    assert CfimdbTask().metrics(outputs, labels) == pytest.approx(
        {"accuracy": 2 / 3, "macro_precision": 0.75, "macro_recall": 0.75, "macro_f1": 2 / 3}
    )


@for_each("text", ["2", "-1", "0.5", ""])
def test_refuses_what_is_no_class(text: str) -> None:
    with pytest.raises(ValueError, match=r"^label '.*' is not 0 or 1$"):
        CfimdbTask().parse_label(text)
