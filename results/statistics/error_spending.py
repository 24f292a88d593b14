"""How much error each interim analysis of a test may spend, and the level at which it tests.

Every rule has the same two questions: the level of an analysis if the whole test has the error alpha, and the reverse,
the smallest alpha with which an analysis rejects. The smallest over all analyses is the p-value of the whole test.
"""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike

from results.statistics.arrays import Float64
from results.statistics.hypothesis_tests import spending, validated_shares

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)
_ALPHAS = np.geomspace(1e-9, 0.9, 64)  # between them levels are interpolated


class AbstractErrorSpending(ABC):
    """A rule that divides the error of a test between its analyses, which count from 0."""

    @abstractmethod
    def level(self, alpha: float, analysis: int) -> float:
        """Return the level at which an analysis tests if the whole test has the error `alpha`."""

    @abstractmethod
    def p_at(self, p: float, analysis: int) -> float:
        """Return the smallest error of the whole test with which an analysis rejects at the p-value `p`, at most 1."""

    @property
    @abstractmethod
    def analyses(self) -> int:
        """The number of planned analyses."""

    def check(self, analyses: int) -> None:
        """Raise ValueError if more analyses were made than are planned."""
        if not 0 < analyses <= self.analyses:
            raise ValueError(f"there must be 1 to {self.analyses} interim analyses, got {analyses}")


@dataclass(frozen=True)
class BonferroniSpending(AbstractErrorSpending):
    """Each analysis tests at its share of alpha, whatever the dependence of the analyses (`sequential_p`)."""

    shares: tuple[float, ...]

    @classmethod
    def of(cls, shares: ArrayLike) -> BonferroniSpending:
        """Return the rule with these shares of the error.

        Raises:
            ValueError: the shares are not above 0 or exceed 1 in sum.
        """
        return cls(tuple(validated_shares(shares).tolist()))

    def level(self, alpha: float, analysis: int) -> float:
        """Return the share of `alpha`."""
        return self.shares[analysis] * alpha

    def p_at(self, p: float, analysis: int) -> float:
        """Return p divided by the share."""
        return min(1.0, p / self.shares[analysis])

    @property
    def analyses(self) -> int:
        """The number of shares."""
        return len(self.shares)


@dataclass(frozen=True)
class ExactSpending(AbstractErrorSpending):
    """Levels that use up the error of `spending` exactly if estimates are means of a growing number of seeds.

    The statistics of the analyses are then correlated, sqrt(n_j / n_k) between n_j and n_k > n_j seeds, so an analysis
    may test at a higher level than its share of alpha: it only has to reject where no earlier analysis has (Lan and
    DeMets 1983, "Discrete sequential boundaries for clinical trials", Biometrika 70; the probabilities by numerical
    integration as in Armitage, McPherson and Rowe 1969, JRSS A 132). Noise that all seeds share, as that of the dev
    examples, makes the statistics more alike and the error smaller. A one-sided test at the same levels has an error of
    at most alpha.

    `seeds`: the numbers of seeds of all planned analyses, ascending.
    """

    seeds: tuple[int, ...]

    def level(self, alpha: float, analysis: int) -> float:
        """Return the level, interpolated between those of `_ALPHAS`."""
        alphas, levels = _table(self.seeds)
        if alpha <= alphas[0]:
            return float(alpha * levels[0, analysis] / alphas[0])
        return float(np.exp(np.interp(np.log(min(alpha, 1.0)), np.log(alphas), np.log(levels[:, analysis]))))

    def p_at(self, p: float, analysis: int) -> float:
        """Return the inverse of `level`."""
        alphas, levels = _table(self.seeds)
        if p <= levels[0, analysis]:
            return float(p * alphas[0] / levels[0, analysis])
        if p >= levels[-1, analysis]:
            return 1.0
        return float(np.exp(np.interp(np.log(p), np.log(levels[:, analysis]), np.log(alphas))))

    @property
    def analyses(self) -> int:
        """The number of planned analyses."""
        return len(self.seeds)


@functools.lru_cache(maxsize=32)
def _table(seeds: tuple[int, ...]) -> tuple[Float64, Float64]:
    """Return errors alpha (n,), and the levels of the analyses for each (n, analyses)."""
    times, shares = np.array(seeds, dtype=np.float64) / seeds[-1], spending(seeds)
    return _ALPHAS, np.array([two_sided_levels(times, alpha * shares) for alpha in _ALPHAS])


def two_sided_levels(times: Float64, spends: Float64) -> list[float]:
    """Return the level of each analysis that first rejects with the probability `spends` (n,) at the `times` (n,).

    With B(t), t the share of the information, a Brownian motion, analysis k rejects if |B(t_k)| > c_k sqrt(t_k). The
    density of the paths that no analysis has rejected is integrated from one analysis to the next: `y` and `density`
    are the nodes of the interval that the analysis before accepts, and the density there times their weights.
    """
    from scipy.optimize import brentq
    from scipy.special import ndtr, ndtri

    y, density, before = np.zeros(1), np.ones(1), 0.0
    result: list[float] = []
    for t, spend in zip(times, spends, strict=True):
        step = sqrt(t - before)

        def excess(c: float, *, y: Float64 = y, density: Float64 = density, t: float = t, step: float = step,
                   spend: float = spend) -> float:  # fmt: skip
            reach = c * sqrt(t)
            return float(density @ (ndtr((y - reach) / step) + ndtr((-y - reach) / step))) - spend

        c = float(brentq(excess, 0.0, -ndtri(spend / 2) + 1e-9, xtol=1e-10))
        result.append(2 * float(ndtr(-c)))
        nodes = _NODES * c * sqrt(t)
        kernel = np.exp(-0.5 * ((nodes[:, None] - y) / step) ** 2) / (step * sqrt(2 * np.pi))
        y, density, before = nodes, (kernel @ density) * _WEIGHTS * c * sqrt(t), float(t)
    return result
