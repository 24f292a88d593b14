"""Calibration by hand, and what chance shows by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from results.error_analysis.calibration import class_probabilities, reliability


def test_the_expected_calibration_error_by_hand() -> None:
    # Two bins: 0.3 and 0.5 in the first, one of two right; 0.9 and 1.0 in the second, both right.
    found = reliability([0.3, 0.5, 0.9, 1.0], [True, False, True, True], bins=2)
    assert found.counts.tolist() == [2, 2]
    assert found.confidence == pytest.approx([0.4, 0.95])
    assert found.accuracy == pytest.approx([0.5, 1.0])
    assert found.error == pytest.approx(0.5 * 0.1 + 0.5 * 0.05)
    assert (found.mean_confidence, found.mean_accuracy) == (pytest.approx(0.675), pytest.approx(0.75))


def test_a_bin_without_predictions_counts_for_nothing() -> None:
    found = reliability([0.95, 0.95], [True, False], bins=15)
    assert np.isnan(found.accuracy[0]) and found.counts.sum() == 2
    assert found.error == pytest.approx(0.45)
    assert found.mean_accuracy == 0.5


def test_a_bin_holds_its_upper_edge() -> None:
    assert reliability([0.0, 0.5, 1.0], [True] * 3, bins=2).counts.tolist() == [2, 1]


def test_what_chance_shows_is_what_a_calibrated_model_shows() -> None:
    rng = np.random.default_rng(0)
    sure = rng.beta(4, 2, 800)
    shown = [reliability(sure, rng.random(800) < sure).error for _ in range(400)]
    expected = reliability(sure, np.ones(800, dtype=bool)).error_of_calibrated
    assert expected == pytest.approx(np.mean(shown), rel=0.05)


def test_confidence_is_a_probability() -> None:
    with pytest.raises(ValueError, match=r"confidence must be in 0\.\.1"):
        reliability([1.2], [True])


def test_several_outputs_are_logits_of_a_softmax() -> None:
    found = class_probabilities(np.log([[1.0, 2.0, 5.0], [3.0, 1.0, 1.0]]), [2, 0])
    assert found == pytest.approx(np.array([[0.125, 0.25, 0.625], [0.6, 0.2, 0.2]]))


def test_one_output_is_the_logit_of_class_one() -> None:
    found = class_probabilities(np.log([[3.0], [0.25]]), [1, 0])
    assert found == pytest.approx(np.array([[0.25, 0.75], [0.8, 0.2]]))


def test_outputs_that_do_not_say_what_was_predicted_are_no_logits() -> None:
    assert class_probabilities([[1.0, 2.0]], [0]) is None
    assert class_probabilities([[2.0], [0.0]], [2, 0]) is None


def test_large_logits_do_not_overflow() -> None:
    found = class_probabilities([[1000.0, 0.0]], [0])
    assert found is not None and found[0].tolist() == [1.0, 0.0]
