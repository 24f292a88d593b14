from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from results.analysis.tuning_effort import FactorEffort, tuning_effort
from results.database.rows import RunRow

POOLING = {"name": "pooling", "levels": ["cls", "mean", "max"], "range": None}
RATE = {"name": "rate", "levels": [], "range": {"low": 1e-6, "high": 1e-3, "log": True, "integer": False}}
RUN = RunRow(
    id=0, study_name="s", trial_number=None, phase="search", config_digest="d", config_json={}, choices_json={}, seed=0,
    status="complete", reason=None, detail=None, attempt=1, started_at=datetime(2026, 1, 1, tzinfo=UTC),
    finished_at=None, train_seconds=9.0, eval_seconds=1.0, shared_seconds=None, trainable_parameters=None,
    total_parameters=None, peak_memory_bytes=None, host="", device="cpu", engine="local", engine_trial_id=None,
    inference_ms=None, environment_id=None, best_epoch=1, score=0.5, leaderboard_score=None,
)  # fmt: skip


def runs_of(*found: tuple[dict[str, Any], str, float | None]) -> list[RunRow]:
    return [
        replace(RUN, id=i, choices_json=choices, status=status, score=score)  # type: ignore[arg-type]
        for i, (choices, status, score) in enumerate(found, start=1)
    ]


def levels(factor: FactorEffort) -> dict[str, int]:
    return {level.level: level.runs for level in factor.levels}


def test_runs_time_best_and_median_by_hand() -> None:
    runs = runs_of(
        ({"pooling": "mean"}, "complete", 0.5),
        ({"pooling": "mean"}, "complete", 0.8),
        ({"pooling": "mean"}, "complete", 0.6),
        ({"pooling": "mean"}, "pruned", 0.4),
        ({"pooling": "mean"}, "failed", None),
        ({"pooling": "cls"}, "running", None),
    )
    (pooling,) = tuning_effort(runs, [POOLING])
    cls, mean, tallest = pooling.levels
    assert (cls.runs, tallest.level, tallest.runs) == (0, "max", 0)
    assert (mean.complete, mean.pruned, mean.failed, mean.runs) == (3, 1, 1, 5)
    assert (mean.best, mean.median, mean.seconds) == (0.8, 0.6, 50.0)
    assert mean.run_ids == (1, 2, 3, 4, 5)
    assert mean.scores == (0.5, 0.8, 0.6, 0.4)
    assert pooling.shared_budget == 0 and pooling.expected_best(mean) is None


def test_only_runs_of_the_search_count() -> None:
    confirmed = replace(RUN, phase="confirm", choices_json={"pooling": "cls"})
    assert tuning_effort([confirmed], [POOLING]) == ()


def test_a_range_is_cut_into_three_parts_of_its_logarithm() -> None:
    rates = [1e-6, 9e-6, 1e-5, 2e-5, 5e-4, 1e-3, 1e-2]
    (rate,) = tuning_effort(runs_of(*(({"rate": value}, "complete", 0.5) for value in rates)), [RATE])
    assert levels(rate) == {"1e-6 to 1e-5": 2, "1e-5 to 0.0001": 2, "0.0001 to 0.001": 3}


def test_numbers_that_the_space_does_not_describe_are_levels_while_they_are_few() -> None:
    few = runs_of(*(({"k": value}, "complete", 0.5) for value in (1.0, 2.0, 2.0)))
    many = runs_of(*(({"k": float(value)}, "complete", 0.5) for value in range(9)))
    assert levels(tuning_effort(few, [])[0]) == {"1.0": 1, "2.0": 2}
    assert levels(tuning_effort(many, [])[0]) == {"0 to 2.67": 3, "2.67 to 5.33": 3, "5.33 to 8": 3}


def test_conditional_factors_count_the_runs_that_have_them() -> None:
    choices = [{"a": "on", "a.on.k": "4"}, {"a": "on", "a.on.k": "8"}, {"a": "off"}]
    found = {f.factor: levels(f) for f in tuning_effort(runs_of(*((c, "complete", 0.5) for c in choices)), [])}
    assert found == {"a": {"on": 2, "off": 1}, "a.on.k": {"4": 1, "8": 1}}


def test_less_than_half_of_another_s_runs_is_uneven() -> None:
    def factor(*counts: int) -> FactorEffort:
        asked = [({"p": f"l{i}"}, "complete", 0.5) for i, count in enumerate(counts) for _ in range(count)]
        return tuning_effort(runs_of(*asked), [])[0]

    assert not factor(5, 10).is_uneven
    assert factor(5, 11).is_uneven
    assert not factor(1, 4).is_uneven  # too few to speak of


def test_levels_are_compared_at_the_budget_that_all_with_enough_scores_have() -> None:
    scores = {"a": [0.5] * 5 + [0.9], "b": [0.4] * 5, "c": [0.1]}
    asked = [({"p": name}, "complete", score) for name, found in scores.items() for score in found]
    (factor,) = tuning_effort(runs_of(*asked), [])
    a, b, c = factor.levels
    assert factor.shared_budget == 5
    # The best of 5 of a's 6 runs is 0.9 unless just that run is left out.
    assert factor.expected_best(a) == pytest.approx(5 / 6 * 0.9 + 1 / 6 * 0.5)
    assert factor.expected_best(b) == pytest.approx(0.4)
    assert factor.expected_best(c) is None
