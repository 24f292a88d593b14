"""Subsets of rows, and the parts of dev, by a hash of the row's id: the same for every run, or every run of a seed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mtbert.data.examples import Corpus, Split
from mtbert.errors import DataError

TEST_SHARE = 10  # one row in ten
# The search's part of dev: one row in four, but no more than 1,000, because it is evaluated after every epoch, and a
# choice among configurations needs no more. All other rows decide.
SEARCH_SHARE, MOST_SEARCHED = 4, 1000


def first(split: Split, n: int | None, seed: int | None = None) -> Split:
    """Return the n rows with the smallest SHA-256 of their id, in the split's order; all of them if n is None.

    With a `seed`, it is the SHA-256 of "seed id": each seed draws n rows at random, without replacement. Subsets are
    nested: `first(s, 10)` is contained in `first(s, 20)`. If n exceeds the length, the split is returned.

    Raises:
        ValueError: n is below 1.
    """
    if n is None or n >= len(split):
        return split
    if n < 1:
        raise ValueError(f"a subset needs at least 1 row, got {n}")
    salt = "" if seed is None else f"{seed} "
    order = sorted(range(len(split)), key=lambda i: _hash(f"{salt}{split.ids[i]}"))
    return split.take(sorted(order[:n]))


def require_choice(corpus: Corpus, n: int | None) -> None:
    """Refuse a number of training examples that leaves nothing to draw.

    Raises:
        DataError: n is None or not below the number of rows of every task.
    """
    rows = {name: len(task.train) for name, task in corpus.tasks.items()}
    short = [f"{name} {count:,}" for name, count in rows.items() if n is None or n >= count]
    if short:
        raise DataError(
            f"Training sentences that vary with the seed (--vary train) need a number of training examples below that "
            f"of every task's usable rows, got {'all' if n is None else f'{n:,}'} of {', '.join(short)}. Give "
            f"--train-examples {max(1, min(rows.values()) // 2)}, say, or leave out --vary."
        )


def first_with_two_labels(split: Split, n: int | None) -> Split:
    """Return `first`, but if all its rows have one label, the next row with another one replaces the last of them.

    Subsets stay nested. Labels are equal only for one row, and for a split whose labels are all equal.
    """
    if n is None or n >= len(split):
        return first(split, n)
    order = sorted(range(len(split)), key=lambda i: _hash(split.ids[i]))
    return split.take(sorted(_with_two_labels(split, order, len(first(split, n)))))


def dev_parts(split: Split, n: int | None = None) -> tuple[Split, Split]:
    """Return (search, dev): the rows of a dev split that a search reads, and those that decide, in the split's order.

    The search has the quarter of the rows with the smallest hash (at most `MOST_SEARCHED`); it is not the hash by which
    `first` chooses. Of each part the `first_with_two_labels` are returned: n of dev and `searched(n)` for the search;
    None: all of both.

    From four rows on each part has two rows or more, and dev two labels if the split has them; so has the search's part
    if there are enough rows of both. Of two or three rows the search has one. A single row is in both parts.
    """
    order = sorted(range(len(split)), key=lambda i: _hash(f"search {split.ids[i]}"))
    if len(order) < 2:
        return split, split
    size = max(min(2, len(order) // 2), min(len(order) // SEARCH_SHARE, MOST_SEARCHED))
    decide = _with_two_labels(split, order[::-1], min(2, len(order) - size))  # whatever else is drawn
    search = _with_two_labels(split, [i for i in order if i not in decide], size)
    dev = sorted(set(order).difference(search))
    most = None if n is None else searched(n)
    return first_with_two_labels(split.take(sorted(search)), most), first_with_two_labels(split.take(dev), n)


def searched(n: int) -> int:
    """Return the most examples that the search reads where n decide.

    They are half as many, because they are read after every epoch, but at least the two that a correlation needs.
    """
    return max(2, n // 2)


def _with_two_labels(split: Split, order: Sequence[int], n: int) -> list[int]:
    """Return the first n places of `order`; if their labels are equal, a later one with another replaces the last."""
    chosen = list(order[:n])
    if n > 1 and len(np.unique(split.labels[chosen])) == 1:
        others = (i for i in order[n:] if split.labels[i] != split.labels[chosen[0]])
        chosen[-1] = next(others, chosen[-1])
    return chosen


def hold_out_test(split: Split) -> tuple[Split, Split]:
    """Return (train, test): test has the rows whose SHA-256 of the id is 0 modulo 10, about 10 %.

    In very small splits, where that is no row at all (or every row), the row with the smallest hash is the test set (or
    the one with the largest hash stays in train).

    Raises:
        DataError: there are fewer than two rows.
    """
    return _hold_out(split, "test", 0)


def hold_out_dev(split: Split) -> tuple[Split, Split]:
    """Return (train, dev) for data published without a dev split: dev has 1 modulo 10, so it has no test row.

    Very small splits are divided as in `hold_out_test`.

    Raises:
        DataError: there are fewer than two rows.
    """
    return _hold_out(split, "dev", 1)


def _hold_out(split: Split, name: str, remainder: int) -> tuple[Split, Split]:
    if len(split) < 2:
        raise DataError(f"train and {name} need at least 2 usable rows of the train file, got {len(split)}.")
    hashes = [_hash(identity) for identity in split.ids]
    held: NDArray[np.bool_] = np.array([value % TEST_SHARE == remainder for value in hashes])
    if not held.any():
        held[hashes.index(min(hashes))] = True
    elif held.all():
        held[hashes.index(max(hashes))] = False
    return split.take(np.flatnonzero(~held)), split.take(np.flatnonzero(held))


def _hash(identity: str) -> int:
    return int.from_bytes(hashlib.sha256(identity.encode("utf-8", "surrogatepass")).digest(), "big")
