from __future__ import annotations

import numpy as np
import pytest

from results.fronts import hypervolume
from results.growth import Step, growth

BOTH = ("maximize", "minimize")


def test_the_share_after_each_point_that_adds_by_hand() -> None:
    """From the worst, (0, 4): a box of 1 x 1; nothing; with (2, 1) 2 x 3; with (3, 3) one more; all is 7."""
    points = [[0.0, 4.0], [1.0, 3.0], [0.5, 3.5], [2.0, 1.0], [3.0, 3.0]]
    assert growth(points, BOTH) == [Step(2, pytest.approx(1 / 7)), Step(4, pytest.approx(6 / 7)), Step(5, 1.0)]


def test_it_is_the_hypervolume_of_all_points_so_far() -> None:
    points = np.random.default_rng(0).uniform(size=(60, 2))
    worst = [points[:, 0].min(), points[:, 1].max()]
    whole = hypervolume(points, worst, BOTH)
    steps = growth(points, BOTH)
    assert [step.share for step in steps] == pytest.approx(
        [hypervolume(points[: step.count], worst, BOTH) / whole for step in steps]
    )
    assert steps[-1].share == 1.0
    assert [s.count for s in steps] == sorted({s.count for s in steps})


def test_a_point_with_a_nan_adds_nothing_and_is_counted() -> None:
    assert growth([[np.nan, 1.0], [0.0, 1.0], [1.0, 0.0]], BOTH) == [Step(3, 1.0)]


def test_where_nothing_differs_nothing_grows() -> None:
    assert growth([[0.5, 1.0], [0.7, 1.0]], BOTH) == []
    assert growth([], BOTH) == []
