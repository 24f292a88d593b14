"""A folder in the course's layout: good, faulty, wrong; and the real one where it is at hand."""

from __future__ import annotations

import csv
import os
import re
from pathlib import Path

import numpy as np
import pytest
from cases import for_each

from mtbert.data.cs224n import read_folder
from mtbert.data.examples import Corpus
from mtbert.errors import DataError
from mtbert.tasks.abstract import AbstractTask, Tables
from mtbert.tasks.quora import QuoraTask
from mtbert.tasks.sst import SstTask
from mtbert.tasks.sts import StsTask

TASKS: tuple[AbstractTask, ...] = (SstTask(), QuoraTask(), StsTask())
REAL = Path(os.environ.get("MTBERT_DATA", Path(__file__).parents[4] / "shared" / "data"))
needs_real_data = pytest.mark.skipif(
    not (REAL / "quora-train.csv").is_file(), reason=f"the course's data is not in {REAL} (set MTBERT_DATA)"
)


def write(folder: Path, rows: int = 30) -> Path:
    """A folder with the files of all three tasks, dev a third as long as train."""
    for task in TASKS:
        assert isinstance(task.files, Tables)
        for split, name, count in (("train", task.files.train, rows), ("dev", task.files.dev, rows // 3)):
            lines = ["\t".join(["", "id", *task.text_columns, task.label_column])]
            for i in range(count):
                texts = [f"{split} {column} number {i}" for column in task.text_columns]
                lines.append("\t".join([str(i), f"{split}{i}", *texts, str(i % 2)]))
            (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def append(path: Path, line: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")


def test_train_and_test_together_are_the_train_file(tmp_path: Path) -> None:
    corpus = read_folder(write(tmp_path), TASKS)
    for data in corpus.tasks.values():
        assert len(data.train) + len(data.test) == 30 and len(data.dev) == 10
    assert corpus.rows_read["quora-train.csv"] == 30 and corpus.made_up is False


def test_a_faulty_row_is_dropped_counted_and_listed(tmp_path: Path) -> None:
    write(tmp_path)
    append(tmp_path / "quora-train.csv", "9\tx\tOne?\tTwo?\t")
    append(tmp_path / "quora-train.csv", '9\ty\t"One?\tTwo?\t1')
    append(tmp_path / "sts-dev.csv", "9\tz\tOne.\tTwo.\t5.5")
    corpus = read_folder(tmp_path, TASKS)
    assert [(i.file, i.line, i.kind, i.split) for i in corpus.issues] == [
        ("quora-train.csv", 32, "empty_label", "train"),
        ("quora-train.csv", 33, "stray_quote", "train"),
        ("sts-dev.csv", 12, "bad_label", "dev"),
    ]
    assert corpus.rows_read["quora-train.csv"] == 32


def test_strict_makes_a_faulty_row_an_error(tmp_path: Path) -> None:
    append(write(tmp_path) / "quora-train.csv", "9\tx\tOne?\tTwo?\t")
    with pytest.raises(DataError, match=r"quora-train\.csv:32: label '' is not 0 or 1"):
        read_folder(tmp_path, TASKS, strict=True)


def test_overlap_is_counted_with_all_of_the_train_file(tmp_path: Path) -> None:
    write(tmp_path)
    for i in range(30):  # rows of train and of test
        append(tmp_path / "ids-sst-dev.csv", f"9\to{i}\tTRAIN sentence number {i}\t1")
    assert read_folder(tmp_path, TASKS).overlap == {"sst": 30, "quora": 0, "sts": 0}


def test_the_fingerprint_depends_on_the_content_only(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    a.mkdir()
    b.mkdir()
    before = read_folder(write(a), TASKS).fingerprint
    assert read_folder(write(b), TASKS).fingerprint == before
    append(b / "sts-dev.csv", "9\tz\tOne.\tTwo.\t5")
    assert read_folder(b, TASKS).fingerprint != before


def test_student_test_files_have_no_labels(tmp_path: Path) -> None:
    (write(tmp_path) / "ids-sst-test-student.csv").write_text("0\t\tid\tsentence\n1\t0.0\ta\t Fine\n")
    corpus = read_folder(tmp_path, TASKS)
    unlabelled = corpus.tasks["sst"].unlabelled
    assert unlabelled is not None and unlabelled.texts == ("Fine",)
    assert np.isnan(unlabelled.labels).all()
    assert corpus.tasks["quora"].unlabelled is None


def test_a_folder_without_the_files_gets_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read_folder(tmp_path, TASKS)
    assert str(caught.value) == (
        f"{tmp_path} has none of the files of the course layout (ids-sst-train.csv, quora-train.csv, "
        "sts-train.csv).\nGive a folder that has them, or --data demo (generated, no download), or --data hub."
    )


def test_a_missing_folder_and_a_file_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere does not exist\. .*--data demo"):
        read_folder(tmp_path / "nowhere", TASKS)
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="file is a file, not a folder"):
        read_folder(tmp_path / "file", TASKS)


def test_all_missing_files_are_named_at_once(tmp_path: Path) -> None:
    write(tmp_path)
    for name in ("quora-dev.csv", "sts-train.csv", "sts-dev.csv"):
        (tmp_path / name).unlink()
    with pytest.raises(DataError) as caught:
        read_folder(tmp_path, TASKS)
    message = str(caught.value)
    assert "lacks quora-dev.csv (task quora needs quora-train.csv and quora-dev.csv)" in message
    assert "sts-train.csv, sts-dev.csv (task sts needs" in message and "`tasks`" in message


def test_tasks_not_asked_for_need_no_files(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "quora-dev.csv").unlink()
    assert list(read_folder(tmp_path, (SstTask(),)).tasks) == ["sst"]


@for_each(
    ("name", "row", "told"),
    [
        ("sts-dev.csv", "0\ta\tx\ty\tmuch\n", r" has no usable row: all 1 were dropped.*label 'much'"),
        ("sts-dev.csv", "", " has a header but no rows"),
        ("sts-train.csv", "0\ta\tx\ty\t1\n", " is too small"),
    ],
)
def test_a_file_with_too_few_usable_rows_is_an_error(tmp_path: Path, name: str, row: str, told: str) -> None:
    (write(tmp_path) / name).write_text(f"\tid\tsentence1\tsentence2\tsimilarity\n{row}")
    with pytest.raises(DataError, match=re.escape(name) + told):
        read_folder(tmp_path, TASKS)


@pytest.fixture(scope="module")
def real() -> Corpus:
    return read_folder(REAL, TASKS)


@needs_real_data
def test_the_real_data_is_read_with_its_known_faults(real: Corpus) -> None:
    quora = [issue for issue in real.issues if issue.file == "quora-train.csv"]
    assert [(issue.line, issue.kind) for issue in quora] == [(2577, "empty_label"), (14222, "empty_label")]
    assert {issue.kind for issue in real.issues} == {"empty_label", "duplicate"}
    assert real.rows_read["ids-sst-test-student.csv"] == 2210


@needs_real_data
def test_the_real_texts_are_those_the_csv_module_reads(real: Corpus) -> None:
    for task in TASKS:
        with (REAL / task.files.required()[1]).open(encoding="utf-8", newline="") as file:
            rows = {row["id"]: row for row in csv.DictReader(file, delimiter="\t")}
        dev = real.tasks[task.name].dev
        column = task.text_columns[0]
        assert [rows[i][column].strip() for i in dev.ids] == list(dev.texts)
        assert [float(rows[i][task.label_column]) for i in dev.ids] == pytest.approx(dev.labels.tolist())
