"""The table of measured noise components that ships with the package."""

from __future__ import annotations

import pytest

from results.measurements.noise_table import MeasuredTask, Measurement, nearest, table
from results.statistics.noise_components import NoiseComponents


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
