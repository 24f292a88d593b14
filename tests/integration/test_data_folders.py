"""Folders of data with all their faults: counted and listed by file and line, never a traceback."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from place import SMALL, Place
from postgres import own_database
from saved_sets import save_all

REAL = Path(os.environ.get("MTBERT_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")
needs_real_data = pytest.mark.skipif(
    not REAL.is_dir() and not os.environ.get("CI"), reason=f"no real data at {REAL}; set MTBERT_DATA"
)


def write_folder(folder: Path) -> Path:
    """A small course folder with every fault of real ones."""
    folder.mkdir()
    words = ["fine", "dull", "great", "poor", "odd", "warm", "cold", "loud", "slow", "keen"]
    sentences = [
        f"a {one} and {other} film number {i}" for i, (one, other) in enumerate((a, b) for a in words for b in words)
    ]
    sst = [f"{i}\ts{i}\t{text}\t{i % 5}" for i, text in enumerate(sentences)]
    sst += [
        "x\tbad1\tno label here\t",
        "x\tbad2\ttoo many stars\t7",
        "x\tbad3\t\t2",
        'x\tbad4\t"never closed\t2',
        "x\tbad5\tshort",
    ]
    pairs = [f"{i}\tp{i}\t{text}\t{text} again\t" for i, text in enumerate(sentences)]
    quora = [f"{row}{i % 2}.0" for i, row in enumerate(pairs)] + ["x\tbad6\tone\ttwo\tmaybe"]
    sts = [f"{row}{i % 6}" for i, row in enumerate(pairs)] + [pairs[0] + "0"]
    header = {"ids-sst": "\tid\tsentence\tsentiment", "quora": "\tid\tsentence1\tsentence2\tis_duplicate"}
    header["sts"] = "\tid\tsentence1\tsentence2\tsimilarity"
    for stem, rows in {"ids-sst": sst, "quora": quora, "sts": sts}.items():
        # The train file has a byte order mark and Windows line ends.
        text = "\r\n".join([header[stem], *rows]) + "\r\n"
        (folder / f"{stem}-train.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
        (folder / f"{stem}-dev.csv").write_text("\n".join([header[stem], *rows[:40]]) + "\n", encoding="utf-8")
    (folder / "sts-test-student.csv").write_text("\tid\tsentence1\tsentence2\n1\tt1\ta\tb\n", encoding="utf-8")
    return folder


def test_every_fault_is_counted_and_listed_and_the_study_ends_well(place: Place) -> None:
    write_folder(place.folder / "data")
    asked = ("--space", "pooling", "--data", "data", "--trials", "1", "--phases", "search,report", "--name", "f")
    done = place.call(*SMALL, *asked)
    assert done.returncode == 0, done.stdout + done.stderr
    issues = place.rows("select file, line, kind from data_issue order by file, line")
    assert issues == [
        ("ids-sst-train.csv", 102, "empty_label"),
        ("ids-sst-train.csv", 103, "bad_label"),
        ("ids-sst-train.csv", 104, "empty_text"),
        ("ids-sst-train.csv", 105, "stray_quote"),
        ("ids-sst-train.csv", 106, "columns"),
        ("quora-train.csv", 102, "bad_label"),
        ("sts-train.csv", 102, "duplicate"),
    ]
    report = (place.folder / "runs" / "f" / "report.html").read_text(encoding="utf-8")
    for file, line, _ in issues:
        assert f"{file}:{line}" in report
    assert (
        "7 rows of the data were dropped (ids-sst-train.csv: 5, quora-train.csv: 1, sts-train.csv: 1)." in done.stdout
    )
    assert done.stdout.count("dropped (") == 1 and "ids-sst-train.csv:102" not in done.stdout
    assert "sst: 40 examples of dev are in the train file too; none is trained on" in done.stdout
    (told,) = place.rows("select data_json from study_meta")[0]
    leaking = json.loads(told)["leaking_rows"]
    assert f"sst: dropped {leaking['sst']} train rows with a sentence of a dev or test split" in done.stdout
    assert f"{sum(leaking.values())} train rows with a sentence of a dev or test split were left out" in report


def test_strict_data_makes_a_bad_row_an_error(place: Place) -> None:
    write_folder(place.folder / "data")
    done = place.call(*SMALL, "--space", "pooling", "--data", "data", "--strict-data")
    assert done.returncode == 2 and "ids-sst-train.csv:102" in done.stderr and "Traceback" not in done.stderr
    assert not (place.folder / "runs").exists()


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("quora-train.csv", "", "quora-train.csv"),
        ("quora-dev.csv", None, "quora-dev.csv"),
        ("sts-train.csv", "\tid\tsentence1\tsimilarity\n1\ta\tb\t3\n", "sentence2"),
        ("ids-sst-train.csv", "{not a table}", "ids-sst-train.csv"),
    ],
)
def test_a_file_that_is_wrong_is_named(place: Place, file: str, content: str | None, message: str) -> None:
    folder = write_folder(place.folder / "data")
    if content is None:
        (folder / file).unlink()
    else:
        (folder / file).write_text(content, encoding="utf-8")
    done = place.call(*SMALL, "--space", "pooling", "--data", "data")
    assert done.returncode == 2 and message in done.stderr and "Traceback" not in done.stderr
    assert not (place.folder / "runs").exists()


@pytest.mark.slow
@needs_real_data
def test_a_study_of_real_sentences(place: Place) -> None:
    # A pretrained backbone has its vocabulary; a small one would have to make it of all sentences.
    asked = ("--backbone", "minilm", "--trials", "2", "--phases", "search,report")
    done = place.call(*SMALL, *asked, "--space", "pooling", "--data", str(REAL), "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["runs"] == place.rows("select count(*) from run")[0][0]
    assert place.rows("select count(*) from data_issue where file = 'quora-train.csv'")[0][0] >= 2
    assert "Made-up data" not in Path(place.folder / told["report"]).read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_study_of_what_was_saved_of_the_hub_with_every_stage_that_reads_sentences(place: Place) -> None:
    save_all(place.folder / "saved")
    stages = ("mlm=in_domain", "simcse_unsupervised=on", "simcse_supervised=on")
    pins = [word for stage in stages for word in ("--set", stage)]
    arguments = ("--data", "hub:saved", "--trials", "1", "--seeds", "1", "--phases", "search,confirm,report", "--json")
    done = place.call(*SMALL, *pins, *arguments)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["failed"] == 0 and told["study"] == "full_ablation-hub_saved-tiny"
    names = place.rows("select distinct name from stage order by name")
    assert {"mlm", "simcse_unsupervised", "simcse_supervised", "multitask"} <= {name for (name,) in names}
    assert place.rows("select data_source, data_made_up from study_meta") == [("hub:saved", 0)]
    again = place.call("--name", told["study"], "--phases", "search,confirm", "--json")
    assert again.returncode == 0 and json.loads(again.stdout)["runs"] == told["runs"]


@pytest.mark.slow
def test_a_study_in_postgresql(place: Place) -> None:
    with own_database() as storage:
        arguments = (*SMALL, "--space", "pooling", "--name", "s", "--storage", storage, "--json")
        done = place.call(*arguments)
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        again = place.call(*arguments, "--phases", "search,confirm,ablate,test")
        assert json.loads(again.stdout)["runs"] == told["runs"] and "Resuming study s" in again.stderr
        assert not place.database.exists()
