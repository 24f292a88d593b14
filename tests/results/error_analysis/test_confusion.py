"""Confusion matrices, distances and bins: by hand, and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from results.error_analysis.confusion import confusion, score_bins

LABELS = np.array([0, 1, 2, 2])
PREDICTED = np.array([[0, 2, 2, 1], [0, 1, 2, 0]])  # two seeds


def test_counts_of_all_seeds_by_hand() -> None:
    found = confusion(PREDICTED, LABELS, 3)
    assert found.counts.tolist() == [[2, 0, 0], [0, 1, 1], [1, 1, 2]]
    assert found.shares.tolist() == [[1, 0, 0], [0, 0.5, 0.5], [0.25, 0.25, 0.5]]


def test_the_counts_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    labels, predicted = rng.integers(0, 5, 300), rng.integers(0, 5, (4, 300))
    expected = confusion_matrix(np.tile(labels, 4), predicted.ravel(), labels=range(5))
    assert np.array_equal(confusion(predicted, labels, 5).counts, expected)
    shares = confusion_matrix(np.tile(labels, 4), predicted.ravel(), labels=range(5), normalize="true")
    assert confusion(predicted, labels, 5).shares == pytest.approx(shares)


def test_a_class_without_examples_has_zeros() -> None:
    assert confusion(np.array([[0, 0]]), np.array([0, 0]), 3).shares[2].tolist() == [0, 0, 0]


def test_a_class_beyond_the_last_is_refused() -> None:
    with pytest.raises(ValueError, match=r"classes must be 0\.\.1, got 0\.\.2"):
        confusion(np.array([[0, 2]]), np.array([0, 1]), 2)


def test_scores_fall_into_bins_by_their_lower_edges() -> None:
    labels = np.array([0.0, 0.5, 1.9, 2.0])
    found = score_bins(np.array([[-0.3, 0.49, 1.0, 2.6]]), labels, width=0.5)
    assert found.edges.tolist() == [0, 0.5, 1, 1.5, 2]
    assert found.outside == 2
    # True bins 0, 1, 3, 3 (the last holds its upper edge); predicted 0, 0, 2, 3.
    assert [tuple(pair) for pair in np.argwhere(found.confusion.counts)] == [(0, 0), (1, 0), (3, 2), (3, 3)]
