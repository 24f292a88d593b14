"""The best configuration of each report beside the plain baseline: all on one backbone and data, for as many epochs.

A grid of the recipes in `recipes.KNOWN`, each row the very configuration that `full_ablation` tries first under that
name. The reports' rates are for thousands of steps: a small budget wants `--learning-rate-times`.
"""

from __future__ import annotations

from dataclasses import replace

from search_spaces import full_ablation
from search_spaces.choices import places
from search_spaces.grammar import Choices, Space
from search_spaces.narrowing import steps
from search_spaces.pinning import pin
from search_spaces.recipes import KNOWN
from search_spaces.terms import Factor


def _level(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _as_levels(factor: Factor) -> Factor:
    """A grid has no ranges: the numbers that recipes give a range, and inside a level that of the baseline."""
    if factor.range is None:
        inner = {place.name: place.factor.baseline for place in places((factor,)) if place.factor.is_continuous()}
        return pin((factor,), inner)[0]
    given = dict.fromkeys(_level(recipe.choices[factor.name]) for recipe in KNOWN if factor.name in recipe.choices)
    baseline = _level(factor.baseline)
    return steps(factor, baseline, *(value for value in given if value != baseline))


def _row(choices: Choices) -> dict[str, str]:
    return {name: _level(value) for name, value in choices.items()}


SPACE: Space = replace(
    full_ablation.SPACE,
    name="report_recipes",
    goal="Whose best configuration is the best, on one backbone and data and for as many epochs?",
    design="grid",
    factors=tuple(map(_as_levels, full_ablation.SPACE.factors)),
    recipes=(),
    rows={"plain": {}, **{recipe.name: _row(recipe.choices) for recipe in KNOWN}},
)
