"""The outlook of an open row, against rows that get the further seeds."""

from __future__ import annotations

import numpy as np
import pytest

from results.statistics.differences import Difference, Noise
from results.statistics.outlook import outlook
from results.statistics.verdicts import verdict

MARGIN, LEVEL = 1.0, 0.99


@pytest.mark.parametrize("estimate", [0.0, 0.6, 1.5, 4.0])
@pytest.mark.parametrize("examples", [0.0, 0.05])
def test_it_is_the_share_of_rows_that_get_a_verdict(estimate: float, examples: float) -> None:
    """The new seeds are drawn around a true difference, which is drawn around the estimate."""
    n, later, v, rng = 3, 8, 1.5, np.random.default_rng(2)
    said = {"decided": 0, "said": 0}
    draws = 4000
    for _ in range(draws):
        true = rng.normal(estimate, np.sqrt(v / n))
        new = rng.normal(true, np.sqrt(v / (later - n)))
        after = Difference(
            (n * estimate + (later - n) * new) / later, Noise(v / later, examples, 40 + later - n, 10**6)
        )
        no_gain, no_loss = after.p_below(MARGIN), after.p_above(-MARGIN)
        p = min(1.0, after.p_value() / (1 - LEVEL) * 0.05)
        word = verdict(after.estimate, p, max(no_gain, no_loss), no_gain_p=no_gain, no_loss_p=no_loss)
        said["decided"] += word in ("helps", "hurts", "equivalent")
        said["said"] += word != "open"
    found = outlook(Difference(estimate, Noise(v / n, examples, 40, 10**6)), n, later, level=LEVEL, margin=MARGIN)
    assert found.decided == pytest.approx(said["decided"] / draws, abs=0.03)
    assert found.said == pytest.approx(said["said"] / draws, abs=0.03)


def test_without_noise_it_is_certain_and_without_a_margin_only_a_difference_counts() -> None:
    certain = Difference(2.0, Noise(0.0, 0.0, 4, 10))
    assert outlook(certain, 3, 5, level=0.95).decided == 1.0
    noisy = Difference(0.1, Noise(1.0, 0.0, 20, 10))
    found = outlook(noisy, 3, 5, level=0.95)
    assert found.decided == found.said < 0.1
    with pytest.raises(ValueError, match="above the 3 seeds of the row, got 3"):
        outlook(noisy, 3, 3, level=0.95)
