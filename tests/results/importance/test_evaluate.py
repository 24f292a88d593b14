from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from results.importance.encoding import ABSENT, groups_of, shadows_of
from results.importance.evaluate import importances
from results.statistics.arrays import Float64

Runs = tuple[list[dict[str, Any]], Float64]


def searched(count: int, *, effect: float, seed: int = 0) -> Runs:
    """Runs of a random search: `real` matters, `outer` only by its conditional factor, two factors do not."""
    rng = np.random.default_rng(seed)
    choices: list[dict[str, Any]] = []
    scores = []
    for _ in range(count):
        chosen: dict[str, Any] = {"real": str(rng.choice(["x", "y", "z"])), "outer": str(rng.choice(["off", "on"]))}
        if chosen["outer"] == "on":
            chosen["outer.on.rank"] = str(rng.choice(["4", "8"]))
        chosen |= {"null": str(rng.choice(["p", "q", "r"])), "rate": float(10 ** rng.uniform(-5, -3))}
        gain = (chosen["real"] == "z") + 0.8 * (chosen.get("outer.on.rank") == "8")
        choices.append(chosen)
        scores.append(0.7 + effect * gain + rng.normal(0, 0.007))
    return choices, np.array(scores)


def test_conditional_factors_stand_with_the_one_they_hang_from() -> None:
    groups = groups_of([{"a": "on", "a.on.k": "1", "rate": 1e-5}, {"a": "off", "rate": 1e-3}])
    assert list(groups) == ["a", "rate"]
    assert groups["a"].values.tolist() == [[0, 0], [1, 1]]  # level 1 of the conditional factor: it is absent
    assert groups["a"].levels == (2, 2)
    assert groups["rate"].values.ravel() == pytest.approx([-5, -3])
    assert ABSENT not in groups


def test_a_conditional_range_that_is_absent_stands_at_its_median() -> None:
    groups = groups_of([{"a": "on", "a.on.p": 0.1}, {"a": "on", "a.on.p": 0.3}, {"a": "off"}])
    assert groups["a"].values[:, 1] == pytest.approx([0.1, 0.3, 0.2])


def test_what_does_not_vary_is_left_out() -> None:
    assert list(groups_of([{"a": "x", "b": "1"}, {"a": "x", "b": "2"}])) == ["b"]


def test_shadows_keep_a_factor_s_columns_together() -> None:
    groups = groups_of(searched(50, effect=0.0)[0])
    shadow = shadows_of(groups, np.random.default_rng(0))["outer"]
    real = groups["outer"]
    assert sorted(map(tuple, shadow.values.tolist())) == sorted(map(tuple, real.values.tolist()))
    assert not (shadow.values == real.values).all()


def test_what_matters_is_told_apart_and_what_does_not_is_not() -> None:
    found = importances(*searched(90, effect=0.05), resamples=20)
    assert found.too_few == ""
    assert set(found.ranking) <= {"real", "outer"}
    assert found.ranking[0] in ("real", "outer")
    assert {f.factor for f in found.factors} == {"real", "outer", "null", "rate"}
    assert all(f.low <= f.value <= f.high for f in found.factors)
    assert sum(f.value for f in found.factors) == pytest.approx(1.0)


def test_noise_gives_no_ranking_but_the_reason() -> None:
    found = importances(*searched(40, effect=0.0), resamples=20)
    assert found.ranking == ()
    assert found.too_few == "Not enough runs: with 40, no factor can be distinguished from one that cannot matter."


def test_too_few_runs_are_not_looked_at() -> None:
    found = importances(*searched(12, effect=0.05))
    assert (found.factors, found.ranking) == ((), ())
    assert found.too_few == "Not enough complete runs: 12, and 4 factors need at least 20, 8 more."


def test_the_same_seed_gives_the_same_importances(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("results.importance.evaluate.TREES", 4)
    runs = searched(20, effect=0.02)
    assert importances(*runs, resamples=20, seed=3) == importances(*runs, resamples=20, seed=3)


def test_scores_must_fit_the_runs() -> None:
    with pytest.raises(ValueError, match=r"scores must have shape \(12,\), one score per run, got \(3,\)"):
        importances(searched(12, effect=0.0)[0], np.zeros(3))
    with pytest.raises(ValueError, match="resamples must be at least 20, got 5"):
        importances(*searched(30, effect=0.0), resamples=5)
