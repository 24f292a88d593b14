"""Tasks: their files and columns, label, loss, predictions and metrics."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from mtbert.metrics import (
    accuracy,
    macro_f1,
    macro_precision,
    macro_recall,
    mean_squared_error,
    pearson,
    spearman,
)

LabelKind = Literal["class", "binary", "score"]


@dataclass(frozen=True)
class Tables:
    """Files of a task that are tables: tab-separated, with the column names in the first line, one example per line.

    Names are relative to the data folder. `unlabelled`, a test set without labels, is optional. `id_column` is the
    column that identifies examples.
    """

    train: str
    dev: str
    unlabelled: str | None = None
    id_column: str = "id"

    def required(self) -> tuple[str, ...]:
        """Return the files the folder must have."""
        return self.train, self.dev


@dataclass(frozen=True)
class Lines:
    """Plain text files of a task, one sentence per line: name, relative to the data folder -> label of its lines.

    There is no dev file: a tenth of the lines, by hash, is the dev split.
    """

    labels: Mapping[str, str]

    def required(self) -> tuple[str, ...]:
        """Return the files the folder must have."""
        return tuple(self.labels)


def course_tables(stem: str) -> Tables:
    """Return the course's three files, which are tab-separated despite their names."""
    return Tables(f"{stem}-train.csv", f"{stem}-dev.csv", f"{stem}-test-student.csv")


class AbstractTask(ABC):
    """A task: texts, label, loss and metrics. A concrete task sets the class variables and the three methods.

    `outputs` is the number of values that a head computes per example. `classes` is the number of classes (0 for
    scores); `low` and `high` bound a score (0 and classes - 1 for classes). `files` are the files of its examples in a
    data folder. `main_metric` is the metric that counts in the score.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    pair: ClassVar[bool]
    outputs: ClassVar[int]
    label_kind: ClassVar[LabelKind]
    classes: ClassVar[int]
    low: ClassVar[float]
    high: ClassVar[float]
    files: ClassVar[Tables | Lines]
    text_columns: ClassVar[tuple[str, ...]]
    label_column: ClassVar[str]
    main_metric: ClassVar[str]

    def parse_label(self, text: str) -> float:
        """Return the label that a field states ("3" and "3.0" are class 3).

        Raises:
            ValueError: it is no label of the task; the message says what is allowed.
        """
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
        """Return the mean loss over the batch, a scalar; outputs (batch, outputs), labels float (batch,)."""

    @abstractmethod
    def predictions(self, outputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the predictions from outputs (n, outputs), comparable to labels: float32 (n,)."""

    @abstractmethod
    def metrics(self, outputs: NDArray[np.float32], labels: NDArray[np.float32]) -> dict[str, float]:
        """Return every metric of the task by name; outputs (n, outputs), labels (n,)."""

    def _allowed(self) -> str:
        if self.label_kind == "score":
            return f"a number from {self.low:g} to {self.high:g}"
        return "0 or 1" if self.classes == 2 else f"one of 0..{self.classes - 1}"


class AbstractClassTask(AbstractTask):
    """A task with one output per class, exactly one of which is right. Main metric: accuracy.

    `words`: the names of the classes in the files, class 0 first, if they are not numbered.
    """

    label_kind = "class"
    low = 0.0
    main_metric = "accuracy"
    words: ClassVar[tuple[str, ...]] = ()

    def parse_label(self, text: str) -> float:
        """Return the class that a word or a number states.

        Raises:
            ValueError: it is neither; the message says what is allowed.
        """
        word = text.strip()
        return float(self.words.index(word)) if word in self.words else super().parse_label(text)

    def loss(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Return the cross entropy in nats; outputs (batch, classes), labels (batch,) float class numbers."""
        return functional.cross_entropy(outputs.float(), labels.long())

    def predictions(self, outputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the class with the largest output; the lowest one when several are equal."""
        return np.asarray(outputs.argmax(axis=1), dtype=np.float32)

    def metrics(self, outputs: NDArray[np.float32], labels: NDArray[np.float32]) -> dict[str, float]:
        """Return accuracy, macro_precision, macro_recall and macro_f1, all 0..1."""
        predicted = self.predictions(outputs)
        return {
            "accuracy": accuracy(predicted, labels),
            "macro_precision": macro_precision(predicted, labels),
            "macro_recall": macro_recall(predicted, labels),
            "macro_f1": macro_f1(predicted, labels),
        }

    def _allowed(self) -> str:
        return ", ".join((*self.words, super()._allowed()))


class AbstractScoreTask(AbstractTask):
    """A task whose label is a number from `low` to `high`. Main metric: Pearson's r."""

    outputs = 1
    label_kind = "score"
    classes = 0
    main_metric = "pearson"

    def loss(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Return the mean squared error in label units squared; outputs (batch, 1), labels (batch,) in low..high."""
        return functional.mse_loss(outputs.squeeze(-1).float(), labels.float())

    def predictions(self, outputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the scores unchanged: clipping to low..high would change Pearson's r, so only files are clipped."""
        return outputs[:, 0].astype(np.float32)

    def metrics(self, outputs: NDArray[np.float32], labels: NDArray[np.float32]) -> dict[str, float]:
        """Return pearson and spearman (-1..1) and mse (label units squared)."""
        predicted = self.predictions(outputs)
        return {
            "pearson": pearson(predicted, labels),
            "spearman": spearman(predicted, labels),
            "mse": mean_squared_error(predicted, labels),
        }
