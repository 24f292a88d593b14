"""Contrasts of configurations task by task: estimates and noise by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from report_studies import digest, write
from scipy import stats

from results.analysis.contrasts import common_seeds, contrast, values, weights_of
from results.analysis.task_contrasts import compare_tasks, unmeasured
from results.database.database import Database
from results.measurements.study_results import StudyResults
from results.statistics import moderated, paired_difference

A = {"sst": [0.50, 0.52, 0.54], "quora": [0.7, 0.7, 0.7], "sts": [0.30, 0.32, 0.31]}
B = {"sst": [0.40, 0.43, 0.45], "quora": [0.6, 0.61, 0.59], "sts": [0.35, 0.36, 0.34]}
C = {"sst": [0.45, 0.45, 0.47], "quora": [0.65, 0.66, 0.64], "sts": [0.30, 0.33, 0.31]}


@pytest.fixture
def database(light: Any) -> Database:
    found: Database = light.database
    return found


@pytest.fixture
def results(database: Database) -> StudyResults:
    write(database, "x", {"A": A, "B": B, "C": C})
    return StudyResults(database, "s")


def over(more: list[str], less: list[str]) -> dict[str, float]:
    return weights_of([digest(label) for label in more], [digest(label) for label in less])


def test_weights_are_means_of_both_sides() -> None:
    assert weights_of(["a", "b"], ["c"]) == {"a": 0.5, "b": 0.5, "c": -1.0}
    assert weights_of(["a", "a", "b"], ["c", "c", "d"]) == pytest.approx(
        {"a": 2 / 3, "b": 1 / 3, "c": -2 / 3, "d": -1 / 3}
    )


def test_what_stands_on_both_sides_cancels() -> None:
    assert weights_of(["a", "b"], ["a", "c"]) == {"b": 0.5, "c": -0.5}
    assert weights_of(["a", "a"], ["a"]) == {}


def test_one_task_of_two_rows_is_the_paired_difference(results: StudyResults) -> None:
    found = contrast(results, {"sst": over(["A"], ["B"])})
    assert found is not None and found.over == "seeds" and found.seeds == (1000, 1001, 1002)
    theirs = stats.ttest_rel(A["sst"], B["sst"])
    assert found.difference.estimate == pytest.approx(np.mean(A["sst"]) - np.mean(B["sst"]))
    assert found.difference.p_value() == pytest.approx(theirs.pvalue)


def test_several_rows_are_averaged_seed_by_seed(results: StudyResults) -> None:
    found = contrast(results, {"sst": over(["A"], ["B", "C"])})
    apart = np.array(A["sst"]) - (np.array(B["sst"]) + np.array(C["sst"])) / 2
    assert found is not None
    assert found.difference.noise.seeds == pytest.approx(apart.var(ddof=1) / 3)
    assert found.difference.estimate == pytest.approx(apart.mean())


def test_the_average_is_the_plain_mean_of_tasks(results: StudyResults) -> None:
    found = contrast(results, dict.fromkeys(("sst", "quora", "sts"), over(["A"], ["B"])))
    apart = np.mean([np.array(A[task]) - np.array(B[task]) for task in A], axis=0)
    assert found is not None
    assert found.difference.estimate == pytest.approx(apart.mean())
    assert found.difference.noise.seeds == pytest.approx(apart.var(ddof=1) / 3)
    assert found.difference.noise.seed_df == 2


def test_examples_are_averaged_over_rows_before_their_noise_is_told(database: Database) -> None:
    rng = np.random.default_rng(0)
    right = {label: rng.random((3, 80)) < 0.5 for label in "ABC"}
    rows = {label: {"sst": table.mean(axis=1).tolist()} for label, table in right.items()}
    write(database, "x", rows, right=right)
    found = contrast(StudyResults(database, "s"), {"sst": over(["A", "B"], ["C"])})
    expected = paired_difference((right["A"] / 2 + right["B"] / 2), right["C"].astype(float))
    assert found is not None and found.over == "seeds and examples"
    assert found.difference.estimate == pytest.approx(expected.estimate)
    assert found.difference.noise.examples == pytest.approx(expected.noise.examples)


def test_where_one_row_kept_no_predictions_seeds_alone_are_compared(database: Database) -> None:
    right = {"A": np.random.default_rng(0).random((3, 80)) < 0.5}
    write(database, "x", {"A": {"sst": right["A"].mean(axis=1).tolist()}, "B": {"sst": B["sst"]}}, right=right)
    found = contrast(StudyResults(database, "s"), {"sst": over(["A"], ["B"])})
    assert found is not None and found.over == "seeds" and found.difference.noise.examples == 0


def test_only_common_seeds_count_and_one_is_too_few(database: Database) -> None:
    write(database, "x", {"A": A, "B": {"sst": [0.4, 0.5]}, "C": {"sst": [0.4]}})
    results = StudyResults(database, "s")
    assert common_seeds(results, [digest("A"), digest("B")]) == (1000, 1001)
    assert contrast(results, {"sst": over(["A"], ["C"])}) is None
    assert common_seeds(results, []) == ()


def test_what_was_not_measured_is_named(results: StudyResults) -> None:
    assert unmeasured(results, [digest("A")], ("sst", "sick", "sts")) == ["sick"]


def test_a_score_that_is_no_number_is_not_compared(database: Database) -> None:
    write(database, "x", {"A": {"sts": [0.1, None]}, "B": {"sts": [0.1, 0.2]}})
    results = StudyResults(database, "s")
    assert unmeasured(results, [digest("A")], ["sts"]) == []
    assert contrast(results, {"sts": over(["A"], ["B"])}) is None
    assert np.isnan(values(results, digest("A"), (1000, 1001), "sts")).tolist() == [False, True]


def test_the_noise_is_moderated_over_the_study_s_other_configurations(results: StudyResults) -> None:
    plain = contrast(results, {"sst": over(["A"], ["B", "C"])})
    found = compare_tasks(results, ["sst"], over(["A"], ["B", "C"]))
    others = [contrast(results, {"sst": over([label], ["A"])}) for label in "BC"]  # without a baseline: the first one
    assert plain is not None and found is not None and None not in others
    scale = np.sqrt((1 + 0.25 + 0.25) / 2)  # of the noise of A minus the mean of two, beside that of A minus B
    expected = moderated([plain.row.times(1 / scale)], [one.row for one in others if one])[0].times(scale)
    assert found.difference.noise == expected.noise != plain.difference.noise
    assert found.difference.estimate == plain.difference.estimate


def test_means_of_many_rows_are_moderated_like_single_rows(database: Database) -> None:
    """Six rows over six others: a sixth of the noise, which is still pooled with that of single rows."""
    rng = np.random.default_rng(1)
    labels = "ABCDEFGHIJKLM"
    right = {label: rng.random((3, 200)) < 0.6 for label in labels}
    rows = {label: {"sst": table.mean(axis=1).tolist()} for label, table in right.items()}
    write(database, "x", rows, right=right)
    weights = {digest(label): sign / 6 for side, sign in (("BCDEFG", 1), ("HIJKLM", -1)) for label in side}
    found = compare_tasks(StudyResults(database, "s"), ["sst"], weights)
    assert found is not None and found.row.residual is not None
    single = contrast(StudyResults(database, "s"), {"sst": over(["B"], ["A"])})
    assert single is not None and single.row.residual is not None and found.row.residual < single.row.residual / 4
    assert found.difference.noise.seed_df > found.row.df == 2
    assert found.difference.noise.examples == pytest.approx(found.row.examples)


def test_a_row_against_the_baseline_tells_nothing_twice(database: Database) -> None:
    """Of three configurations, two differ from the baseline: too few to be pooled with each other."""
    rng = np.random.default_rng(2)
    right = {label: rng.random((3, 200)) < 0.6 for label in "ABC"}
    rows = {label: {"sst": table.mean(axis=1).tolist()} for label, table in right.items()}
    write(database, "x", rows, right=right)
    results = StudyResults(database, "s")
    found = compare_tasks(results, ["sst"], over(["B"], ["A"]))
    assert found is not None and found.difference.noise == found.row.difference.noise


def test_a_tie_of_all_seeds_is_not_taken_for_certainty(database: Database) -> None:
    """Two accuracies that are the same with every seed, on different right answers: the residual is left."""
    rng = np.random.default_rng(0)
    right = {label: np.stack([rng.permutation(80) < n for _ in range(3)]) for label, n in (("A", 40), ("B", 20))}
    rows = {label: {"sst": table.mean(axis=1).tolist()} for label, table in right.items()}
    write(database, "x", rows, right=right)
    found = compare_tasks(StudyResults(database, "s"), ["sst"], over(["A"], ["B"]))
    assert found is not None and found.row.variance == pytest.approx(0)
    assert found.difference.noise.seeds == pytest.approx((found.row.residual or 0) / 3) and found.row.residual
