"""The best recipe beside the plain baseline and the best configuration of each report, on one backbone and data.

A grid of `factors.known_recipes`: each row is the configuration that `full_ablation` tries first under that name. The
best one is the baseline, so the table shows what each of the others loses to it. The reports' learning rates are for
thousands of steps: with a small budget use `--learning-rate-times`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from search_spaces.factors.known_recipes import KNOWN
from search_spaces.grammar import Choices, Space
from search_spaces.grammar.narrowing import steps
from search_spaces.grammar.terms import Choice, Factor
from search_spaces.spaces.full_ablation import SPACE as FULL

ROWS: Mapping[str, Choices] = {
    **{recipe.name: FULL.complete(recipe.choices) for recipe in KNOWN},
    "plain": FULL.baseline(),
}
BEST = ROWS["best"]


def _text(value: Choice) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _based(factor: Factor, name: str) -> Factor:
    """Return the factor with the best recipe's choice as its baseline, without a range: a grid has none.

    A range becomes the numbers of all recipes; one inside a level has one number, the best recipe's.
    """
    best = BEST.get(name, factor.baseline)
    if factor.range is not None:
        if name == factor.name:
            return steps(factor, *dict.fromkeys(_text(row[name]) for row in (BEST, *ROWS.values())))
        return replace(factor, baseline=best, range=replace(factor.range, low=float(best), high=float(best)))
    levels = (
        replace(level, factors=tuple(_based(inner, f"{name}.{level.name}.{inner.name}") for inner in level.factors))
        for level in factor.levels
    )
    return replace(factor, baseline=best, levels=tuple(levels))


def _row(choices: Choices) -> dict[str, Choice]:
    ranges = {factor.name for factor in FULL.factors if factor.range is not None}
    return {name: _text(value) if name in ranges else value for name, value in choices.items()}


SPACE: Space = replace(
    FULL,
    name="report_recipes",
    goal="Does the best recipe beat plain fine-tuning and each report's best, on one backbone and data?",
    design="grid",
    factors=tuple(_based(factor, factor.name) for factor in FULL.factors),
    recipes=(),
    rows={name: _row(choices) for name, choices in ROWS.items()},
)
