"""A study's noise components by task, and the table of measured ones."""

from __future__ import annotations

import numpy as np
import pytest

from results.analysis.contrasts import SCORE, compare
from results.analysis.noise_components import MeasuredTask, Measurement, nearest, study_components, table
from results.measurements.study_results import StudyResults
from results.statistics.noise_components import NoiseComponents, score_noise
from tests.results.conftest import EXAMPLES, StudyMaker, digest_of

BASELINE = {"pooling": "cls", "sts_head": "concat", "schedule": "constant", "learning_rate": 3e-5}
OTHERS = [{**BASELINE, "pooling": pooling} for pooling in ("mean", "max", "attention")]


def measured(make: StudyMaker, *, predictions: bool = True) -> StudyResults:
    make.study(decisions_json={"baseline": digest_of(BASELINE)})
    for choices, quality in zip([BASELINE, *OTHERS], (0.6, 0.65, 0.7, 0.68), strict=True):
        for seed in (1000, 1001, 1002, 1003):
            make.complete(choices, seed, "confirm", quality=quality, predictions=predictions)
    return StudyResults(make.database, make.name)


def test_a_study_has_components_of_each_task_that_give_the_noise_of_its_score(light: StudyMaker) -> None:
    results = measured(light)
    found = study_components(results)
    assert {task: each.size for task, each in found.items()} == EXAMPLES
    assert all(each.residual > 0 and each.df >= 3 for each in found.values())
    noise = score_noise(list(found.values()), [each.size for each in found.values()])
    rows = [compare(results, digest_of(other), digest_of(BASELINE)) for other in OTHERS]
    residuals = [row.row.residual for row in rows if row is not None]
    assert noise.residual == pytest.approx(np.median(residuals), rel=0.15)
    assert study_components(results, fewest_seeds=5) == {}


def test_without_predictions_the_noise_is_that_of_the_score(light: StudyMaker) -> None:
    found = study_components(measured(light, predictions=False))
    assert list(found) == [SCORE] and (found[SCORE].residual, found[SCORE].size) == (0.0, 0)
    assert found[SCORE].seeds > 0


def test_a_study_without_a_second_configuration_has_none(light: StudyMaker) -> None:
    light.study(decisions_json={"baseline": digest_of(BASELINE)})
    assert study_components(StudyResults(light.database, light.name)) == {}


def test_a_task_that_was_not_measured_has_the_mean_of_the_others() -> None:
    tasks = {"a": MeasuredTask(0.01, 0.3, 0.1, 9.0), "b": MeasuredTask(0.02, 0.4, 0.2, 5.0)}
    found = Measurement("2026-11-30", "abc", "minilm", 100, 800, 2, "1e-4", 4, 5, tasks)
    assert found.components("a") == NoiseComponents(
        pytest.approx(0.0001), pytest.approx(0.09), pytest.approx(0.01), 800, 9.0
    )
    assert found.components("c") == NoiseComponents(
        pytest.approx(0.00025), pytest.approx(0.125), pytest.approx(0.025), 800, 5.0
    )


def test_the_shipped_table_has_what_was_measured_for_the_main_tasks() -> None:
    for measurement in table().values():
        assert set(measurement.tasks) == {"sst", "quora", "sts"} and len(measurement.commit) == 7
        assert measurement.rows >= 3 and measurement.seeds >= 3 and measurement.dev_examples >= 500
        for task in measurement.tasks.values():
            assert 0 <= task.seed_deviation < 0.1 < task.residual_deviation < 1 and task.df > 1


@pytest.mark.parametrize(("trained", "part"), [("heads", "heads"), ("last_k", "all"), ("adapters_and_heads", "all")])
def test_a_trained_part_that_was_not_measured_takes_the_noise_of_fine_tuning(trained: str, part: str) -> None:
    measured = {name: Measurement("", "", name, 1, 1, 1, "", 1, 1, {}) for name in ("heads", "all")}
    assert nearest(measured, trained) == (part, measured[part])
    assert nearest({"heads": measured["heads"]}, trained)[0] == "heads"
