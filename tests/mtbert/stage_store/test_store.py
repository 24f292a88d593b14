"""The stage store: whole entries or none, verified when read, within its size, and a claim for who computes."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from mtbert.stage_store import claims, store
from mtbert.stage_store.store import StageStore

ONE, TWO, THREE = ("1" * 64, "2" * 64, "3" * 64)


def tensors(value: float = 1.0, size: int = 10) -> dict[str, torch.Tensor]:
    return {"weight": torch.full((size,), value), "flags": torch.tensor([True, False])}


def test_what_was_put_is_found(tmp_path: Path) -> None:
    kept = StageStore(tmp_path)
    assert kept.find(ONE) is None and not kept.has(ONE)
    kept.put(ONE, tensors(), {"losses": [0.1, 0.2]})
    entry = StageStore(tmp_path).find(ONE)
    assert entry is not None and entry.data == {"losses": [0.1, 0.2]}
    assert torch.equal(entry.tensors["weight"], torch.ones(10)) and entry.tensors["flags"].tolist() == [True, False]
    assert kept.keys() == [ONE] and kept.verify() == []


def test_an_entry_that_is_there_stays(tmp_path: Path) -> None:
    kept = StageStore(tmp_path)
    kept.put(ONE, tensors(1.0), {})
    kept.put(ONE, tensors(2.0), {})
    entry = kept.find(ONE)
    assert entry is not None and entry.tensors["weight"][0] == 1.0


@pytest.mark.parametrize("damage", ["flip", "cut", "no state", "no json"])
def test_a_damaged_entry_is_set_aside_and_can_be_written_again(tmp_path: Path, damage: str) -> None:
    kept = StageStore(tmp_path)
    kept.put(ONE, tensors(), {})
    state, entry = (tmp_path / "11" / ONE / name for name in (store.STATE, store.ENTRY))
    if damage == "flip":
        content = bytearray(state.read_bytes())
        content[-1] ^= 1
        state.write_bytes(content)
    elif damage == "cut":
        state.write_bytes(state.read_bytes()[:-4])
    elif damage == "no state":
        state.unlink()
    else:
        entry.write_text("{", encoding="utf-8")
    assert len(kept.verify()) == 1
    if damage == "no state":
        assert kept.verify(repair=True)
    else:
        assert kept.find(ONE) is None
    assert not kept.has(ONE) and (tmp_path / "damaged" / ONE).is_dir()
    kept.put(ONE, tensors(3.0), {})
    found = kept.find(ONE)
    assert found is not None and found.tensors["weight"][0] == 3.0


def test_the_least_recently_used_goes_first(tmp_path: Path) -> None:
    kept = StageStore(tmp_path)
    for number, key in enumerate((ONE, TWO)):
        kept.put(key, tensors(size=1000), {})
        os.utime(tmp_path / key[:2] / key / store.ENTRY, (number, number))
    assert kept.find(ONE) is not None  # used now, so TWO is the oldest
    limited = StageStore(tmp_path, limit_bytes=kept.size() + 1000)
    limited.put(THREE, tensors(size=1000), {})
    assert limited.keys() == [ONE, THREE] and limited.size() <= kept.size() + 1000


def test_a_full_disk_turns_the_store_off_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = StageStore(tmp_path)
    kept.put(ONE, tensors(), {})

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store, "_write", full)
    kept.put(TWO, tensors(), {})
    assert kept.trouble is not None and "No space left on device" in kept.trouble
    assert not kept.has(TWO) and list((tmp_path / "22").iterdir()) == []
    assert kept.find(ONE) is not None  # what is there can still be used
    monkeypatch.undo()
    kept.put(TWO, tensors(), {})
    assert not kept.has(TWO)


def test_a_folder_that_cannot_be_made_is_trouble_not_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    kept = StageStore(tmp_path / "file" / "store")
    assert kept.claim(ONE) is None and kept.find(ONE) is None
    kept.put(ONE, tensors(), {})
    assert kept.trouble is not None


def test_what_goes_away_while_a_live_store_is_verified_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, listed = StageStore(tmp_path), Path.glob
    kept.put(ONE, tensors(), {})
    half, bare = tmp_path / "11" / f".{ONE[:8]}.x", tmp_path / "22" / TWO
    for folder in (half, bare, kept.features, tmp_path / "claims"):
        folder.mkdir(parents=True)
    (kept.features / ".x").touch()
    (tmp_path / "claims" / THREE).touch()
    seen = set()

    def glob(self: Path, pattern: str) -> Iterator[Path]:
        """Another process is faster."""
        for path in list(listed(self, pattern)):
            gone = path.parent if path.name == store.ENTRY else path
            seen.add(gone.name)
            shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
            yield path

    monkeypatch.setattr(Path, "glob", glob)
    assert kept.verify(repair=True) == []
    assert seen == {ONE, half.name, TWO, ".x", THREE}


def test_what_was_never_finished_is_found_and_cleaned(tmp_path: Path) -> None:
    kept = StageStore(tmp_path)
    half = tmp_path / "11" / f".{ONE[:8]}.x"
    half.mkdir(parents=True)
    os.utime(half, (1, 1))
    assert [fault.message.split(":")[0] for fault in kept.verify(repair=True)] == ["left over by a process that ended"]
    assert not half.exists() and kept.verify() == []


def test_a_second_one_waits_until_the_first_has_the_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = StageStore(tmp_path)
    claim = kept.claim(ONE)
    assert claim is not None and kept.claimed(ONE)
    told: list[object] = []
    tries, real = threading.Semaphore(0), claims.take
    monkeypatch.setattr(claims, "take", lambda path: (tries.release(), real(path))[1])
    monkeypatch.setattr(store, "WAIT_SECONDS", 0.01)
    other = threading.Thread(target=lambda: told.append(kept.claim(ONE)))
    other.start()
    assert all(tries.acquire(timeout=60) for _ in range(3)) and told == []
    kept.put(ONE, tensors(), {})
    claim.release()
    other.join(timeout=60)
    assert told == [None] and not kept.claimed(ONE)


def test_the_claim_of_a_dead_process_is_taken_over_at_once(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, sys; from mtbert.stage_store.store import StageStore; "
        "StageStore(pathlib.Path(sys.argv[1])).claim(sys.argv[2]); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path, ONE], check=True)
    assert (tmp_path / "claims" / ONE).is_file()
    claim = claims.take(tmp_path / "claims" / ONE)
    assert claim is not None
    claim.release()
    assert not (tmp_path / "claims" / ONE).exists()


def test_the_claim_of_another_machine_expires(tmp_path: Path) -> None:
    path = tmp_path / "claims" / ONE
    path.parent.mkdir()
    path.write_text(json.dumps({"host": "elsewhere", "pid": 1}), encoding="utf-8")
    assert claims.take(path) is None
    old = time.time() - claims.EXPIRY_SECONDS - 1
    os.utime(path, (old, old))
    claim = claims.take(path)
    assert claim is not None
    claim.release()


def test_of_two_who_see_a_claim_expired_one_takes_it_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, real, first = tmp_path / "claims" / ONE, claims.expired, list[claims.Claim | None]()
    path.parent.mkdir()
    path.write_text(json.dumps({"host": "gone", "pid": 1}), encoding="utf-8")
    os.utime(path, (1, 1))

    def expired(asked: Path) -> bool:
        """Another is faster between the look and what follows from it."""
        found = real(asked)
        if found and not first:
            monkeypatch.setattr(claims, "expired", real)
            first.append(claims.take(path))
        return found

    monkeypatch.setattr(claims, "expired", expired)
    assert claims.take(path) is None
    (holder,) = first
    assert holder is not None and [file.name for file in path.parent.iterdir()] == [ONE]
    holder.release()
    assert not list(path.parent.iterdir())


def test_what_others_put_into_its_folders_is_left_alone(tmp_path: Path) -> None:
    kept = StageStore(tmp_path, limit_bytes=0)
    theirs = [
        tmp_path / name for name in ("11/notes", "11/.notes", "claims/notes", "features/a.pdf", "features/.a.pdf")
    ]
    theirs.append(tmp_path / "22" / "results")
    for folder in theirs:
        folder.mkdir(parents=True)
        (folder / store.ENTRY).write_text("{}", encoding="utf-8")
        os.utime(folder, (1, 1))
    assert kept.verify(repair=True) == [] and kept.in_progress() == set() and kept.keys() == []
    kept.make_room()
    assert all((folder / store.ENTRY).is_file() for folder in theirs)


def test_a_claim_is_kept_alive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "TOUCH_SECONDS", 0.05)
    with StageStore(tmp_path).claim(ONE) or pytest.fail("nobody else has it"):
        path = tmp_path / "claims" / ONE
        os.utime(path, (1, 1))
        deadline = time.monotonic() + 60
        while path.stat().st_mtime < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert path.stat().st_mtime > 2
