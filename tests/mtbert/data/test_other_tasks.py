"""Folders with the files of CFIMDB, SICK and Rotten Tomatoes: small ones made here, and the real ones."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cases import for_each

from mtbert.data.cs224n import read_folder
from mtbert.data.load import load_corpus, load_split
from mtbert.errors import DataError
from mtbert.tasks.cfimdb import CfimdbTask
from mtbert.tasks.rotten_tomatoes import RottenTomatoesTask
from mtbert.tasks.sick import SickTask

REAL = Path(os.environ.get("MTBERT_DATA", Path(__file__).parents[4] / "shared" / "data"))
needs_real_data = pytest.mark.skipif(
    not (REAL / "sick" / "SICK_train.txt").is_file(), reason=f"SICK is not in {REAL} (set MTBERT_DATA)"
)


def write_reviews(folder: Path, count: int = 100) -> Path:
    for name in ("neg", "pos"):
        lines = [f"a {name} sentence , number {i} . " for i in range(count)]
        (folder / f"rt-polarity.{name}.txt").write_text("\n".join(lines) + "\n")
    return folder


def test_sick_is_read_from_its_own_folder_and_columns(tmp_path: Path) -> None:
    (tmp_path / "sick").mkdir()
    header = "pair_ID\tsentence_A\tsentence_B\trelatedness_score\tentailment_judgment\n"
    for name, count in (("train", 20), ("trial", 2)):
        rows = "".join(f"{i}\tA {i}.\tB {i}.\t{1 + i % 4}.5\tNEUTRAL\n" for i in range(count))
        (tmp_path / "sick" / f"SICK_{name}.txt").write_text(header + rows)
    data = read_folder(tmp_path, [SickTask()]).tasks["sick"]
    assert len(data.train) + len(data.test) == 20
    assert (data.dev.texts, data.dev.texts2, data.dev.labels.tolist()) == (
        ("A 0.", "A 1."),
        ("B 0.", "B 1."),
        [1.5, 2.5],
    )
    assert data.unlabelled is None


def test_reviews_are_divided_by_the_hash_of_their_place(tmp_path: Path) -> None:
    corpus = read_folder(write_reviews(tmp_path), [RottenTomatoesTask()])
    data = corpus.tasks["rotten_tomatoes"]
    ids = [set(split.ids) for split in (data.train, data.dev, data.test)]
    assert len(set.union(*ids)) == sum(map(len, ids)) == 200
    assert 10 <= len(data.dev) <= 30 and 10 <= len(data.test) <= 30
    assert corpus.rows_read == {"rt-polarity.neg.txt": 100, "rt-polarity.pos.txt": 100}


def test_a_split_alone_is_that_of_the_corpus(tmp_path: Path) -> None:
    whole = load_corpus(str(write_reviews(tmp_path)), ["rotten_tomatoes"])
    for name in ("train", "dev", "test"):
        splits, issues = load_split(str(tmp_path), ["rotten_tomatoes"], name)
        assert splits["rotten_tomatoes"].ids == getattr(whole.tasks["rotten_tomatoes"], name).ids
        assert issues == whole.issues


def test_the_label_of_a_review_is_its_files(tmp_path: Path) -> None:
    data = read_folder(write_reviews(tmp_path), [RottenTomatoesTask()]).tasks["rotten_tomatoes"]
    for split in (data.train, data.dev, data.test):
        assert {("pos" in text, label) for text, label in zip(split.texts, split.labels.tolist(), strict=True)} == {
            (False, 0.0),
            (True, 1.0),
        }


def test_a_review_said_twice_is_dropped_and_listed(tmp_path: Path) -> None:
    write_reviews(tmp_path)
    with (tmp_path / "rt-polarity.pos.txt").open("a") as file:
        file.write("a pos sentence , number 3 .\n")
    (issue,) = read_folder(tmp_path, [RottenTomatoesTask()]).issues
    assert str(issue) == "rt-polarity.pos.txt:101: same text and label as line 4; row dropped"


def test_a_folder_without_the_files_names_them(tmp_path: Path) -> None:
    (write_reviews(tmp_path) / "rt-polarity.pos.txt").unlink()
    with pytest.raises(DataError, match=r"rotten_tomatoes needs rt-polarity\.neg\.txt and rt-polarity\.pos\.txt"):
        read_folder(tmp_path, [RottenTomatoesTask()])
    with pytest.raises(DataError, match=r"sick/SICK_train\.txt"):
        read_folder(tmp_path, [SickTask()])


def test_too_few_reviews_to_divide_are_an_error(tmp_path: Path) -> None:
    write_reviews(tmp_path, count=1)
    with pytest.raises(DataError, match=r"rt-polarity\.neg\.txt is too small: train and test need at least 2"):
        read_folder(tmp_path, [RottenTomatoesTask()])


@for_each("name", ["cfimdb", "sick", "rotten_tomatoes"])
def test_the_demo_says_that_it_has_no_such_task(name: str) -> None:
    with pytest.raises(DataError, match=f"No demo task named '{name}'.*Known: quora, sst, sts"):
        load_corpus("demo", (name,))


@needs_real_data
def test_the_real_files_are_read_whole() -> None:
    corpus = read_folder(REAL, [CfimdbTask(), SickTask(), RottenTomatoesTask()])
    assert corpus.rows_read == {
        "ids-cfimdb-train.csv": 1707,
        "ids-cfimdb-dev.csv": 245,
        "SICK_train.txt": 4500,
        "SICK_trial.txt": 500,
        "rt-polarity.neg.txt": 4300,
        "rt-polarity.pos.txt": 4300,
    }
    assert {issue.kind for issue in corpus.issues} <= {"duplicate"}
    reviews = corpus.tasks["rotten_tomatoes"]
    assert abs(len(reviews.dev) - 860) < 90 and abs(len(reviews.test) - 860) < 90
    assert set(corpus.tasks["cfimdb"].dev.labels.tolist()) == {0.0, 1.0}
    assert corpus.tasks["sick"].train.labels.min() == 1.0 and corpus.tasks["sick"].train.labels.max() == 5.0
