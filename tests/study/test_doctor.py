"""The doctor: what is wrong with a stage store is found by hash, told, and cleared away."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torch

from mtbert.stage_store import store as stage_store
from mtbert.stage_store.store import STATE, StageStore
from results.database.database import open_database
from results.database.rows import StudyRow
from study.doctor import main
from study.provenance import store_note

Said = pytest.CaptureFixture[str]
ONE, TWO = "1" * 64, "2" * 64


@pytest.fixture
def store(tmp_path: Path) -> StageStore:
    result = StageStore(tmp_path / "store")
    for key in (ONE, TWO):
        result.put(key, {"x": torch.arange(4.0)}, {})
    return result


def damage(store: StageStore) -> None:
    path = store.folder / ONE[:2] / ONE / STATE
    path.write_bytes(path.read_bytes()[:-1])
    (store.folder / "claims").mkdir(exist_ok=True)
    (store.folder / "claims" / TWO).write_text(json.dumps({"host": "gone", "pid": 1}), encoding="utf-8")
    os.utime(store.folder / "claims" / TWO, (1, 1))


def test_a_store_without_fault(store: StageStore, capsys: Said) -> None:
    assert main(["--store", str(store.folder)]) == 0
    assert "2 entries" in capsys.readouterr().out


def test_faults_are_found_and_repaired(store: StageStore, capsys: Said) -> None:
    damage(store)
    assert main(["--store", str(store.folder)]) == 3
    told = capsys.readouterr().out
    assert "SHA-256" in told and "left over by a process that ended" in told and "--fix" in told
    assert store.keys() == [ONE, TWO]  # only looked at
    assert main(["--store", str(store.folder), "--fix", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {fault["key"] for fault in found["faults"]} == {ONE, TWO} and found["fixed"]
    assert store.keys() == [TWO] and (store.folder / "damaged" / ONE).is_dir()
    assert not list((store.folder / "claims").iterdir())
    assert main(["--store", str(store.folder)]) == 0


def test_a_folder_that_is_no_store_gets_one_message(tmp_path: Path, capsys: Said) -> None:
    (tmp_path / "file.txt").write_text("mine", encoding="utf-8")
    for folder in (tmp_path, tmp_path / "nowhere"):
        assert main(["--store", str(folder), "--fix"]) == 2
        assert f"{folder} is not a stage store" in capsys.readouterr().err
    assert (tmp_path / "file.txt").exists()
    assert main([]) == 2 and "--store DIR" in capsys.readouterr().err


@pytest.mark.parametrize(
    "intruder",
    ["claims/notes.txt", f"claims/{TWO}/", "damaged/old/", f"damaged/{ONE}", "features/report.pdf", "features/.hidden",
     f"features/{ONE}.features/", f"33/{'3' * 64}", "33/notes/", "44"],
)  # fmt: skip
def test_a_folder_with_more_in_it_is_not_touched(store: StageStore, capsys: Said, intruder: str) -> None:
    path = store.folder / intruder
    path.parent.mkdir(exist_ok=True)
    path.mkdir() if intruder.endswith("/") else path.write_text("mine", encoding="utf-8")
    os.utime(path, (1, 1))
    assert main(["--store", str(store.folder), "--fix"]) == 2
    assert "is not a stage store" in capsys.readouterr().err and path.exists()


@pytest.mark.parametrize("link", ["claims", "features", f"claims/{TWO}", f"damaged/{TWO}", f"features/{TWO}.features"])
def test_a_link_is_nothing_of_a_store(store: StageStore, tmp_path: Path, capsys: Said, link: str) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (store.folder / link).parent.mkdir(exist_ok=True)
    (store.folder / link).symlink_to(other)
    assert main(["--store", str(store.folder), "--fix"]) == 2
    assert "is not a stage store" in capsys.readouterr().err and other.is_dir()


def test_what_goes_meanwhile_is_no_fault(store: StageStore, monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    claim, real = store.folder / "claims" / TWO, stage_store.is_own
    claim.parent.mkdir()
    claim.touch()

    def is_own(path: Path) -> bool:
        """Its owner is faster."""
        claim.unlink(missing_ok=True)
        return real(path)

    monkeypatch.setattr(stage_store, "is_own", is_own)
    assert main(["--store", str(store.folder), "--fix"]) == 0
    assert "2 entries" in capsys.readouterr().out


def test_the_store_of_a_study_is_found(store: StageStore, tmp_path: Path, capsys: Said) -> None:
    url = f"sqlite:///{tmp_path}/s.db"
    with open_database(url) as database:
        for name in ("shared", "alone"):
            row = StudyRow(
                study_name=name, space="s", goal="g", command="c", data_source="demo", data_made_up=True,
                data_fingerprint="f", backbone="tiny", seed=0,
            )  # fmt: skip
            database.studies.create(row)
        store_note.write(database, "shared", store)
        store_note.write(database, "alone", None)
        assert store_note.read(database.studies.require("alone")) is None
        noted = store_note.read(database.studies.require("shared"))
    assert noted == {"folder": str(store.folder.resolve()), "bytes": store.size(), "entries": 2}
    assert main(["--storage", url, "--name", "shared"]) == 0
    assert main(["--storage", url, "--name", "alone"]) == 0
    assert "records agree" in capsys.readouterr().out
    assert main(["--storage", url, "--name", "unknown"]) == 2
