"""A run's predictions on one split of one task, as compressed bytes. Needs only numpy."""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from results.errors import RecordError

Float32 = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Predictions:
    """`outputs` (n, k) as the head gave them, `predictions` (n,), `labels` (n,); one row an example."""

    outputs: Float32
    predictions: Float32
    labels: Float32


def pack_predictions(outputs: ArrayLike, predictions: ArrayLike, labels: ArrayLike) -> bytes:
    """Three float32 arrays in numpy's own format (no pickle), one after the other, zlib-compressed.

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
            "predictions must have one row an example: outputs (n, k), predictions (n,), labels (n,), "
            f"got {table.shape}, {column.shape}, {truth.shape}"
        )
    buffer = io.BytesIO()
    for array in (table, column, truth):
        np.save(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return zlib.compress(buffer.getvalue(), 6)


def unpack_predictions(payload: bytes) -> Predictions:
    """The arrays that `pack_predictions` was given, as float32. RecordError when the bytes are damaged."""
    try:
        buffer = io.BytesIO(zlib.decompress(payload))
        outputs, predictions, labels = (np.load(buffer, allow_pickle=False) for _ in range(3))
    except Exception as fault:  # numpy's parser of headers raises what Python's own does, SyntaxError among it
        raise RecordError(f"The stored predictions are damaged ({fault}); run the study again.") from fault
    return Predictions(outputs, predictions, labels)
