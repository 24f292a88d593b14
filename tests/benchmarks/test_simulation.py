"""The simulation of `benchmarks/statistics.py`: its noise is what it says, and it reads the product's own verdicts."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from results.analysis.leaderboard import confirmed_ranking
from results.statistics import Interval
from results.statistics.verdicts import VERDICTS

# Behind all others: the folder has a file named like a module of the standard library.
sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))

from simulation.command import readings
from simulation.database import StoredStudy
from simulation.draw import draw
from simulation.figures import Figure, figures
from simulation.path import ReadGain, Reading, ReadRow
from simulation.worlds import WORLDS, World

SMALL = World("small", seeds=3, dev=60, effects=(4.0, 0.0, 0.0), candidates=2)


def test_scores_have_the_means_and_the_variances_of_the_real_study() -> None:
    """A paired difference: 0.18 points^2 over seeds and 1.61 of residual at 200 examples; 0.42 of the unpaired one."""
    world = World("many seeds", seeds=100, dev=200, effects=(0.0,) * 5, candidates=1)
    studies = [draw(world, np.random.default_rng([1, number])) for number in range(4)]
    rows = [(study.scores[2:], study.scores[0]) for study in studies]
    paired = np.mean([(row - best).var(axis=1).mean() for row, best in rows])
    unpaired = np.mean([row.var(axis=1).mean() + best.var() for row, best in rows])
    assert 1e4 * paired == pytest.approx(0.18 + 1.61, rel=0.1)
    assert paired / unpaired == pytest.approx(0.42, rel=0.1)
    long = draw(replace(world, dev=10_000, seeds=20), np.random.default_rng(2))
    assert np.abs(long.scores.mean(axis=1) - long.true).max() < 0.005
    assert long.true[0] - long.true[1] == pytest.approx(0.20)


def test_the_database_has_the_drawn_scores_and_the_best_that_the_product_would_choose() -> None:
    drawn = draw(SMALL, np.random.default_rng(0))
    with StoredStudy(SMALL, drawn) as stored:
        results = stored.results()
        assert confirmed_ranking(results)[0] == stored.digests[drawn.best]
        assert [results.scores(digest) for digest in stored.digests] == drawn.scores.tolist()


@pytest.fixture(scope="module")
def small() -> list[Reading]:
    """Studies of a small world, read as a whole; the first of them in both ways (`command.readings`)."""
    return readings(replace(SMALL, whole=True), range(3))


def test_a_small_world_is_read_as_a_whole_and_errs_seldom(small: list[Reading]) -> None:
    found = figures(small)
    assert found["error"].value <= 34 and found["coverage"].value >= 75
    assert not found["gain's coverage"].missed and not found["error, single tasks"].missed


def test_every_verdict_is_read() -> None:
    effects = (8.0, -8.0, 0.0, -0.8, 0.8, 0.0)
    quiet = World("quiet", dev=400, effects=effects, candidates=1, reference_noise=0.5, row_noise=0.5, noisy_rows=1)
    words = {row.word for reading in readings(quiet, range(2)) for row in reading.rows}
    assert words == set(VERDICTS)


def test_errors_are_counted_by_table_and_by_row() -> None:
    def row(word: str, true: float) -> ReadRow:
        return ReadRow(word, Interval(0.0, -0.01, 0.01), Interval(0.0, -0.02, 0.02), 0.015, true)

    wrong = [row("hurts", 0.0), row("open", 0.0), row("equivalent", 0.02), row("helps", 0.02)]
    right = [row("open", 0.0), row("equivalent", 0.0), row("hurts", -0.02), row("open", 0.01)]
    found = figures([Reading(wrong, ReadGain(Interval(0.3, 0.2, 0.4), 0.25)), Reading(right)])
    assert found["error"].value == 50
    assert found["false equivalent"].value == 25  # one of two rows of one table, none of two of the other
    assert found["found"].value == 75
    assert (found["coverage"].value, found["coverage, shown"].value, found["not within"].value) == (62.5, 100, 37.5)
    assert found["gain too high by"].value == pytest.approx(5)
    assert np.isnan(found["found, secondary"].value)


def test_a_figure_is_missed_only_beyond_its_own_error() -> None:
    assert not Figure(6.0, 1.0, high=5).missed and str(Figure(6.0, 1.0, high=5)) == "6.0 ± 1.0"
    assert Figure(8.0, 1.0, high=5).missed and str(Figure(8.0, 1.0, high=5)) == "**8.0 ± 1.0**"
    assert Figure(90.0, 1.0, 93, 98).missed and not Figure(92.0, 1.0, 93, 98).missed


def test_worlds_have_names_of_their_own() -> None:
    assert len({world.name for world in WORLDS}) == len(WORLDS)
