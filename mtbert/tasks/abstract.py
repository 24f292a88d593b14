"""What a task is: its files and columns, its label, its loss, its predictions and its metrics."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

LabelKind = Literal["class", "binary", "score"]


class AbstractTask(ABC):
    """A task is (texts, label, loss, metric); a concrete one fills in the table and the three methods.

    `outputs` is the number of values a head gives per example. `classes` is the number of classes (0 for
    scores); `low` and `high` bound a score (0 and classes - 1 for classes). `main_metric` names the metric
    in the score.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    pair: ClassVar[bool]
    outputs: ClassVar[int]
    label_kind: ClassVar[LabelKind]
    classes: ClassVar[int]
    low: ClassVar[float]
    high: ClassVar[float]
    file_stem: ClassVar[str]
    text_columns: ClassVar[tuple[str, ...]]
    label_column: ClassVar[str]
    main_metric: ClassVar[str]

    def parse_label(self, text: str) -> float:
        """The label a field means ("3" and "3.0" are class 3); ValueError with what is allowed."""
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        whole = self.label_kind == "score" or value == math.floor(value) if math.isfinite(value) else False
        if not (whole and self.low <= value <= self.high):
            raise ValueError(f"label '{text.strip()}' is not {self._allowed()}")
        return value + 0.0  # "-0" is 0

    @abstractmethod
    def loss(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Mean loss over the batch, a scalar; outputs (batch, outputs), labels float (batch,)."""

    @abstractmethod
    def predictions(self, outputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the outputs (n, outputs) say, comparable to labels: float32 (n,)."""

    @abstractmethod
    def metrics(self, outputs: NDArray[np.float32], labels: NDArray[np.float32]) -> dict[str, float]:
        """Every metric of the task by name; outputs (n, outputs), labels (n,)."""

    def _allowed(self) -> str:
        if self.label_kind == "score":
            return f"a number from {self.low:g} to {self.high:g}"
        return "0 or 1" if self.classes == 2 else f"one of 0..{self.classes - 1}"
