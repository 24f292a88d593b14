"""The grid of the reports' best configurations: each row is the recipe, as `full_ablation` has it."""

from __future__ import annotations

import pytest

import search_spaces
from search_spaces.factors.known_recipes import KNOWN
from study.resolve import resolve
from study.trainers.bert.configuration import check_space, to_config

SPACE, FULL = search_spaces.load("report_recipes"), search_spaces.load("full_ablation")
SETTINGS = resolve({"backbone": "tiny", "budget": "smoke"}, None)


def test_the_best_is_the_baseline_and_every_other_recipe_has_a_row() -> None:
    assert set(SPACE.rows) == {"plain", *(recipe.name for recipe in KNOWN)}
    assert len(list(SPACE.grid())) == len(KNOWN) + 1
    (best,) = (recipe.choices for recipe in KNOWN if recipe.name == "best")
    assert check_space(SPACE, SETTINGS).digest() == to_config(FULL, FULL.complete(best), SETTINGS).digest()


def test_the_plain_row_is_the_baseline_of_the_search() -> None:
    plain = SPACE.complete(SPACE.rows["plain"])
    assert to_config(SPACE, plain, SETTINGS).digest() == to_config(FULL, FULL.baseline(), SETTINGS).digest()


@pytest.mark.parametrize("recipe", KNOWN, ids=lambda recipe: recipe.name)
def test_a_row_is_the_recipe_itself(recipe: search_spaces.Recipe) -> None:
    ours, theirs = SPACE.complete(SPACE.rows[recipe.name]), FULL.complete(recipe.choices)
    assert to_config(SPACE, ours, SETTINGS).digest() == to_config(FULL, theirs, SETTINGS).digest()
