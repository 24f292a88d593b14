"""Primary rows before secondary ones: by hand, as Holm's method, and against a closed test."""

from __future__ import annotations

from itertools import chain, combinations

import numpy as np
import pytest

from results.statistics import gatekeeping, holm


def test_rows_of_one_kind_are_holm_s() -> None:
    p = np.random.default_rng(0).random(12) ** 4
    for kind in (True, False):
        found = gatekeeping(p, [kind] * 12)
        assert [row.adjusted_p for row in found] == pytest.approx(holm(p).tolist())
        assert all((row.adjusted_p <= 0.05) == (value <= row.level) for row, value in zip(found, p, strict=True))


def test_by_hand() -> None:
    """Two primary rows at 0.0225 each, two secondary ones at 0.0025; the first rejection passes half to either kind."""
    found = gatekeeping([0.02, 0.03, 0.01, 0.5], [True, True, False, False])
    assert found[0].adjusted_p == pytest.approx(0.02 / 0.45)
    # 0.45 of the weight passes on: 0.225 to the other primary row (0.675), 0.225 to the secondary ones (0.1625 each)
    assert found[1].adjusted_p == pytest.approx(0.02 / 0.45)  # 0.03 / 0.675 is no more
    # the last primary row passes its 0.675 to the secondary rows, which then have 0.5 each
    assert found[2].adjusted_p == pytest.approx(0.02 / 0.45)
    assert found[3].adjusted_p == pytest.approx(0.5)
    assert [row.level for row in found] == pytest.approx([0.0225, 0.03375, 0.025, 0.05])


def weights(rows: tuple[int, ...], primary: list[bool]) -> dict[int, float]:
    """The weights of an intersection hypothesis, by the rule that the docstring tells, from all rows down."""
    left, total = [primary.count(True), primary.count(False)], [0.9, 0.1]
    for kind in (0, 1):
        gone = left[kind] - sum(primary[row] == (kind == 0) for row in rows)
        for _ in range(gone):
            if left[kind] == 1:
                total = [0.0, 1.0] if kind == 0 else [1.0, 0.0]
            elif kind == 0 and left[1]:
                passed = total[0] / left[0] / 2
                total = [total[0] - passed, total[1] + passed]
            left[kind] -= 1
    return {row: total[not primary[row]] / left[not primary[row]] for row in rows}


def test_it_is_the_closed_test() -> None:
    """A row is rejected if and only if every intersection with it is, by a weighted Bonferroni test (Marcus 1976)."""
    rng = np.random.default_rng(1)
    primary = [True, True, True, False, False]
    subsets = list(chain.from_iterable(combinations(range(5), size) for size in range(1, 6)))
    for _ in range(200):
        p = rng.random(5) ** 4
        rejected = {
            rows for rows in subsets if any(p[row] <= 0.05 * weight for row, weight in weights(rows, primary).items())
        }
        closed = [all(rows in rejected for rows in subsets if row in rows) for row in range(5)]
        found = gatekeeping(p, primary)
        assert [row.adjusted_p <= 0.05 for row in found] == closed
        assert [value <= row.level for value, row in zip(p, found, strict=True)] == closed


def test_what_does_not_fit_is_told() -> None:
    assert gatekeeping([], []) == []
    with pytest.raises(ValueError, match=r"must have the same shape \(rows,\)"):
        gatekeeping([0.1], [True, False])
    with pytest.raises(ValueError, match="between 0 and 1"):
        gatekeeping([1.5], [True])
