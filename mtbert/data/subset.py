"""Subsets of rows, decided by a hash of the row's id: the same for every run, or for every run with the same seed."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from mtbert.data.examples import Corpus, Split
from mtbert.errors import DataError

TEST_SHARE = 10  # one row in ten


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
    chosen = first(split, n)
    if len(chosen) < 2 or len(chosen) == len(split) or len(np.unique(chosen.labels)) > 1:
        return chosen
    order = sorted(range(len(split)), key=lambda i: _hash(split.ids[i]))
    other = next((i for i in order[len(chosen) :] if split.labels[i] != chosen.labels[0]), order[len(chosen) - 1])
    return split.take(sorted([*order[: len(chosen) - 1], other]))


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
