"""A run's predictions on one split of one task, as compressed bytes, and word counts of its examples."""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from results.errors import RecordError

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Predictions:
    """The head's `outputs` (n, k), `predictions` (n,) and `labels` (n,); one row per example."""

    outputs: Float32
    predictions: Float32
    labels: Float32


@dataclass(frozen=True, eq=False)
class ExampleSizes:
    """Word statistics of a task's dev examples, in order; `words` (n,) counts both sentences of a pair.

    `overlap` (n,): Jaccard index of a pair's word sets, 0..1; `one_word_difference` (n,): whether its sentences differ
    in exactly one word; both None for single sentences. `rarest` (n,): frequency of an example's rarest word in the
    training sentences, NaN without words. The last two are None in studies of older releases.
    """

    words: Float64
    overlap: Float64 | None
    one_word_difference: NDArray[np.bool_] | None = None
    rarest: Float64 | None = None


def pack_predictions(outputs: ArrayLike, predictions: ArrayLike, labels: ArrayLike) -> bytes:
    """Return the arrays as float32 in numpy's format (no pickle), concatenated and zlib-compressed.

    `outputs` has shape (n, k), or (n,) for (n, 1); `predictions` and `labels` have shape (n,). Equal arrays give equal
    bytes.

    Raises:
        ValueError: the shapes differ from these.
    """
    table = np.asarray(outputs, dtype=np.float32)
    if table.ndim == 1:
        table = table[:, None]
    predicted, true = (np.asarray(array, dtype=np.float32) for array in (predictions, labels))
    if table.ndim != 2 or predicted.shape != (len(table),) or true.shape != (len(table),):
        raise ValueError(
            "predictions must have one row per example: outputs (n, k), predictions (n,), labels (n,), "
            f"got {table.shape}, {predicted.shape}, {true.shape}"
        )
    buffer = io.BytesIO()
    for array in (table, predicted, true):
        np.save(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return zlib.compress(buffer.getvalue(), 6)


def unpack_predictions(payload: bytes) -> Predictions:
    """Return the arrays passed to `pack_predictions`, as float32.

    Raises:
        RecordError: the bytes are damaged.
    """
    try:
        buffer = io.BytesIO(zlib.decompress(payload))
        outputs, predictions, labels = (np.load(buffer, allow_pickle=False) for _ in range(3))
    except Exception as fault:  # numpy's header parser may raise anything that Python's does, e.g. SyntaxError
        raise RecordError(f"The stored predictions are damaged ({fault}); run the study again.") from fault
    return Predictions(outputs, predictions, labels)
