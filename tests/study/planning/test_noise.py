"""A study's noise components by task, from its own runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from results.analysis.contrasts import SCORE, compare
from results.database.database import open_database
from results.measurements.study_results import StudyResults
from results.statistics.noise_components import score_noise
from study.planning.noise import measured_noise, study_components
from tests.results.conftest import EXAMPLES, StudyMaker, digest_of

BASELINE = {"pooling": "cls", "sts_head": "concat", "schedule": "constant", "learning_rate": 3e-5}
OTHERS = [{**BASELINE, "pooling": pooling} for pooling in ("mean", "max", "attention")]


@pytest.fixture
def storage(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'studies.db'}"


@pytest.fixture
def light(storage: str) -> Iterator[StudyMaker]:
    with open_database(storage) as opened:
        yield StudyMaker(opened)


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


def test_a_plan_reads_them_from_the_database(storage: str, light: StudyMaker) -> None:
    results = measured(light)
    found = measured_noise(storage, light.name)
    assert found is not None and found.tasks == study_components(results)
    assert (found.study, found.source) == (light.name, f"measured in {light.name}")
    assert found.sizes({"sst": 500}) == {**EXAMPLES, "sst": 500}
