"""Two-level factorial designs as signs: runs, aliases, and main effects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product
from string import ascii_uppercase

import numpy as np
from numpy.typing import ArrayLike, NDArray

from results.statistics.arrays import finite
from results.statistics.differences import Difference, paired_difference

Signs = NDArray[np.int8]


@dataclass(frozen=True, eq=False)
class FactorialDesign:
    """A two-level design. `signs` (runs, factors) holds -1 (low) and +1 (high); the first run is all low.

    `resolution` is the length of the shortest word of its defining relation: with IV main effects are free of
    two-factor interactions, which may be confounded with each other; 0: a full factorial, nothing is confounded.
    `generators` are written with letters for factors (`D=ABC`); `aliases` are the groups of two or more pairs of
    factors (indices) whose interactions are confounded.
    """

    signs: Signs
    resolution: int
    generators: tuple[str, ...]
    aliases: tuple[tuple[tuple[int, int], ...], ...]


def resolution_iv_design(factors: int) -> FactorialDesign:
    """Return the smallest regular fraction of resolution IV: 8 runs for 4 factors, 16 for 8; up to 3 factors, all runs.

    Each further factor is the product of an odd number, three or more, of the m base factors, so that every word of
    the defining relation has an even number of letters, four or more (Box, Hunter and Hunter 2005, "Statistics for
    Experimenters", chapter 6). A single further factor is the product of all base factors: resolution m + 1.

    Raises:
        ValueError: there is no factor, or there are more than 26.
    """
    if not 1 <= factors <= len(ascii_uppercase):
        raise ValueError(f"A design has 1 to {len(ascii_uppercase)} factors, got {factors}.")
    if factors <= 3:
        return _design([], factors)
    base = next(m for m in range(3, factors + 1) if 2 ** (m - 1) >= factors)
    if factors == base + 1:
        return _design([2**base - 1], base)
    odd = [sum(1 << i for i in chosen) for size in range(3, base + 1, 2) for chosen in combinations(range(base), size)]
    return _design(odd[: factors - base], base)


def main_effects(signs: ArrayLike, scores: ArrayLike) -> list[Difference]:
    """Return each factor's main effect: the mean score of its high runs minus that of its low runs, paired by seed.

    Args:
        signs: (runs, factors) of -1 and +1, both of them for each factor.
        scores: (runs, seeds), the same seeds for all runs, at least two.

    Raises:
        ValueError: the shapes do not fit, or a sign is another number.
    """
    columns, table = np.asarray(signs).T, finite(scores, "scores")
    if table.ndim != 2 or columns.shape[1:] != (len(table),) or any({-1, 1} != set(each.tolist()) for each in columns):
        raise ValueError(f"Signs (runs, factors) must fit scores (runs, seeds), got {columns.T.shape}, {table.shape}")
    return [paired_difference(table[side > 0].mean(axis=0), table[side < 0].mean(axis=0)) for side in columns]


def _design(products: Sequence[int], base: int) -> FactorialDesign:
    """Return the design of the base factors and of their products, each a bit mask of base factors."""
    masks = [*(1 << i for i in range(base)), *products]
    runs = np.array(list(product((-1, 1), repeat=base)), dtype=np.int8)[
        :, ::-1
    ]  # the first base factor changes fastest
    signs = np.stack([runs[:, [i for i in range(base) if mask >> i & 1]].prod(axis=1) for mask in masks], axis=1)
    # A product of an even number of base factors would be high in the first run, so its signs are flipped.
    signs = (signs * -signs[0]).astype(np.int8)
    letters = ["".join(ascii_uppercase[i] for i in range(base) if mask >> i & 1) for mask in masks]
    generators = tuple(
        f"{ascii_uppercase[i]}={'' if len(letters[i]) % 2 else '-'}{letters[i]}" for i in range(base, len(masks))
    )
    aliases = _aliases(masks)
    # Every word has four letters or more, and two aliased pairs make a word of four. Without aliases the only word is
    # that of the single generator.
    resolution = 0 if not generators else 4 if aliases else base + 1
    return FactorialDesign(signs, resolution, generators, aliases)


def _aliases(masks: Sequence[int]) -> tuple[tuple[tuple[int, int], ...], ...]:
    groups: dict[int, list[tuple[int, int]]] = {}
    for i, j in combinations(range(len(masks)), 2):
        groups.setdefault(masks[i] ^ masks[j], []).append((i, j))
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)
