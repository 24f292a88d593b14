from __future__ import annotations

import numpy as np
import pytest

from results.database.predictions import pack_predictions, unpack_predictions
from results.errors import RecordError


def test_what_was_packed_comes_back_in_float32() -> None:
    outputs = np.random.default_rng(0).normal(size=(7, 5))
    kept = unpack_predictions(pack_predictions(outputs, outputs.argmax(1), np.arange(7)))
    assert kept.outputs.tolist() == np.float32(outputs).tolist()
    assert kept.predictions.tolist() == outputs.argmax(1).tolist()
    assert kept.labels.tolist() == list(range(7))


def test_one_output_an_example_is_a_column() -> None:
    assert unpack_predictions(pack_predictions([0.5, 1.5], [0, 1], [0, 1])).outputs.shape == (2, 1)


def test_equal_predictions_are_equal_bytes() -> None:
    assert pack_predictions([[1, 2]], [1], [0]) == pack_predictions(np.array([[1.0, 2.0]]), [1], [0])


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match=r"got \(2, 1\), \(1,\), \(2,\)"):
        pack_predictions([[1.0], [2.0]], [1.0], [1.0, 2.0])


@pytest.mark.parametrize("payload", [b"", b"nonsense", pack_predictions([[1.0]], [1.0], [1.0])[:-9]])
def test_damaged_bytes_are_said(payload: bytes) -> None:
    with pytest.raises(RecordError, match="The stored predictions are damaged"):
        unpack_predictions(payload)
