"""How much the choice of the best flatters it."""

from __future__ import annotations

import numpy as np
import pytest

from results.choice_luck import choice_luck, choice_note
from results.path import luck_of_best
from results.records import Database
from results.statistics import paired_difference
from results.summary import summary
from tests.results.conftest import StudyMaker


def test_the_note_has_the_luck_of_the_confirmed_configurations(finished: Database) -> None:
    found = summary(finished, "demo-study")
    row = found.ablation[0].comparison
    assert row is not None
    luck = luck_of_best([entry.mean for entry in found.leaderboard], row.difference)
    assert choice_luck(found) == luck
    assert "of 3 confirmed configurations by the very runs" in choice_note(found)
    assert f"{100 * luck:.1f} points on average" in choice_note(found)


def test_nothing_is_said_before_anything_was_chosen(light: StudyMaker) -> None:
    light.study()
    assert choice_note(summary(light.database, light.name)) == ""


def test_it_foretells_by_how_much_the_best_of_equal_ones_is_too_high() -> None:
    rng, too_high, foretold = np.random.default_rng(3), [], []
    for _ in range(400):
        runs = rng.normal(0.6, 0.01, (5, 40))  # equal configurations; 40 runs each, so that their noise is known well
        means = runs.mean(axis=1)
        too_high.append(means.max() - 0.6)
        other = rng.normal(0.6, 0.01, 40)
        foretold.append(luck_of_best(list(means), paired_difference(other, runs[means.argmax()])))
    assert np.mean(foretold) == pytest.approx(np.mean(too_high), rel=0.2)
