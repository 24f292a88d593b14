"""The selection bias of the best, and that differences from it are corrected."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from results.analysis.comparisons import compare_all
from results.analysis.contrasts import Comparison, compare
from results.analysis.summary import summarise
from results.analysis.winners_curse import WinnersCurse, choice_note, winners_curse
from results.database.database import Database
from results.measurements.study_results import StudyResults, confirmed
from results.statistics import Float64, PairedRow, judge, moderated, paired_row, row_of_scores
from results.statistics.selection_bias import bias_of_best
from tests.results.conftest import StudyMaker

BEST_OF_5 = 1.16296  # the expected maximum of five standard normal values


@pytest.fixture
def results(finished: Database) -> StudyResults:
    return StudyResults(finished, "demo-study")


@pytest.fixture
def best(results: StudyResults) -> str:
    return str(results.study.decisions_json["best"])


def compared(row: PairedRow) -> Comparison:
    return Comparison(row.difference, (0, 1, 2), "seeds", row)


def test_candidates_are_the_confirmed_configurations_that_are_close(results: StudyResults, best: str) -> None:
    others = [one for digest in confirmed(results) if digest != best and (one := compare(results, digest, best))]
    noise = moderated([one.row for one in others])
    near = [each for each in noise if abs(each.estimate) <= 4 * each.noise.error]
    found = winners_curse(results, best)
    assert 0 < len(near) < len(others)  # the baseline is far below
    assert found.candidates == len(near) + 1
    assert found.variance == pytest.approx(np.mean([each.noise.error**2 for each in near]))
    assert found.bias == bias_of_best([0.0, *(each.estimate for each in near)], found.variance) > 0


def test_the_note_has_the_bias(results: StudyResults, best: str) -> None:
    curse, note = winners_curse(results, best), choice_note(results, best)
    assert f"among {curse.candidates} configurations" in note
    assert f"about {100 * curse.bias:.1f} points better than it is" in note


def test_only_a_best_that_was_selected_is_biased(results: StudyResults, light: StudyMaker) -> None:
    assert winners_curse(results, results.study.decisions_json["baseline"]) == WinnersCurse()
    assert winners_curse(results, None) == WinnersCurse() and choice_note(results, None) == ""
    light.study()
    assert winners_curse(StudyResults(light.database, light.name), "none") == WinnersCurse()


def test_rows_of_a_grid_are_compared_with_a_baseline_that_nobody_selected(results: StudyResults, best: str) -> None:
    rows = [digest for digest in confirmed(results) if digest != best]
    results.study = replace(results.study, space_json={**results.study.space_json, "design": "grid"})
    for row, digest in zip(compare_all(results, rows, best), rows, strict=True):
        plain = compare(results, digest, best)
        assert row.comparison and plain and row.comparison.difference.estimate == plain.difference.estimate


def test_differences_are_corrected_and_verdicts_are_those_of_the_corrected(results: StudyResults, best: str) -> None:
    summary = summarise(results)
    rows = [row.cell.config_digest for row in summary.ablation]
    found = compare_all(results, rows, best)
    for row, digest in zip(found, rows, strict=True):
        plain = compare(results, digest, best)
        assert (row.comparison is None) == (plain is None)
        if row.comparison and plain and not plain.same:
            assert (
                0 < row.comparison.difference.estimate - plain.difference.estimate <= winners_curse(results, best).bias
            )
    assert [row.judgement for row in found if row.comparison] == judge(
        [[row.comparison.difference] for row in found if row.comparison]
    )
    baseline = compare(results, best, str(results.study.decisions_json["baseline"]))
    assert summary.gain and baseline and summary.gain.difference.estimate < baseline.difference.estimate


def test_it_is_as_much_as_the_best_of_equal_ones_is_too_high() -> None:
    """Five equal configurations with 40 runs each, so that their noise is known well."""
    rng, foretold = np.random.default_rng(3), []
    for _ in range(100):
        runs = rng.normal(0.6, 0.01, (5, 40))
        order = np.argsort(runs.mean(axis=1))
        others = moderated([row_of_scores(runs[one] - runs[order[-1]]) for one in order[:-1]])
        variance = float(np.mean([one.noise.error**2 for one in others]))
        curse = WinnersCurse(5, bias_of_best([0.0, *(one.estimate for one in others)], variance), variance)
        row = compared(row_of_scores(rng.normal(0.6, 0.01, 40) - runs[order[-1]]))
        foretold.append(curse.correct(row).difference.estimate - row.difference.estimate)
    # The scores of equal configurations seem to differ a little, so a little less is corrected.
    assert 0.8 < np.mean(foretold) / (BEST_OF_5 * 0.01 / 40**0.5) < 1


def test_further_seeds_and_shared_noise_dilute_it() -> None:
    """A third of the variance is left after 9 seeds in place of 3; a row identical to the best shares its bias."""
    rng = np.random.default_rng(4)
    row = row_of_scores(rng.normal(0, 0.01, 9))
    then = row.with_noise(1e-4 * 9 / 3, 2)
    curse = WinnersCurse(5, 0.01, then.noise.error**2)
    now = replace(compared(row), difference=row.with_noise(1e-4, 8))
    assert curse.correct(now).difference.estimate - now.difference.estimate == pytest.approx(0.01 / 3)
    same = compared(row_of_scores(np.zeros(3)))
    assert curse.correct(same) == same and curse.correct(same).same
    noisier = replace(compared(row), difference=row.with_noise(1e-2, 8))
    assert curse.correct(noisier).difference.estimate - noisier.difference.estimate == pytest.approx(0.01)


def test_nothing_is_corrected_where_nothing_was_selected() -> None:
    row = compared(row_of_scores([0.1, 0.2, 0.4]))
    assert WinnersCurse().correct(row) is row


def test_a_row_bears_the_whole_bias_unless_it_is_calmer_than_the_candidates() -> None:
    """The reference's noise is in all rows. Candidates of which some runs collapsed say little of a calm row."""
    rng = np.random.default_rng(5)

    def configuration() -> Float64:
        return rng.normal(0.6, 0.4, (5, 200))

    reference = configuration()
    others = tuple(paired_row([configuration() - reference]) for _ in range(4))
    row = compared(paired_row([configuration() - reference]))
    own = row.difference.noise.error**2

    def corrected(variance: float, seeds: int = 5) -> float:
        fewer = tuple(replace(other, by_seed=other.by_seed[:seeds]) for other in others)
        return WinnersCurse(5, 0.01, variance, fewer).correct(row).difference.estimate - row.difference.estimate

    assert corrected(own) == corrected(4 * own) == pytest.approx(0.01, rel=0.15)
    assert corrected(400 * own) == pytest.approx(corrected(own) / 100)
    # Selected by three of the five seeds: the variance over seeds was 5/3 times as large.
    noise = row.difference.noise
    assert corrected(own, seeds=3) / corrected(own) == pytest.approx(own / (noise.seeds * 5 / 3 + noise.examples))
