"""The selection bias of the best, and that verdicts are corrected for it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from results.analysis.comparisons import compare_all
from results.analysis.contrasts import Comparison, compare
from results.analysis.summary import summarise
from results.analysis.winners_curse import WinnersCurse, choice_note, confirmed_means
from results.database.database import Database
from results.measurements.study_results import StudyResults
from results.statistics import Difference, judge, moderated_differences, paired_difference
from results.statistics.selection_bias import bias_of_best
from tests.results.conftest import StudyMaker


def shown(results: StudyResults) -> list[tuple[Comparison, Difference]]:
    return [(row.comparison, row.judged) for row in summarise(results).ablation if row.comparison and row.judged]


def unpaired(*differences: Difference) -> list[Comparison]:
    return [Comparison(difference, (0, 1, 2), "seeds") for difference in differences]


def test_the_note_has_the_bias_of_the_best_of_the_confirmed_configurations(finished: Database) -> None:
    results = StudyResults(finished, "demo-study")
    best = results.study.decisions_json["best"]
    means = confirmed_means(results, best)
    assert sorted(means, reverse=True) == [entry.mean for entry in summarise(results).leaderboard]
    rows = [row.cell.config_digest for row in summarise(results).ablation]
    first = next(row.comparison for row in compare_all(results, rows, best) if row.comparison)
    bias = bias_of_best(means, first.difference)
    note = choice_note(results, best, shown(results))
    assert "among 3 confirmed configurations by the same runs" in note
    assert f"{100 * bias:.1f} points on average" in note


def test_only_a_best_that_was_chosen_is_biased(finished: Database, light: StudyMaker) -> None:
    results = StudyResults(finished, "demo-study")
    decided = results.study.decisions_json
    assert confirmed_means(results, decided["baseline"]) == ()
    assert choice_note(results, None, shown(results)) == ""
    results.study = replace(results.study, space_json={**results.study.space_json, "design": "grid"})
    assert confirmed_means(results, decided["best"]) == ()
    light.study()
    assert confirmed_means(StudyResults(light.database, light.name), "none") == ()


def test_means_are_of_the_seeds_that_the_choice_was_made_by(finished: Database) -> None:
    results = StudyResults(finished, "demo-study")
    best = results.study.decisions_json["best"]
    seed, run = next(iter(results.results_of(best).items()))
    assert run.score in confirmed_means(results, best, {seed})


def test_verdicts_are_corrected_and_points_are_not(finished: Database) -> None:
    results = StudyResults(finished, "demo-study")
    best = results.study.decisions_json["best"]
    rows = [row.cell.config_digest for row in summarise(results).ablation]
    found = compare_all(results, rows, best)
    differences = [row.comparison.difference for row in found if row.comparison]
    bias = bias_of_best(confirmed_means(results, best), differences[0])
    assert bias > 0
    raised = [replace(difference, estimate=difference.estimate + bias) for difference in differences]
    assert [row.judgement for row in found if row.comparison] == judge([[difference] for difference in raised])
    assert [row.judged for row in found if row.comparison] == raised
    plain = [compare(results, digest, best) for digest in rows]
    assert [d.estimate for d in differences] == [one.difference.estimate for one in plain if one]


BEST_OF_5 = 1.16296  # the expected maximum of five standard normal values


def test_it_is_as_much_as_the_best_of_equal_ones_is_too_high() -> None:
    rng, foretold = np.random.default_rng(3), []
    for _ in range(100):
        runs = rng.normal(0.6, 0.01, (5, 40))  # equal configurations; 40 runs each, so that their noise is known well
        means = runs.mean(axis=1)
        difference = paired_difference(rng.normal(0.6, 0.01, 40), runs[means.argmax()])
        (without,) = WinnersCurse(tuple(means)).correct_all(unpaired(difference))
        foretold.append(without.estimate - difference.estimate)
    assert np.mean(foretold) == pytest.approx(BEST_OF_5 * 0.01 / 40**0.5, rel=0.1)


def test_further_seeds_dilute_it() -> None:
    """The best of 5 by 3 runs, then 9 of it: a third of the bias is left, and that is corrected."""
    rng, foretold = np.random.default_rng(4), []
    for _ in range(100):
        runs = rng.normal(0, 0.01, (5, 9))
        first = runs[:, :3].mean(axis=1)
        best = runs[first.argmax()]
        others = list(rng.normal(0, 0.01, (8, 9, 1)))
        curse = WinnersCurse(tuple(first))
        at_first = moderated_differences([other[:3] for other in others], best[:3, None])
        curse.correct_all(unpaired(*at_first))
        now = moderated_differences(others, best[:, None])
        foretold.append(curse.correct_all(unpaired(*now))[0].estimate - now[0].estimate)
    assert np.mean(foretold) == pytest.approx(BEST_OF_5 * 0.01 / 3**0.5 / 3, rel=0.1)


def test_nothing_is_corrected_where_nothing_was_chosen_or_nothing_is_noisy() -> None:
    rng = np.random.default_rng(0)
    difference = paired_difference(rng.normal(size=5), rng.normal(size=5))
    assert WinnersCurse(()).correct_all(unpaired(difference)) == [difference]
    sure = paired_difference(np.full(3, 0.5), np.full(3, 0.4))
    assert WinnersCurse((0.5, 0.4)).correct_all(unpaired(sure)) == [sure]


def test_a_row_that_lost_seeds_does_not_say_how_biased_the_choice_was(finished: Database) -> None:
    results = StudyResults(finished, "demo-study")
    best, rows = results.study.decisions_json["best"], [row.cell.config_digest for row in summarise(results).ablation]
    rows = [digest for digest in rows if len(results.results_of(digest)) == 3]
    del results.results_of(rows[0])[1002]
    (few, *_), (*_, last) = (compare_all(results, order, best) for order in (rows, [*rows[1:], rows[0]]))
    assert few.comparison is not None and len(few.comparison.seeds) == 2 and len(rows) > 1
    assert few.judged is not None and few.judged.estimate > few.comparison.difference.estimate
    assert last.judged is not None and few.judged.estimate == pytest.approx(last.judged.estimate)
    correction = [judged.estimate - row.difference.estimate for row, judged in shown(results)]
    assert f"{100 * correction[0]:.1f} points on average" in choice_note(results, best, shown(results))
    assert correction == pytest.approx([correction[0]] * len(correction))
