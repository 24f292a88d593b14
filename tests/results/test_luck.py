from __future__ import annotations

import numpy as np
import pytest

from results.luck import luck, pooled_deviation, search_luck
from results.selection import expected_luck


def test_luck_is_what_the_search_showed_too_much() -> None:
    found = luck("d", 1, [(7, 0.76)], [(11, 0.72), (12, 0.74)])
    assert found.confirmed == pytest.approx(0.73)
    assert (found.search_runs, found.fresh_runs) == ((7,), (11, 12))
    assert found.luck is not None and found.interval is not None
    assert found.luck.estimate == pytest.approx(0.03)
    # Two seeds 2 points apart: a standard error of 1 point, and Student's factor of 12.706.
    assert found.luck.high - found.luck.estimate == pytest.approx(0.12706, abs=1e-4)
    assert found.luck.low == pytest.approx(0.76 - found.interval.high)


def test_one_fresh_seed_gives_no_interval() -> None:
    found = luck("d", 1, [(7, 0.76)], [(11, 0.72)])
    assert (found.interval, found.luck) == (None, None)
    assert found.confirmed == pytest.approx(0.72)


def test_several_search_runs_of_one_configuration_chose_it_together() -> None:
    assert luck("d", 1, [(1, 0.7), (2, 0.8)], [(3, 0.7), (4, 0.7)]).gap.searched == pytest.approx(0.75)


def test_deviations_are_pooled_by_their_degrees_of_freedom() -> None:
    deviation, df = pooled_deviation([np.array([0.70, 0.72]), np.array([0.6, 0.6, 0.6]), np.array([0.9])])
    assert df == 3
    assert deviation == pytest.approx((0.0002 / 3) ** 0.5)
    assert pooled_deviation([np.array([0.9])]) == (None, 0)


def test_the_spread_of_configurations_is_what_seeds_do_not_explain() -> None:
    searched = [0.60, 0.64, 0.68, 0.72]
    found = search_luck(searched, [[0.70, 0.72]])
    seen = float(np.var(searched, ddof=1))
    assert found.deviation == pytest.approx(0.02**0.5 * 0.1)
    assert found.spread == pytest.approx((seen - 0.0002) ** 0.5)
    assert found.expected == pytest.approx(expected_luck(4, found.deviation or 0.0, found.spread))


def test_seeds_that_explain_more_than_there_is_leave_no_spread() -> None:
    assert search_luck([0.7, 0.71], [[0.5, 0.9]]).spread == 0.0


def test_without_two_seeds_nothing_is_expected() -> None:
    assert search_luck([0.7, 0.8], [[0.7]]).expected is None
