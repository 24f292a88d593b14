"""Prepared data on disk: comes back equal, mapped, whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mtbert.data.prepared import load_prepared, save_prepared
from mtbert.data.tokenize import Prepared, Ragged, TokenizedSplit
from mtbert.errors import DataError


def ragged(*rows: list[int]) -> Ragged:
    offsets = np.cumsum([0, *(len(row) for row in rows)]).astype(np.int64)
    return Ragged(np.array([token for row in rows for token in row], dtype=np.int32), offsets)


def prepared(fingerprint: str = "f" * 64) -> Prepared:
    labels = np.array([0.5, 3.0], dtype=np.float32)
    first, second = ragged([2, 5, 3], [2, 3]), ragged([2, 3], [2, 6, 7, 3])
    return Prepared(
        splits={
            ("sst", "train"): TokenizedSplit(("a", "b"), first, None, labels),
            ("sts", "dev"): TokenizedSplit(("c", "é"), first, second, labels),
        },
        pad_id=0,
        vocabulary_size=8,
        fingerprint=fingerprint,
        max_tokens=16,
        tokenizer_json='{"version": "1.0"}',
        texts={"in_domain": ragged([2, 4, 3], [2, 3]), "folder/my.txt": ragged([2, 9, 3])},
    )


def test_what_is_saved_comes_back_equal(tmp_path: Path) -> None:
    save_prepared(prepared(), tmp_path / "data")
    loaded = load_prepared(tmp_path / "data")
    assert set(loaded.splits) == {("sst", "train"), ("sts", "dev")}
    pair = loaded.splits["sts", "dev"]
    assert pair.ids == ("c", "é")
    assert pair.second is not None
    assert pair.second[1].tolist() == [2, 6, 7, 3]
    assert pair.labels.tolist() == [0.5, 3.0]
    assert loaded.splits["sst", "train"].second is None
    assert (loaded.pad_id, loaded.vocabulary_size, loaded.max_tokens) == (0, 8, 16)
    assert list(loaded.texts) == ["in_domain", "folder/my.txt"]
    assert [loaded.texts["in_domain"][i].tolist() for i in (0, 1)] == [[2, 4, 3], [2, 3]]
    assert loaded.texts["folder/my.txt"][0].tolist() == [2, 9, 3]
    assert (loaded.fingerprint, loaded.tokenizer_json) == ("f" * 64, '{"version": "1.0"}')


def test_arrays_are_mapped_and_cannot_be_changed(tmp_path: Path) -> None:
    save_prepared(prepared(), tmp_path / "data")
    values = load_prepared(tmp_path / "data").splits["sst", "train"].first.values
    assert isinstance(values, np.memmap)
    assert isinstance(load_prepared(tmp_path / "data").texts["in_domain"].values, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        values[0] = 1


def test_saving_again_replaces_and_leaves_nothing_behind(tmp_path: Path) -> None:
    save_prepared(prepared(), tmp_path / "data")
    save_prepared(prepared("e" * 64), tmp_path / "data")
    assert load_prepared(tmp_path / "data").fingerprint == "e" * 64
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_missing_folder_is_a_data_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not hold prepared data"):
        load_prepared(tmp_path / "nothing")


def test_data_prepared_before_there_were_texts_is_read(tmp_path: Path) -> None:
    save_prepared(prepared(), tmp_path / "data")
    path = tmp_path / "data" / "meta.json"
    meta = json.loads(path.read_text())
    del meta["texts"]
    path.write_text(json.dumps(meta))
    assert load_prepared(tmp_path / "data").texts == {}


@pytest.mark.parametrize("name", ["sts.dev.second.values", "texts.1.values"])
@pytest.mark.parametrize("damage", ["cut", "gone", "swapped"])
def test_a_damaged_folder_is_a_data_error(tmp_path: Path, damage: str, name: str) -> None:
    folder = tmp_path / "data"
    save_prepared(prepared(), folder)
    victim = folder / f"{name}.npy"
    if damage == "cut":
        victim.write_bytes(victim.read_bytes()[:-8])
    elif damage == "gone":
        victim.unlink()
    else:
        np.save(victim, np.zeros(99, dtype=np.int32))
    with pytest.raises(DataError, match="damaged"):
        load_prepared(folder)


def test_another_format_is_refused(tmp_path: Path) -> None:
    save_prepared(prepared(), tmp_path / "data")
    path = tmp_path / "data" / "meta.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 99}))
    with pytest.raises(DataError, match="has format 99, this version reads 1"):
        load_prepared(tmp_path / "data")
