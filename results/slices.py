"""How often predictions are right in parts of the examples, or how far off: with intervals over seeds and examples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from results.statistics import Interval, paired_difference


@dataclass(frozen=True)
class Slice:
    """One part: each configuration's mean in it, and of the paired ones the first minus the second.

    Means are accuracies, or absolute errors. Intervals hold for each slice alone: of twenty that have no difference,
    one leaves out 0.
    """

    name: str
    examples: int
    mean: Mapping[str, Interval]
    difference: Interval | None


Values = NDArray[np.bool_] | NDArray[np.float64]


def slices(
    sides: Mapping[str, Values],
    pair: tuple[Values, Values] | None,
    parts: Mapping[str, NDArray[np.bool_]],
    most: float = 1.0,
) -> list[Slice]:
    """The slices that have two examples or more, in the order of `parts` (name -> whether an example is in it).

    `sides`: configuration -> right or not, or how far off (seeds, examples), at least two seeds; `pair`: two with the
    same seeds, that are compared. Intervals of means end at 0 and at `most`.
    """
    found = []
    for name, part in parts.items():
        size = int(part.sum())
        if size < 2:
            continue
        difference = paired_difference(*(_values(each, part) for each in pair)).interval() if pair else None
        found.append(Slice(name, size, {role: _mean(values, part, most) for role, values in sides.items()}, difference))
    return found


def _mean(of: Values, part: NDArray[np.bool_], most: float) -> Interval:
    values = _values(of, part)
    found = paired_difference(values, np.zeros_like(values)).interval()
    return Interval(found.estimate, max(found.low, 0.0), min(found.high, most))


def _values(of: Values, part: NDArray[np.bool_]) -> NDArray[np.float64]:
    return of[:, part].astype(np.float64)
