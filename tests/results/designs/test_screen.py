"""Main effects of a screen: their weights are those of the design."""

from __future__ import annotations

import numpy as np
import pytest

from results.designs.interactions import FactorialTable
from study.designs import factorial


@pytest.mark.parametrize("factors", [3, 6, 12])
def test_the_weights_are_those_of_the_factorial_analysis(factors: int) -> None:
    design = factorial.resolution_iv_design(factors)
    scores = np.random.default_rng(factors).normal(size=(len(design.signs), 2))
    names = tuple("abcdefghijkl"[:factors])
    runs = tuple((f"d{place}", tuple(map(int, row))) for place, row in enumerate(design.signs))
    table = FactorialTable("screen", names, runs)
    for name, effect in zip(names, factorial.main_effects(design.signs, scores), strict=True):
        weights = table.main_effect(name)
        found = sum(weight * scores[int(digest[1:])].mean() for digest, weight in weights.items())
        assert found == pytest.approx(effect.estimate)
