"""A run's predictions on one split of one task, as compressed bytes, and the words of its examples."""

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
    """`outputs` (n, k) as the head gave them, `predictions` (n,), `labels` (n,); one row per example."""

    outputs: Float32
    predictions: Float32
    labels: Float32


@dataclass(frozen=True, eq=False)
class ExampleSizes:
    """The words of a task's dev examples, in order: `words` (n,) of an example, both sentences of a pair together.

    `overlap` (n,) is Jaccard's index of a pair's sets of words, 0..1; `one_word_difference` (n,) whether its sentences
    differ in exactly one word. Both are None for tasks with one sentence. `rarest` (n,) is how often the rarest word of
    an example occurs in the training sentences, NaN where it has no word. The last two are None where the study did not
    keep them.
    """

    words: Float64
    overlap: Float64 | None
    one_word_difference: NDArray[np.bool_] | None = None
    rarest: Float64 | None = None


def pack_predictions(outputs: ArrayLike, predictions: ArrayLike, labels: ArrayLike) -> bytes:
    """Return three float32 arrays in numpy's own format (no pickle), one after the other, zlib-compressed.

    `outputs` has shape (n, k), or (n,) which is read as (n, 1); `predictions` and `labels` have shape (n,).
    The same arrays give the same bytes.
    """
    table = np.asarray(outputs, dtype=np.float32)
    if table.ndim == 1:
        table = table[:, None]
    column = np.asarray(predictions, dtype=np.float32)
    truth = np.asarray(labels, dtype=np.float32)
    if table.ndim != 2 or column.shape != (len(table),) or truth.shape != (len(table),):
        raise ValueError(
            "predictions must have one row per example: outputs (n, k), predictions (n,), labels (n,), "
            f"got {table.shape}, {column.shape}, {truth.shape}"
        )
    buffer = io.BytesIO()
    for array in (table, column, truth):
        np.save(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return zlib.compress(buffer.getvalue(), 6)


def unpack_predictions(payload: bytes) -> Predictions:
    """Return the arrays that `pack_predictions` was given, as float32. RecordError when the bytes are damaged."""
    try:
        buffer = io.BytesIO(zlib.decompress(payload))
        outputs, predictions, labels = (np.load(buffer, allow_pickle=False) for _ in range(3))
    except Exception as fault:  # numpy's parser of headers raises what Python's own does, SyntaxError among it
        raise RecordError(f"The stored predictions are damaged ({fault}); run the study again.") from fault
    return Predictions(outputs, predictions, labels)
