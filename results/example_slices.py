"""Parts of the dev examples by how long their sentences are and by how many words a pair shares. Arrays alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from results.arrays import Float64

GROUPS = 4  # about a quarter of the examples each; fewer where many examples are alike


@dataclass(frozen=True, eq=False)
class ExampleSizes:
    """A task's dev examples, in order: `words` (n,) of an example, both sentences of a pair together.

    `overlap` (n,) is Jaccard's index of a pair's sets of words, 0..1; None for tasks with one sentence.
    """

    words: Float64
    overlap: Float64 | None


@dataclass(frozen=True, eq=False)
class Part:
    """Some of the examples: `kind` is "length" or "overlap", `name` from where to where."""

    kind: str
    name: str
    members: NDArray[np.bool_]


def parts(sizes: ExampleSizes) -> list[Part]:
    """The parts by length, then those by overlap; none of a kind in which all examples are alike."""
    found = [Part("length", _span(sizes.words[part], "{:.0f}", "words"), part) for part in _quarters(sizes.words)]
    if sizes.overlap is not None:
        of = sizes.overlap
        found += [Part("overlap", _span(of[part], "{:.2f}", "of the words shared"), part) for part in _quarters(of)]
    return found


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
