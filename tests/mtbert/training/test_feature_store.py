"""Arrays that are computed once: every way of keeping them gives the same bits, and a damaged file is never used."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from mtbert.training.feature_store import (
    TRAILER_BYTES,
    Features,
    FeatureStore,
    in_hidden_file,
    in_memory,
    in_shared_file,
)

ROWS = torch.randn(7, 3, generator=torch.Generator().manual_seed(0))


class Computing:
    """Gives the rows in two blocks, and counts how often it was asked."""

    def __init__(self, rows: Tensor = ROWS) -> None:
        self.rows, self.times = rows, 0

    def __call__(self) -> Iterator[Tensor]:
        self.times += 1
        yield self.rows[:4]
        yield self.rows[4:]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16, torch.float64])
def test_every_way_of_keeping_gives_the_same_bits(dtype: torch.dtype, tmp_path: Path) -> None:
    computing = Computing(ROWS.to(dtype))
    shared = in_shared_file(computing, tmp_path / "a", "key").values
    ways = (in_memory(computing), in_hidden_file(computing), shared)
    for found in ways:
        assert found.dtype == dtype and torch.equal(found, computing.rows)


def test_a_hidden_file_has_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    found = in_hidden_file(Computing())
    assert torch.equal(found, ROWS) and list(tmp_path.iterdir()) == []


def test_a_shared_file_is_computed_once(tmp_path: Path) -> None:
    computing = Computing()
    for _ in range(3):
        assert torch.equal(in_shared_file(computing, tmp_path / "new" / "a", "key").values, ROWS)
    assert computing.times == 1 and [path.name for path in (tmp_path / "new").iterdir()] == ["a"]


def test_a_shared_file_that_is_used_is_marked_by_its_time(tmp_path: Path) -> None:
    in_shared_file(Computing(), tmp_path / "a", "key")
    written = (tmp_path / "a").stat().st_mtime_ns
    in_shared_file(Computing(), tmp_path / "a", "key")
    assert (tmp_path / "a").stat().st_mtime_ns > written


def test_an_array_in_use_does_not_change_when_its_file_goes(tmp_path: Path) -> None:
    """The least recently used file may be deleted, or a damaged one replaced, while another run reads it."""
    found = in_shared_file(Computing(), tmp_path / "a", "key").values
    (tmp_path / "a").unlink()
    assert torch.equal(found, ROWS)


def test_writing_to_an_array_does_not_reach_its_file(tmp_path: Path) -> None:
    in_shared_file(Computing(), tmp_path / "a", "key").values.zero_()
    assert torch.equal(in_shared_file(Computing(), tmp_path / "a", "key").values, ROWS)


def trailer(raw: bytes, old: bytes, new: bytes) -> bytes:
    return raw[:-TRAILER_BYTES] + raw[-TRAILER_BYTES:].replace(old, new)


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut off": lambda raw: raw[: len(raw) // 2],
    "a byte less": lambda raw: raw[1:],
    "a changed bit": lambda raw: bytes([raw[0] ^ 1]) + raw[1:],
    "another key": lambda raw: trailer(raw, b'"key": "key"', b'"key": "yek"'),
    "another type": lambda raw: trailer(raw, b"float32", b"float16"),
    "no type": lambda raw: trailer(raw, b"float32", b"floatXX"),
    "not a type": lambda raw: trailer(raw, b'"float32"', b'"randn"  '),
    "fewer rows": lambda raw: trailer(raw, b'"rows": 7', b'"rows": 6'),
    "empty": lambda raw: b"",
    "no JSON": lambda raw: bytes(len(raw)),
    "other JSON": lambda raw: b"[1]".ljust(TRAILER_BYTES),
    "not text": lambda raw: b"\xff" * len(raw),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=list(DAMAGES))
def test_a_damaged_file_is_computed_again(
    damage: Callable[[bytes], bytes], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, computing = tmp_path / "a", Computing()
    in_shared_file(computing, path, "key")
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    with caplog.at_level(logging.WARNING):
        assert torch.equal(in_shared_file(computing, path, "key").values, ROWS)
    assert computing.times == 2
    assert path.read_bytes()[:-TRAILER_BYTES] == whole[:-TRAILER_BYTES] and list(tmp_path.iterdir()) == [path]
    assert f"{path} is damaged" in caplog.text


def test_a_computation_that_fails_leaves_no_file(tmp_path: Path) -> None:
    def failing() -> Iterator[Tensor]:
        yield ROWS
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        in_shared_file(failing, tmp_path / "a", "key")
    assert list(tmp_path.iterdir()) == []


def test_a_small_array_lies_in_memory_and_a_large_one_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    store = FeatureStore(memory_bytes=ROWS.nbytes)
    assert torch.equal(store.keep(Computing(), ROWS.nbytes, "").values, ROWS)  # no file was asked for
    with pytest.raises(FileNotFoundError):
        in_hidden_file(Computing())


def test_where_no_file_can_be_written_it_is_told_and_the_array_is_in_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    no_folder = tmp_path / "file"
    no_folder.write_text("in the way")
    store = FeatureStore(shared=no_folder, memory_bytes=0)
    with caplog.at_level(logging.WARNING):
        assert torch.equal(store.keep(Computing(), ROWS.nbytes, "key").values, ROWS)
    first, second = caplog.messages
    assert first.startswith("features are not shared with other runs")
    assert second.startswith("features stay in memory")


def test_rows_are_padded_to_the_longest_sentence() -> None:
    features = Features(ROWS, starts=np.array([4, 0, 5]), lengths=np.array([1, 4, 2]))
    states, mask = features.rows(np.array([2, 0]), torch.device("cpu"))
    assert mask.tolist() == [[True, True], [True, False]]
    assert torch.equal(states[mask], ROWS[[5, 6, 4]]) and states.isfinite().all()
