"""A dev split with one label is refused with its file, task, metric and label; subsets are drawn with two labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import for_each

from mtbert import evaluate, train
from mtbert.data import measurable, subset
from mtbert.data.examples import Corpus, Split
from mtbert.data.load import load_corpus
from mtbert.data.tokenize import choose
from mtbert.errors import DataError
from mtbert.training.evaluation import Evaluation, TaskEvaluation, degenerate
from study import launch

HEADERS = {
    "ids-sst": "\tid\tsentence\tsentiment",
    "quora": "\tid\tsentence1\tsentence2\tis_duplicate",
    "sts": "\tid\tsentence1\tsentence2\tsimilarity",
}
LABELS: dict[str, Callable[[int], Any]] = {
    "ids-sst": lambda i: i % 5,
    "quora": lambda i: f"{i % 2}.0",
    "sts": lambda i: i % 6,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A course folder in which all is well."""
    for stem in HEADERS:
        for split, count in (("train", 60), ("dev", 12)):
            write(tmp_path, stem, split, LABELS[stem], count)
    return tmp_path


def write(folder: Path, stem: str, split: str, label: Callable[[int], Any], count: int = 12) -> None:
    rows = [HEADERS[stem]]
    for number in range(count):
        texts = [f"{split} {stem} sentence {number}", f"{split} {stem} other {number}"][: 1 if "sst" in stem else 2]
        rows.append("\t".join([str(number), f"{split}{number}", *texts, str(label(number))]))
    (folder / f"{stem}-{split}.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def refused(folder: Path, capsys: pytest.CaptureFixture[str], *more: str) -> str:
    """What a launch says that is refused; nothing is written."""
    place = folder / "out"
    asked = ("--data", str(folder), "--backbone", "tiny", "--space", "pooling", "--budget", "smoke", "--name", "x")
    code = launch.main([*asked, "--storage", f"sqlite:///{place}.db", "--out", str(place), *more])
    told = capsys.readouterr()
    assert code == 2 and not place.exists() and "Traceback" not in told.err
    return told.err


CASES = (
    ("sts", "dev", 2.5, "sts-dev.csv: all 12 examples have the label 2.5, so sts's metric pearson cannot be measured"),
    ("ids-sst", "dev", 3, "ids-sst-dev.csv: all 12 examples have the label 3, so sst's metric accuracy cannot"),
    ("quora", "dev", "0.0", "quora-dev.csv: all 12 examples have the label 0, so quora's metric accuracy cannot"),
)


def test_a_dev_file_with_one_label_is_refused_at_launch(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for stem, split, label, expected in CASES:
        write(folder, stem, split, lambda _, label=label: label)
        told = refused(folder, capsys)
        assert expected in told and "--tasks" in told and str(folder) in told, told
        write(folder, stem, split, LABELS[stem])


def test_all_that_cannot_be_measured_is_told_at_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, "sts", "dev", lambda _: 5, count=1)
    write(folder, "quora", "dev", lambda _: 1)
    told = refused(folder, capsys)
    assert "the only example has the label 5" in told and "quora-dev.csv" in told


def test_a_test_split_with_one_label_is_refused_where_it_would_be_looked_at(folder: Path) -> None:
    corpus = load_corpus(str(folder), ("sst", "quora", "sts"))
    measurable.require(corpus, test=True)
    data = corpus.tasks["sts"]
    constant = replace(data, test=replace(data.test, labels=np.full(len(data.test), 4.0, np.float32)))
    corpus = replace(corpus, tasks={**corpus.tasks, "sts": constant})
    measurable.require(corpus)
    with pytest.raises(DataError, match=r"sts-train.csv, of which a tenth is the test split: .* the label 4.*--phases"):
        measurable.require(corpus, test=True)


def test_train_and_evaluate_refuse_it_as_well(folder: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    asked = ["--data", str(folder), "--backbone", "tiny", "--train-examples", "4", "--dev-examples", "4"]
    model = tmp_path / "model"
    assert train.main([*asked, "--epochs", "1", "--out", str(model)]) == 0
    write(folder, "sts", "dev", lambda _: 2.5)
    capsys.readouterr()
    assert train.main([*asked, "--epochs", "1"]) == 2
    assert "sts's metric pearson cannot be measured: it is 0 / 0 for every model" in capsys.readouterr().err
    assert evaluate.main(["--data", str(folder), "--model", str(model)]) == 2
    assert "split dev of task sts" in capsys.readouterr().err
    assert evaluate.main(["--data", str(folder), "--model", str(model), "--tasks", "sst"]) == 0


def split_of(labels: list[float]) -> Split:
    texts = tuple(f"s{i}" for i in range(len(labels)))
    return Split(texts, texts, None, np.array(labels, np.float32))


def test_a_subset_has_two_labels_wherever_there_are_two() -> None:
    split = split_of([3.0] * 50 + [1.0])
    sizes = range(2, 52)
    subsets = [subset.first_with_two_labels(split, n) for n in sizes]
    for n, found in zip(sizes, subsets, strict=True):
        assert len(found) == n and set(found.labels) == {1.0, 3.0}
    assert all(set(one.ids) < set(more.ids) for one, more in pairwise(subsets))
    varied = split_of([0.0, 1.0] * 20)  # where the labels differ anyway, the subset is the usual one
    assert subset.first_with_two_labels(varied, 20).ids == subset.first(varied, 20).ids
    assert subset.first_with_two_labels(split, None) is split and len(subset.first_with_two_labels(split, 1)) == 1


def of_dev(corpus: Corpus, task: str, labels: Callable[[int], float]) -> Corpus:
    data = corpus.tasks[task]
    values = np.array([labels(i) for i in range(len(data.dev))], np.float32)
    return replace(corpus, tasks={**corpus.tasks, task: replace(data, dev=replace(data.dev, labels=values))})


def test_a_study_uses_such_a_subset_of_dev_and_tells_what_it_cannot_mend() -> None:
    corpus = load_corpus("demo", ("sst", "sts"))
    rare = of_dev(corpus, "sts", lambda i: 5.0 if i < 2 else 0.0)
    measurable.require(rare, 4)
    assert all(set(choose(rare, 4, 4)["sts", part].labels) == {0.0, 5.0} for part in ("search", "dev"))
    once = of_dev(corpus, "sts", lambda i: 5.0 if i == 0 else 0.0)
    with pytest.raises(DataError, match="all 100 search examples have the label 0, .* at least 2 examples of each"):
        measurable.require(once)
    with pytest.raises(DataError, match="--dev-examples 1: sts's metric pearson needs 2 examples"):
        measurable.require(corpus, 1)
    assert measurable.notes(corpus) == []
    (told,) = measurable.notes(load_corpus("demo", ("sst",)), None, 1)
    assert told.startswith("sst: the only dev example has the label") and "--dev-examples" in told


@for_each("label", [0.0, 5.0, float("nan")])
def test_a_split_whose_labels_are_alike_cannot_be_measured(label: float) -> None:
    corpus = of_dev(load_corpus("demo", ("sts",)), "sts", lambda _: label)
    with pytest.raises(DataError, match="demo, split dev of task sts: all"):
        measurable.require(corpus)


def test_training_rows_with_one_label_are_told() -> None:
    corpus = load_corpus("demo", ("sts",))
    data = corpus.tasks["sts"]
    train_rows = replace(data.train, labels=np.full(len(data.train), 2.0, np.float32))
    (told,) = measurable.notes(replace(corpus, tasks={"sts": replace(data, train=train_rows)}))
    assert told.startswith("sts: all ") and "training examples have the label 2" in told


def test_a_model_that_says_one_number_is_told_of() -> None:
    """Its r stays 0 by definition: the labels are good, the model is not."""
    labels = np.array([0.0, 5.0], np.float32)
    flat = TaskEvaluation(np.ones((2, 1), np.float32), labels, {"pearson": 0.0})
    good = TaskEvaluation(np.array([[1.0], [2.0]], np.float32), labels, {"pearson": 1.0})
    classes = TaskEvaluation(np.ones((2, 5), np.float32), labels, {"accuracy": 0.5})
    told = degenerate(Evaluation({"sts": flat, "sick": good, "sst": classes}, 0.5, 0.5))
    assert told == ["sts: every example gets the same number, so Pearson's r is 0 by definition"]
