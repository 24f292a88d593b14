"""Precision, recall and F1 of classes, from predictions of several seeds. Works on arrays only.

The numbers equal those of `mtbert.metrics` and scikit-learn (`zero_division=0`): 0 / 0 counts as 0, and a macro average
is over the classes that occur as label or as prediction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from results.statistics.arrays import Float64

Score = Literal["precision", "recall", "f1"]
SCORES: tuple[Score, ...] = ("precision", "recall", "f1")


def class_score_values(predictions: ArrayLike, labels: ArrayLike, score: Score, classes: Sequence[int]) -> Float64:
    """Return a score's linearized value per example (seeds, examples); the mean over examples is each seed's score.

    `predictions` (seeds, examples), `labels` (examples,). A single class in `classes` gives its score, all classes the
    macro average. Scores are in 0..1; single values may be outside.

    All three are ratios H / D of sums over the n examples. h_j is 1 if example j is correctly predicted as the class;
    d_j is 1 if it is predicted as the class (precision), if it is of the class (recall), or the mean of both (F1). Then

        v_j = H / D + n (h_j - d_j H / D) / D

    has the mean H / D, and the variance of its mean is that of the ratio to first order (Cochran 1977, "Sampling
    Techniques", chapter 6). Hence `paired_difference` of two such tables is the difference of the scores.
    """
    classified, truth = np.asarray(predictions), np.asarray(labels)
    shape = classified.shape
    total, occurring = np.zeros(shape), np.zeros((len(classified), 1))
    for one in classes:
        predicted, labelled = (np.broadcast_to(each == one, shape).astype(np.float64) for each in (classified, truth))
        right = predicted * labelled
        over = {"precision": predicted, "recall": labelled, "f1": (predicted + labelled) / 2}[score]
        size = np.maximum(over.sum(axis=1, keepdims=True), 0.5)  # where this is 0, there are no hits either
        ratio = right.sum(axis=1, keepdims=True) / size
        total += ratio + shape[1] * (right - ratio * over) / size
        occurring += (predicted + labelled).any(axis=1, keepdims=True)
    values: Float64 = total / np.maximum(occurring, 1)
    return values


def score_values(predictions: ArrayLike, labels: ArrayLike, classes: int) -> dict[str, Float64]:
    """Return values per example of accuracy, the macro averages and, with two classes, the scores of class 1.

    The keys are the names under which runs store them: accuracy, precision, recall, f1, macro_precision, macro_recall,
    macro_f1.
    """
    values: dict[str, Float64] = {"accuracy": (np.asarray(predictions) == np.asarray(labels)).astype(np.float64)}
    averages = {"": range(1, 2), "macro_": range(classes)} if classes == 2 else {"macro_": range(classes)}
    for prefix, averaged in averages.items():
        values |= {f"{prefix}{score}": class_score_values(predictions, labels, score, averaged) for score in SCORES}
    return values
