"""Parts of the dev examples by their words: how many, shared by a pair, all but one the same, rare. Arrays alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from results.arrays import Float64
from results.predictions import ExampleSizes

RARE = 1  # a word that occurs so often in the training sentences, or less
GROUPS = 4  # about a quarter of the examples each; fewer where many examples are alike


Kind = Literal["length", "overlap", "one_word_difference", "rare_words"]


@dataclass(frozen=True, eq=False)
class Part:
    """Some of the examples.

    `name` says from where to where the lengths or overlaps are, or yes or no: whether the pair differs in one word, or
    the example has a rare word.
    """

    kind: Kind
    name: str
    members: NDArray[np.bool_]


def parts(sizes: ExampleSizes) -> list[Part]:
    """The parts by length, by overlap, by one word that differs and by rare words; of the kinds that are known.

    Of lengths and overlaps there is none where all examples are alike; of the others one may be empty.
    """
    found = [Part("length", _span(sizes.words[part], "{:.0f}", "words"), part) for part in _quarters(sizes.words)]
    if sizes.overlap is not None:
        of = sizes.overlap
        found += [Part("overlap", _span(of[part], "{:.2f}", "of the words shared"), part) for part in _quarters(of)]
    if sizes.one_word_difference is not None:
        found += _yes_and_no("one_word_difference", sizes.one_word_difference)
    if sizes.rarest is not None:
        found += _yes_and_no("rare_words", sizes.rarest <= RARE)
    return found


def _yes_and_no(kind: Kind, members: NDArray[np.bool_]) -> list[Part]:
    return [Part(kind, "yes", members), Part(kind, "no", ~members)]


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
