"""STS-B: how similar are two sentences, from 0 to 5?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from mtbert.metrics import mean_squared_error, pearson, spearman
from mtbert.tasks.abstract import AbstractTask


class StsTask(AbstractTask):
    """Semantic textual similarity, 0 (unrelated) to 5 (same); Cer et al. 2017. Main metric: Pearson's r."""

    name = "sts"
    title = "Similarity (STS-B)"
    pair = True
    outputs = 1
    label_kind = "score"
    classes = 0
    low = 0.0
    high = 5.0
    file_stem = "sts"
    text_columns = ("sentence1", "sentence2")
    label_column = "similarity"
    main_metric = "pearson"

    def loss(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Mean squared error in label units squared; outputs (batch, 1), labels (batch,) in 0..5."""
        return functional.mse_loss(outputs.squeeze(-1).float(), labels.float())

    def predictions(self, outputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """The score as it is: clipping to 0..5 would change Pearson's r, so only files are clipped."""
        return outputs[:, 0].astype(np.float32)

    def metrics(self, outputs: NDArray[np.float32], labels: NDArray[np.float32]) -> dict[str, float]:
        """Keys: pearson, spearman (-1..1), mse (label units squared)."""
        predicted = self.predictions(outputs)
        return {
            "pearson": pearson(predicted, labels),
            "spearman": spearman(predicted, labels),
            "mse": mean_squared_error(predicted, labels),
        }
