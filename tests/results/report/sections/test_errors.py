"""Where the best errs: from the predictions in a database to sentences, tables and figures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from planted_runs import SIZES, confirmed_pair, planted_run
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from results.analysis.summary import summarise
from results.database.predictions import ExampleSizes
from results.database.rows import ExampleRow
from results.error_analysis.frames import error_frames
from results.error_analysis.predictions import TaskPredictions, task_predictions
from results.error_analysis.task_errors import TaskErrors
from results.error_analysis.view import TaskView, _error
from results.measurements.study_results import StudyResults
from results.report.render import render_report
from results.report.sections import errors
from results.report.sections.errors import Errors
from results.statistics import Interval, paired_difference
from tests.results.conftest import StudyMaker, digest_of

BASELINE = {"pooling": "cls", "sts_head": "concat", "schedule": "constant", "learning_rate": 3e-5}
BEST = {**BASELINE, "pooling": "mean"}
WORSE = {"quora": 0.7, "sst": 0.5, "sts": 0.2}
BETTER = {"quora": 0.8, "sst": 0.6, "sts": 0.6}
SEEDS = (1000, 1001, 1002)


def study(make: Any, best: tuple[int, ...] = SEEDS, baseline: tuple[int, ...] = SEEDS, **options: Any) -> StudyResults:
    make.study(data_made_up=False)
    confirmed_pair(make, BASELINE, BEST, len(best))
    for choices, quality, seeds in ((BASELINE, WORSE, baseline), (BEST, BETTER, best)):
        for seed in seeds:
            planted_run(make, choices, seed, quality, **options)
    return StudyResults(make.database, make.name)


def section(results: StudyResults) -> Errors:
    built = errors.build(results, summarise(results))
    assert built is not None
    return built


@pytest.fixture(scope="module")
def results(shared: StudyMaker) -> StudyResults:
    return study(shared)


@pytest.fixture(scope="module")
def found(results: StudyResults) -> Errors:
    return section(results)


def test_the_matrix_is_scikit_learns_over_all_seeds(shared: StudyMaker, results: StudyResults, found: Errors) -> None:
    (sst,) = (view.errors for view in found.tasks if view.name == "sst")
    true, predicted = [], []
    for run in results.runs:
        if run.config_digest == digest_of(BEST):
            kept = {one.task: one.values for one in results.examples.predictions(run.id)}["sst"]
            true.append(kept.labels)
            predicted.append(kept.predictions)
    expected = confusion_matrix(np.concatenate(true), np.concatenate(predicted), labels=range(5))
    assert np.array_equal(sst.confusions["best"].counts, expected)
    assert expected.sum() == 3 * SIZES["sst"]


def test_tasks_are_what_their_metrics_say(found: Errors) -> None:
    assert [(view.name, view.errors.kind) for view in found.tasks] == [
        ("quora", "classes"),
        ("sst", "classes"),
        ("sts", "scores"),
    ]
    assert [view.name for view in found.calibrated] == ["quora", "sst"]
    assert found.without_probabilities == []
    assert len(found.figures()) == 2


def test_the_planted_error_is_named(found: Errors) -> None:
    views = {view.name: view for view in found.tasks}
    # A wrong sentiment is planted as the next class, so all but the last class's are one away.
    distances = views["sst"].errors.distances
    assert distances[2].shares["best"] == distances[3].shares["best"] == 0
    assert sum(each.shares["best"] for each in distances) == pytest.approx(1)
    assert distances[0].difference is not None and distances[0].difference.low > 0
    assert views["quora"].errors.distances == []
    assert "predicted as" in views["sst"].confusion_words


def test_distances_are_shares_of_predictions_and_their_differences_are_paired() -> None:
    labels = np.array([0.0, 1.0, 2.0, 2.0])

    def predicted(*rows: list[float]) -> TaskPredictions:
        outputs = np.zeros((2, 4, 3))
        return TaskPredictions("sst", "classes", outputs, np.array(rows), labels, (1000, 1001), (1, 2))

    # Classes away: 0 1 0 1 with the first seed, 0 0 0 2 with the second; of the other 0 0 0 1 and 0 1 0 1.
    task = TaskErrors(predicted([0, 2, 2, 1], [0, 1, 2, 0]), predicted([0, 1, 2, 1], [0, 0, 2, 1]))
    assert [each.shares["best"] for each in task.distances] == [5 / 8, 2 / 8, 1 / 8]
    mine, theirs = np.array([[0, 1, 0, 1], [0, 0, 0, 0]]), np.array([[0, 0, 0, 1], [0, 1, 0, 1]])
    assert task.distances[1].difference == paired_difference(mine, theirs).interval()


def test_the_accuracy_of_a_true_class_is_the_diagonal(found: Errors) -> None:
    (sst,) = (view.errors for view in found.tasks if view.name == "sst")
    diagonal = np.diag(sst.confusions["best"].shares)
    assert [part.mean["best"].estimate for part in sst.by_class] == pytest.approx(diagonal.tolist())
    assert sum(part.examples for part in sst.by_class) == SIZES["sst"]
    assert all(part.difference is not None for part in sst.by_class)


def test_macro_scores_are_the_mean_over_seeds_of_scikit_learns_and_quora_has_those_of_duplicates(
    found: Errors,
) -> None:
    views = {view.name: view for view in found.tasks}
    names = {name: [score.metric for score in view.errors.scores] for name, view in views.items()}
    macro = ["macro_precision", "macro_recall", "macro_f1"]
    assert names == {"sst": ["accuracy", *macro], "quora": ["accuracy", "precision", "recall", "f1", *macro], "sts": []}
    frame = found.tables()["class_scores"].set_index(["task", "configuration", "metric"])
    for task, average, prefix in (("sst", "macro", "macro_"), ("quora", "binary", ""), ("quora", "macro", "macro_")):
        for role, side in views[task].errors.sides.items():
            by_seed = [
                precision_recall_fscore_support(side.labels, each, average=average, zero_division=0)[:3]
                for each in side.predictions
            ]
            for place, score in enumerate(("precision", "recall", "f1")):
                row = frame.loc[(task, role, f"{prefix}{score}")]
                values = [seed[place] for seed in by_seed]
                assert (row["mean"], row["spread"]) == pytest.approx((np.mean(values), np.std(values, ddof=1)))
                assert row["low"] < row["difference"] < row["high"] if role == "best" else np.isnan(row["difference"])
    best, other = (frame.loc[("sst", role, "macro_f1")]["mean"] for role in ("best", "baseline"))
    assert frame.loc[("sst", "best", "macro_f1")]["difference"] == pytest.approx(best - other)
    assert views["sst"].score_rows[3].means[0].startswith(f"{best:.3f} ± ")


def test_hard_examples_are_those_of_the_hard_half(found: Errors) -> None:
    (sst,) = (view for view in found.tasks if view.name == "sst")
    right = sst.errors.best.right
    assert sst.errors.hard.positions.tolist() == np.flatnonzero(right.sum(axis=0) == 0).tolist()
    assert len(sst.errors.hard.positions) > 1.5 * sst.errors.hard.by_chance
    shown = sst.lists[0]
    assert shown.count == len(sst.errors.hard.positions)
    assert {example.best for example in shown.examples} == {"0 of 3"}


def test_one_seed_shows_nothing(light: Any) -> None:
    results = study(light, best=SEEDS[:1])
    assert errors.build(results, summarise(results)) is None


def test_a_baseline_with_one_seed_has_no_part(light: Any) -> None:
    found = section(study(light, baseline=SEEDS[:1]))
    assert all(list(view.errors.sides) == ["best"] for view in found.tasks)
    assert all(view.errors.flips is None and not view.flip_words for view in found.tasks)


def test_without_seeds_in_common_nothing_is_subtracted(light: Any) -> None:
    found = section(study(light, baseline=(1003, 1004)))
    (sst,) = (view.errors for view in found.tasks if view.name == "sst")
    assert set(sst.sides) == {"best", "baseline"} and sst.flips is None
    assert sst.distances[0].difference is None and sst.calibration_difference is None


def test_without_predictions_there_is_no_section(light: Any) -> None:
    results = study(light, kept=False)
    assert errors.build(results, summarise(results)) is None


def test_numbers_that_show_as_zero_have_no_minus() -> None:
    assert _error(Interval(-0.001, -0.01, 0.004)) == ("0.00", "[−0.01, 0.00]")


def test_outputs_that_are_no_logits_say_nothing_of_confidence(finished: Any, finished_page: str) -> None:
    results = StudyResults(finished, "demo-study")  # its outputs are the predictions
    found = section(results)
    assert found.calibrated == [] and found.figures() == ()
    assert found.without_probabilities == ["quora", "sst"]
    assert "the recorded outputs are not class probabilities" in finished_page


def test_runs_on_other_examples_are_left_out(light: Any) -> None:
    study(light)
    planted_run(light, BEST, 1003, BETTER, split_name="a smaller dev split")
    results = StudyResults(light.database, light.name)
    found = task_predictions(results, digest_of(BEST))
    assert found["sst"].seeds == SEEDS and found["sst"].outputs.shape == (3, SIZES["sst"], 5)
    assert len(found["sst"].run_ids) == 3


def test_the_exported_rows_name_their_runs(shared: StudyMaker, results: StudyResults, found: Errors) -> None:
    tables = found.tables()
    of_both = ("confusion", "class_scores", "calibration", "calibration_error", "slices")
    assert set(tables) == {*of_both, "hard_examples"}
    best = results.results_of(digest_of(BEST))
    runs = " ".join(str(run.id) for run in best.values())
    for name in of_both:
        of_best = tables[name][tables[name]["configuration"] == "best"]
        assert len(of_best) and set(of_best["run_ids"]) == {runs}
    hard = tables["hard_examples"]
    assert set(hard["kind"]) <= {"hard", "gained", "lost", "far"}
    assert (hard[hard["kind"] == "hard"]["best_right"] == 0).all()
    sums = tables["confusion"].groupby(["task", "configuration"])["count"].sum()
    assert sums["sst", "best"] == 3 * SIZES["sst"]


def test_slices_by_length_and_overlap_stand_beside_the_true_classes(light: Any) -> None:
    results = study(light)
    run = results.runs[0].id
    for kept in results.examples.predictions(run):
        pairs = kept.task != "sst"
        rows = [
            ExampleRow(kept.task, kept.examples, n, n, 3 if pairs else None, n / 1000 if pairs else None)
            for n in range(1, len(kept.values.labels) + 1)
        ]
        light.database.studies.add_examples(light.name, rows)
    found = section(StudyResults(light.database, light.name))
    quora = next(view.errors for view in found.tasks if view.name == "quora")
    assert [part.kind for part in quora.by_words] == ["length"] * 4 + ["overlap"] * 4
    first = quora.by_words[0]
    right = quora.best.right[:, : first.examples]
    assert first.mean["best"].estimate == pytest.approx(right.mean())
    sts = next(view.errors for view in found.tasks if view.name == "sts")
    last = sts.by_words[-1]
    assert last.mean["best"].estimate == pytest.approx(np.abs(sts.best.errors)[:, -last.examples :].mean())
    frame = found.tables()["slices"]
    assert {"true class 0", "length 4 to 10 words"} & set(frame["slice"]) and frame["absolute_error"].notna().any()
    page = render_report(light.database, light.name)
    assert "of the words shared</th>" in page and "There are no slices by length" not in page
    assert "because an older release wrote the study" in page


def test_a_study_that_keeps_words_shows_pairs_that_differ_in_one_and_examples_with_rare_ones(light: Any) -> None:
    results = study(light)
    for kept in results.examples.predictions(results.runs[0].id):
        pair = kept.task != "sst"
        rows = [
            ExampleRow(kept.task, kept.examples, n, n, 3, 0.5, n <= 40, n % 10)
            if pair
            else ExampleRow(kept.task, kept.examples, n, n, rarest=n % 10)
            for n in range(1, len(kept.values.labels) + 1)
        ]
        light.database.studies.add_examples(light.name, rows)
    results = StudyResults(light.database, light.name)
    found = {view.name: view.errors for view in section(results).tasks}
    kinds = ["length"] * 4 + ["rare_words"] * 2
    assert [part.kind for part in found["sst"].by_words] == kinds
    assert [part.kind for part in found["quora"].by_words] == kinds[:4] + ["one_word_difference"] * 2 + kinds[4:]
    (differs,) = (one for one in found["quora"].by_words if (one.kind, one.name) == ("one_word_difference", "yes"))
    assert differs.examples == 40
    assert differs.mean["best"].estimate == pytest.approx(found["quora"].best.right[:, :40].mean())
    rare = [part.examples for part in found["sst"].by_words if part.kind == "rare_words"]
    assert rare == [SIZES["sst"] // 5, SIZES["sst"] * 4 // 5]  # those that occur 0 times or once in ten
    page = render_report(light.database, light.name)
    assert '<th scope="row">one word that differs</th><td class="num">40</td>' in page
    assert '<th scope="row">a rare word</th><td class="num">100</td>' in page
    assert "A rare word occurs at most once" in page and "an older release wrote the study" not in page


def test_a_part_of_too_few_examples_has_its_number_and_no_mean(found: Errors) -> None:
    quora = next(view.errors for view in found.tasks if view.name == "quora")
    size = SIZES["quora"]
    one, rarest = np.arange(size) < 1, np.where(np.arange(size) < 30, 1.0, 8.0)
    task = TaskErrors(quora.best, quora.sides["baseline"], ExampleSizes(np.full(size, 9.0), None, one, rarest))
    rows = {row.name: row for row in TaskView(task).words_rows}
    counts = {name: row.examples for name, row in rows.items()}
    assert counts == {
        "one word that differs": 1,
        "more words that differ, or none": size - 1,
        "a rare word": 30,
        "no rare word": size - 30,
    }
    assert (rows["one word that differs"].means, rows["one word that differs"].difference) == (("–", "–"), "–")
    assert rows["a rare word"].means[0].startswith(f"{quora.best.right[:, :30].mean():.3f} [")
    frame = error_frames([task])["slices"].set_index(["slice", "configuration"])
    assert frame.loc[("one_word_difference yes", "best"), "examples"] == 1
    assert frame.loc["one_word_difference yes", ["accuracy", "low", "high"]].isna().all(axis=None)
    assert frame.loc[("rare_words yes", "best"), "accuracy"] == pytest.approx(quora.best.right[:, :30].mean())


def test_the_page_has_the_section_and_says_what_a_study_without_sizes_lacks(shared: StudyMaker, found: Errors) -> None:
    assert found.without_sizes
    text = render_report(shared.database, shared.name)
    for words in (
        "Error analysis",
        "Calibration",
        "confusion matrix",
        "4 very positive",
        "Macro recall",
        "Precision of 1 duplicate",
    ):
        assert words in text
    assert "There are no slices by length or shared words" in text
