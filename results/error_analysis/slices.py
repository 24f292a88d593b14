"""Accuracies, or absolute errors, in parts of the examples, with intervals over seeds and examples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from results.database.predictions import ExampleSizes
from results.statistics import Interval, paired_difference
from results.statistics.arrays import Float64

RARE = 1  # a word is rare if it occurs at most this often in the training sentences
GROUPS = 4  # each has about a quarter of the examples; there are fewer if many examples have the same value

Kind = Literal["true class", "length", "overlap", "one_word_difference", "rare_words"]
Values = NDArray[np.bool_] | NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Part:
    """A part of the examples, as the mask `members` (examples,).

    `name` is the class, the range of lengths or overlaps, or "yes" or "no" for pairs that differ in one word and for
    examples with a rare word.
    """

    kind: Kind
    name: str
    members: NDArray[np.bool_]


@dataclass(frozen=True)
class Slice:
    """Each configuration's mean in one part, and the difference first minus second of the paired configurations.

    Means are accuracies or absolute errors; a part with fewer than two examples has none. Intervals are not corrected
    for multiple slices: of twenty without a difference, one excludes 0 on average.
    """

    kind: Kind
    name: str
    examples: int
    mean: Mapping[str, Interval]
    difference: Interval | None


def slices(
    sides: Mapping[str, Values], pair: tuple[Values, Values] | None, parts: Iterable[Part], most: float = 1.0
) -> list[Slice]:
    """Return a slice for each part.

    `sides` are configuration -> correctness or absolute error (seeds, examples), with at least two seeds. `pair` has
    two of them with the same seeds, for the difference. Intervals of means are clipped to 0 and `most`.
    """
    result = []
    for part in parts:
        size, mean, difference = int(part.members.sum()), {}, None
        if size > 1:
            mean = {role: _mean(_values(values, part), most) for role, values in sides.items()}
            difference = paired_difference(*(_values(each, part) for each in pair)).interval() if pair else None
        result.append(Slice(part.kind, part.name, size, mean, difference))
    return result


def class_parts(labels: Float64, classes: int) -> list[Part]:
    """Return the examples of each true class, by number."""
    return [Part("true class", str(label), labels == label) for label in range(classes)]


def word_parts(sizes: ExampleSizes) -> list[Part]:
    """Return the parts by length, overlap, one-word difference and rare words, for the statistics that were kept.

    There are none by length or overlap if all examples have the same; a part of the other kinds may be empty.
    """
    parts = [Part("length", _range(sizes.words[mask], "{:.0f}", "words"), mask) for mask in _quarters(sizes.words)]
    if (overlap := sizes.overlap) is not None:
        masks = _quarters(overlap)
        parts += [Part("overlap", _range(overlap[mask], "{:.2f}", "of the words shared"), mask) for mask in masks]
    if (differs := sizes.one_word_difference) is not None:
        parts += [Part("one_word_difference", "yes", differs), Part("one_word_difference", "no", ~differs)]
    if sizes.rarest is not None:
        rare = sizes.rarest <= RARE
        parts += [Part("rare_words", "yes", rare), Part("rare_words", "no", ~rare)]
    return parts


def _mean(values: Float64, most: float) -> Interval:
    mean = paired_difference(values, np.zeros_like(values)).interval()
    return Interval(mean.estimate, max(mean.low, 0.0), min(mean.high, most))


def _values(table: Values, part: Part) -> Float64:
    return table[:, part.members].astype(np.float64)


def _quarters(values: Float64) -> list[NDArray[np.bool_]]:
    """Return masks of the values between the quartiles; equal values stay together."""
    if not values.size or values.min() == values.max():
        return []
    edges = np.unique(np.quantile(values, np.arange(1, GROUPS) / GROUPS, method="inverted_cdf"))
    group = np.searchsorted(edges, values, side="left")
    return [group == number for number in np.unique(group)]


def _range(values: Float64, number: str, unit: str) -> str:
    low, high = (number.format(value) for value in (values.min(), values.max()))
    return f"{low} {unit}" if low == high else f"{low} to {high} {unit}"
