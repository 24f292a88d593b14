from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from results.choice_columns import groups_of
from results.forest import boxes, fit
from results.main_effects import main_effects


def test_main_effects_are_those_of_every_combination_of_the_runs() -> None:
    """By brute force: the forest asked for each group of each run beside each group of each other run."""
    rng = np.random.default_rng(0)
    choices = []
    for i in range(14):
        run: dict[str, str | float] = {"a": str(rng.choice(["x", "y", "z"])), "rate": float(rng.uniform(1, 2))}
        choices.append({**run, "b": "on", "b.on.k": str(i % 3)} if i % 2 else {**run, "b": "off"})
    groups, scores = groups_of(choices), rng.normal(size=14)
    forest = fit(groups, scores, trees=4, seed=1)
    picked = np.array(list(product(range(14), repeat=3)))
    whole = forest.predict(picked).reshape(14, 14, 14)
    alone = [whole.mean(axis=tuple({0, 1, 2} - {group})).var() for group in range(3)]
    assert main_effects(groups, scores, trees=4, seed=1) == pytest.approx(alone)


def test_boxes_hold_each_run_once_with_what_the_tree_predicts() -> None:
    rng = np.random.default_rng(3)
    groups = groups_of([{"rate": float(rng.uniform(1, 2)), "a": str(rng.choice(["x", "y"]))} for _ in range(30)])
    scores = rng.normal(size=30)
    forest = fit(groups, scores, trees=1, seed=0)
    rows = np.concatenate(forest.columns, axis=1)
    found = boxes(forest.fitted.estimators_[0].tree_, rows.shape[1])
    inside = ((rows[:, None] > found.low) & (rows[:, None] <= found.high)).all(axis=2)
    assert inside.sum(axis=1).tolist() == [1] * 30
    assert inside @ found.values == pytest.approx(forest.fitted.predict(rows))


def test_a_factor_that_does_nothing_alone_explains_nothing() -> None:
    """Exclusive or: all is interaction."""
    choices = [{"a": str(i % 2), "b": str(i // 2 % 2)} for i in range(64)]
    scores = np.array([float(run["a"] != run["b"]) for run in choices])
    found = main_effects(groups_of([{k: f"l{v}" for k, v in run.items()} for run in choices]), scores, trees=8, seed=0)
    assert (found < 0.02 * scores.var()).all()
