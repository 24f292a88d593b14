"""SST-5: the sentiment of one sentence, in five classes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from mtbert.metrics import accuracy, macro_f1
from mtbert.tasks.abstract import AbstractTask


class SstTask(AbstractTask):
    """Sentiment from 0 (very negative) to 4 (very positive); Socher et al. 2013. Main metric: accuracy."""

    name = "sst"
    title = "Sentiment (SST-5)"
    pair = False
    outputs = 5
    label_kind = "class"
    classes = 5
    low = 0.0
    high = 4.0
    file_stem = "ids-sst"
    text_columns = ("sentence",)
    label_column = "sentiment"
    main_metric = "accuracy"

    def loss(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Cross entropy, natural logarithm; outputs (batch, 5), labels (batch,) float class numbers."""
        return functional.cross_entropy(outputs.float(), labels.long())

    def predictions(self, outputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """The class with the largest output; the lowest one when several are equal."""
        return np.asarray(outputs.argmax(axis=1), dtype=np.float32)

    def metrics(self, outputs: NDArray[np.float32], labels: NDArray[np.float32]) -> dict[str, float]:
        """Keys: accuracy, macro_f1, both 0..1."""
        predicted = self.predictions(outputs)
        return {"accuracy": accuracy(predicted, labels), "macro_f1": macro_f1(predicted, labels)}
