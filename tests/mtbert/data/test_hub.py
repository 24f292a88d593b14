"""Data sets as the `datasets` library gives them, made by hand here: columns, splits and labels."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest

from mtbert.data.hub import HubSplit, download, read_hub
from mtbert.errors import DataError
from mtbert.tasks.cfimdb import CfimdbTask
from mtbert.tasks.quora import QuoraTask
from mtbert.tasks.rotten_tomatoes import RottenTomatoesTask
from mtbert.tasks.sts import StsTask


@dataclass
class Rows:
    """The part of `datasets.Dataset` that is read."""

    rows: list[dict[str, object]]

    @property
    def column_names(self) -> list[str]:
        return list(self.rows[0])

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Mapping[str, object]]:
        return iter(self.rows)


def sts(path: str, configuration: str | None) -> Mapping[str, HubSplit]:
    rows: list[dict[str, object]] = [
        {"sentence1": f"{i}", "sentence2": "b", "score": score} for i, score in enumerate((0.2, 1.0, None))
    ]
    return {"train": Rows(rows), "validation": Rows(rows[:1]), "test": Rows(rows[1:2])}


def quora(path: str, configuration: str | None) -> Mapping[str, HubSplit]:
    rows: list[dict[str, object]] = [
        {"question1": f"{i}", "question2": "b", "label": i % 2, "idx": i} for i in range(40)
    ]
    return {"train": Rows(rows), "validation": Rows(rows[:4])}


def test_similarities_are_scaled_to_five() -> None:
    corpus = read_hub([StsTask()], load=sts)
    assert corpus.tasks["sts"].train.labels.tolist() == [1.0, 5.0]
    assert corpus.tasks["sts"].test.labels.tolist() == [5.0]


def test_a_missing_label_is_listed_like_one_in_a_file() -> None:
    (issue,) = read_hub([StsTask()], load=sts).issues
    assert str(issue).startswith("sentence-transformers/stsb:train:3: label '' is not a number")


def test_strict_holds_for_the_hub_too() -> None:
    with pytest.raises(DataError, match="--strict-data"):
        read_hub([StsTask()], strict=True, load=sts)


def test_hidden_test_labels_are_replaced_by_a_tenth_of_train() -> None:
    corpus = read_hub([QuoraTask()], load=quora)
    data = corpus.tasks["quora"]
    assert len(data.train) + len(data.test) == 40
    assert len(data.test) >= 1
    assert corpus.overlap == {"quora": 4}


def test_other_columns_than_expected_are_an_error() -> None:
    with pytest.raises(DataError, match="has no column question1, question2"):
        read_hub([QuoraTask()], load=lambda path, configuration: {**sts(path, configuration)})


def test_a_missing_split_is_an_error() -> None:
    with pytest.raises(DataError, match="has no split validation, only train"):
        read_hub([QuoraTask()], load=lambda path, name: {"train": quora(path, name)["train"]})


@pytest.mark.skipif(importlib.util.find_spec("datasets") is not None, reason="`datasets` is installed here")
def test_without_the_library_the_message_has_the_pip_command() -> None:
    with pytest.raises(DataError, match=r"pip install 'mtbert-study\[hub\]'"):
        download("SetFit/sst5", None)


def test_rotten_tomatoes_has_all_three_splits() -> None:
    def reviews(path: str, configuration: str | None) -> Mapping[str, HubSplit]:
        assert (path, configuration) == ("cornell-movie-review-data/rotten_tomatoes", None)
        names = ("train", "validation", "test")
        return {name: Rows([{"text": f"{name} {i}", "label": i} for i in (0, 1)]) for name in names}

    data = read_hub([RottenTomatoesTask()], load=reviews).tasks["rotten_tomatoes"]
    assert (data.dev.texts, data.test.labels.tolist()) == (("validation 0", "validation 1"), [0.0, 1.0])


def test_a_task_that_the_hub_has_not_is_an_error() -> None:
    with pytest.raises(DataError, match="No hub data for task named 'cfimdb'"):
        read_hub([CfimdbTask()])
