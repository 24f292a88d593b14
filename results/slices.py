"""How often predictions are right in parts of the examples, each with its interval over seeds and examples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from results.statistics import Interval, paired_difference


@dataclass(frozen=True)
class Slice:
    """One part: the accuracy of each configuration in it, and of the paired ones the first minus the second.

    Intervals hold for each slice alone: of twenty that have no difference, one leaves out 0.
    """

    name: str
    examples: int
    accuracy: Mapping[str, Interval]
    difference: Interval | None


Right = NDArray[np.bool_]


def slices(
    sides: Mapping[str, Right], pair: tuple[Right, Right] | None, parts: Mapping[str, NDArray[np.bool_]]
) -> list[Slice]:
    """The slices that have two examples or more, in the order of `parts` (name -> whether an example is in it).

    `sides`: configuration -> right or not (seeds, examples), at least two seeds; `pair`: two with the same seeds, that
    are compared. Accuracies' intervals end at 0 and 1.
    """
    found = []
    for name, part in parts.items():
        size = int(part.sum())
        if size < 2:
            continue
        difference = paired_difference(*(_values(each, part) for each in pair)).interval() if pair else None
        found.append(Slice(name, size, {role: _accuracy(right, part) for role, right in sides.items()}, difference))
    return found


def _accuracy(right: Right, part: NDArray[np.bool_]) -> Interval:
    values = _values(right, part)
    found = paired_difference(values, np.zeros_like(values)).interval()
    return Interval(found.estimate, max(found.low, 0.0), min(found.high, 1.0))


def _values(right: Right, part: NDArray[np.bool_]) -> NDArray[np.float64]:
    return right[:, part].astype(np.float64)
