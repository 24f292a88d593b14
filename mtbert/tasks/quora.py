"""Quora: do two questions ask the same?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from mtbert.metrics import accuracy, binary_f1, precision, recall
from mtbert.tasks.abstract import AbstractTask, course_tables


class QuoraTask(AbstractTask):
    """Paraphrase of question pairs, 1 = duplicate (Quora Question Pairs, 2017). Main metric: accuracy."""

    name = "quora"
    title = "Paraphrase (Quora)"
    pair = True
    outputs = 1
    label_kind = "binary"
    classes = 2
    low = 0.0
    high = 1.0
    files = course_tables("quora")
    text_columns = ("sentence1", "sentence2")
    label_column = "is_duplicate"
    main_metric = "accuracy"

    def loss(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Return the binary cross entropy of the logit; outputs (batch, 1), labels (batch,) of 0 and 1."""
        return functional.binary_cross_entropy_with_logits(outputs.squeeze(-1).float(), labels.float())

    def predictions(self, outputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return 1 where the logit is above 0 (probability above one half), else 0."""
        return (outputs[:, 0] > 0).astype(np.float32)

    def metrics(self, outputs: NDArray[np.float32], labels: NDArray[np.float32]) -> dict[str, float]:
        """Return accuracy, precision, recall and f1 (of the duplicates), all 0..1."""
        predicted = self.predictions(outputs)
        return {
            "accuracy": accuracy(predicted, labels),
            "precision": precision(predicted, labels),
            "recall": recall(predicted, labels),
            "f1": binary_f1(predicted, labels),
        }
