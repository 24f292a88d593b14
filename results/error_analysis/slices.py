"""How often predictions are right in parts of the examples, or how far off, with intervals over seeds and examples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from results.database.predictions import ExampleSizes
from results.statistics import Interval, paired_difference
from results.statistics.arrays import Float64

RARE = 1  # a word that occurs this often in the training sentences, or less
GROUPS = 4  # about a quarter of the examples each; fewer where many examples are alike

Kind = Literal["true class", "length", "overlap", "one_word_difference", "rare_words"]
Values = NDArray[np.bool_] | NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Part:
    """Some of the examples: `members` (examples,).

    `name` is the class, the span of the lengths or overlaps, or yes or no: whether the pair differs in one word, or the
    example has a rare word.
    """

    kind: Kind
    name: str
    members: NDArray[np.bool_]


@dataclass(frozen=True)
class Slice:
    """One part: each configuration's mean in it, and of the paired ones the first minus the second.

    Means are accuracies, or absolute errors; a part with fewer than two examples has none. Intervals hold for each
    slice alone: of twenty that have no difference, one excludes 0.
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

    `sides`: configuration -> right or not, or how far off (seeds, examples), at least two seeds; `pair`: two with the
    same seeds, which are compared. Intervals of means end at 0 and at `most`.
    """
    found = []
    for part in parts:
        size = int(part.members.sum())
        compared = pair if size > 1 else None
        difference = paired_difference(*(_values(each, part) for each in compared)).interval() if compared else None
        mean = {role: _mean(_values(values, part), most) for role, values in sides.items()} if size > 1 else {}
        found.append(Slice(part.kind, part.name, size, mean, difference))
    return found


def class_parts(labels: Float64, classes: int) -> list[Part]:
    """Return the examples of each true class, by number."""
    return [Part("true class", str(label), labels == label) for label in range(classes)]


def word_parts(sizes: ExampleSizes) -> list[Part]:
    """Return the parts by length, by overlap, by one word that differs and by rare words; of the kinds that are known.

    There are none by length or overlap where all examples are alike; one of the others may be empty.
    """
    found = [Part("length", _span(sizes.words[part], "{:.0f}", "words"), part) for part in _quarters(sizes.words)]
    if sizes.overlap is not None:
        of = sizes.overlap
        found += [Part("overlap", _span(of[part], "{:.2f}", "of the words shared"), part) for part in _quarters(of)]
    rare = sizes.rarest <= RARE if sizes.rarest is not None else None
    kinds: tuple[tuple[Kind, NDArray[np.bool_] | None], ...]
    kinds = (("one_word_difference", sizes.one_word_difference), ("rare_words", rare))
    for kind, members in kinds:
        if members is not None:
            found += [Part(kind, "yes", members), Part(kind, "no", ~members)]
    return found


def _mean(values: Float64, most: float) -> Interval:
    found = paired_difference(values, np.zeros_like(values)).interval()
    return Interval(found.estimate, max(found.low, 0.0), min(found.high, most))


def _values(of: Values, part: Part) -> Float64:
    return of[:, part.members].astype(np.float64)


def _quarters(values: Float64) -> list[NDArray[np.bool_]]:
    """Cut at the quartiles; equal values stay together."""
    if not values.size or values.min() == values.max():
        return []
    edges = np.unique(np.quantile(values, np.arange(1, GROUPS) / GROUPS, method="inverted_cdf"))
    group = np.searchsorted(edges, values, side="left")
    return [group == one for one in np.unique(group)]


def _span(values: Float64, number: str, unit: str) -> str:
    low, high = (number.format(value) for value in (values.min(), values.max()))
    return f"{low} {unit}" if low == high else f"{low} to {high} {unit}"
