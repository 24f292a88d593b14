"""Interactions from the cells of pairs and factorials: their weights are those of the designs."""

from __future__ import annotations

from itertools import combinations, product
from typing import Any

import numpy as np
import pytest

from results.designs.interactions import FactorialTable
from study.designs.factorial import main_effects, resolution_iv_design

NAMES = "abcdefgh"


def table_of(signs: Any, aliases: Any = ()) -> FactorialTable:
    runs = tuple((f"d{place}", tuple(int(sign) for sign in row)) for place, row in enumerate(signs))
    names = tuple(NAMES[: len(signs[0])])
    return FactorialTable("factorial", names, runs, aliases)


def value(weights: Any, scores: Any) -> float:
    return float(sum(weight * scores[int(digest[1:])] for digest, weight in weights.items()))


def test_four_runs_give_the_difference_of_differences() -> None:
    table = table_of([(1, 1), (-1, 1), (1, -1), (-1, -1)])
    assert table.weights(("a", "b")) == {"d0": 1.0, "d1": -1.0, "d2": -1.0, "d3": 1.0}
    assert table.effect(("a", "b"), 1) == {"d0": 1.0, "d1": -1.0}
    assert table.effect(("a", "b"), -1) == {"d2": 1.0, "d3": -1.0}


@pytest.mark.parametrize("factors", [3, 4, 5, 6, 8])
def test_the_weights_are_those_of_the_factorial_analysis(factors: int) -> None:
    design = resolution_iv_design(factors)
    scores = np.random.default_rng(factors).normal(size=(len(design.signs), 2))
    table = table_of(design.signs)
    for i, j in combinations(range(factors), 2):
        (effect,) = main_effects(design.signs[:, [i]] * design.signs[:, [j]], scores)
        assert value(table.weights((NAMES[i], NAMES[j])), scores.mean(axis=1)) == pytest.approx(2 * effect.estimate)


def test_an_effect_with_the_other_minus_one_without_it_is_the_interaction() -> None:
    table = table_of(list(product((1, -1), repeat=4)))
    scores = np.random.default_rng(0).normal(size=16)
    whole = value(table.effect(("a", "c"), 1), scores) - value(table.effect(("a", "c"), -1), scores)
    assert whole == pytest.approx(value(table.weights(("a", "c")), scores))


def test_runs_of_one_configuration_count_together() -> None:
    table = FactorialTable("pairs", ("a", "b"), (("x", (1, 1)), ("y", (-1, 1)), ("x", (1, -1)), ("y", (-1, -1))))
    assert table.weights(("a", "b")) == {}  # b does nothing: there is nothing to measure
    assert table.effect(("a", "b"), 1) == {"x": 1.0, "y": -1.0}


def test_confused_pairs_have_no_effects_of_their_own() -> None:
    table = table_of(resolution_iv_design(6).signs, ((("a", "b"), ("c", "d")),))
    assert table.aliases_of(("a", "b")) == (("c", "d"),)
    assert table.aliases_of(("a", "c")) == ()
    assert table.effect(("a", "b"), 1) == {}
