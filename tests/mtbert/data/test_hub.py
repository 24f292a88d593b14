"""The hub's data sets: small ones that `datasets` itself saved, read by the code that reads the real ones."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import datasets
import pytest
from saved_sets import save, save_all

from mtbert.data.load import load_corpus
from mtbert.errors import DataError


def pairs(of: str, count: int = 40) -> dict[str, list[Any]]:
    texts = [f"{of} {i}" for i in range(count)]
    return {
        "question1": texts,
        "question2": [f"{text} again" for text in texts],
        "label": [i % 2 for i in range(count)],
    }


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> str:
    return save_all(tmp_path_factory.mktemp("saved"))


def refused(source: str, *tasks: str, strict: bool = False) -> str:
    with pytest.raises(DataError) as caught:
        load_corpus(source, tasks, strict=strict)
    return str(caught.value)


def test_the_tasks_are_read_from_what_the_library_saved(everything: str) -> None:
    corpus = load_corpus(everything, ("sst", "quora", "sts", "rotten_tomatoes"))
    assert corpus.source == everything and not corpus.made_up and corpus.issues == ()
    sst, sts = corpus.tasks["sst"], corpus.tasks["sts"]
    assert (len(sst.train), len(sst.dev), len(sst.test)) == (40, 40, 40)
    assert sst.train.texts[1] == "sst train review number 1 of a fine film" and set(sst.test.labels) == {0, 1, 2, 3, 4}
    assert sts.train.labels[:3].tolist() == [0.0, 1.0, 5.0]  # 0..1 there, times five
    assert sts.train.texts2 is not None and sts.train.texts2[0].endswith("again")
    assert corpus.rows_read["nyu-mll/glue:train"] == 40
    assert corpus.tasks["rotten_tomatoes"].dev.labels[:2].tolist() == [0.0, 1.0]


def test_labels_may_be_classes_with_names(tmp_path: Path) -> None:
    features = datasets.Features(
        {
            "question1": datasets.Value("string"),
            "question2": datasets.Value("string"),
            "label": datasets.ClassLabel(names=["not_duplicate", "duplicate"]),
        }
    )
    made = {name: datasets.Dataset.from_dict(pairs(name), features=features) for name in ("train", "validation")}
    datasets.DatasetDict(made).save_to_disk(str(tmp_path / "nyu-mll" / "glue" / "qqp"))
    assert load_corpus(f"hub:{tmp_path}", ("quora",)).tasks["quora"].dev.labels[:3].tolist() == [0.0, 1.0, 0.0]


def test_hidden_test_labels_are_replaced_by_a_tenth_of_train(everything: str) -> None:
    data = load_corpus(everything, ("quora",)).tasks["quora"]
    assert len(data.train) + len(data.test) == 40 and len(data.test) >= 1
    assert -1.0 not in data.test.labels


def test_an_example_of_dev_that_stands_in_train_is_counted(tmp_path: Path) -> None:
    save(tmp_path, "nyu-mll/glue/qqp", train=pairs("train"), validation=pairs("train", 4))
    assert load_corpus(f"hub:{tmp_path}", ("quora",)).overlap == {"quora": 4}


def test_a_missing_label_is_listed_like_one_in_a_file_and_strict_refuses_it(tmp_path: Path) -> None:
    train, validation, test = (
        {"sentence1": [f"{of} a", f"{of} b"], "sentence2": [f"{of} c", f"{of} d"], "score": [0.5, None]}
        for of in ("train", "validation", "test")
    )
    save(tmp_path, "sentence-transformers/stsb", train=train, validation=validation, test=test)
    issue = load_corpus(f"hub:{tmp_path}", ("sts",)).issues[0]
    assert str(issue).startswith("sentence-transformers/stsb:train:2: label '' is not a number")
    assert "--strict-data" in refused(f"hub:{tmp_path}", "sts", strict=True)


def test_other_columns_than_expected_are_an_error(tmp_path: Path) -> None:
    first, second, label = pairs("any").values()
    renamed = {"sentence1": first, "sentence2": second, "label": label}
    save(tmp_path, "nyu-mll/glue/qqp", train=renamed, validation=renamed)
    told = refused(f"hub:{tmp_path}", "quora")
    assert "nyu-mll/glue:train has no column question1, question2; expected question1, question2, label, found" in told


def test_a_column_of_another_type_is_an_error(tmp_path: Path) -> None:
    numbers = {**pairs("any"), "question2": list(range(40))}
    save(tmp_path, "nyu-mll/glue/qqp", train=numbers, validation=numbers)
    told = refused(f"hub:{tmp_path}", "quora")
    assert "nyu-mll/glue:train must have text in its column question2, which has Value('int64')" in told


def test_a_missing_split_is_an_error(tmp_path: Path) -> None:
    save(tmp_path, "nyu-mll/glue/qqp", train=pairs("any"))
    assert "nyu-mll/glue has no split validation, only train" in refused(f"hub:{tmp_path}", "quora")


def test_one_split_saved_alone_is_an_error_with_the_way_out(tmp_path: Path) -> None:
    datasets.Dataset.from_dict(pairs("any")).save_to_disk(str(tmp_path / "nyu-mll/glue/qqp"))
    told = refused(f"hub:{tmp_path}", "quora")
    assert "has one split alone" in told and "datasets.load_dataset('nyu-mll/glue', 'qqp').save_to_disk(" in told


def test_a_data_set_that_is_not_there_is_an_error_with_the_way_out(tmp_path: Path) -> None:
    told = refused(f"hub:{tmp_path}", "sst")
    assert f"{tmp_path}/SetFit/sst5 is not a data set that `datasets` saved" in told
    assert f"datasets.load_dataset('SetFit/sst5').save_to_disk('{tmp_path}/SetFit/sst5')" in told


def test_damaged_files_are_an_error(tmp_path: Path) -> None:
    save(tmp_path, "nyu-mll/glue/qqp", train=pairs("any"), validation=pairs("any"))
    for file in (tmp_path / "nyu-mll/glue/qqp/train").glob("*.arrow"):
        file.write_bytes(b"not arrow")
    assert "is not a data set that `datasets` saved" in refused(f"hub:{tmp_path}", "quora")


@pytest.mark.parametrize("folder", ["", "/nowhere/at/all"])
def test_a_folder_that_is_not_there_is_named(folder: str) -> None:
    assert f"--data hub:{folder}: there is no folder '{folder}'. Give hub:DIR" in refused(f"hub:{folder}", "sst")


def test_the_hub_is_asked_for_the_published_identifiers(everything: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Any, ...]] = []
    saved = Path(everything.removeprefix("hub:"))

    def load_dataset(path: str, configuration: str | None) -> Any:
        asked.append((path, configuration))
        return datasets.load_from_disk(str(saved / path / (configuration or "")))

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    tasks = ("sst", "quora", "sts", "rotten_tomatoes")
    corpus = load_corpus("hub", tasks)
    assert asked == [
        ("SetFit/sst5", None),
        ("nyu-mll/glue", "qqp"),
        ("sentence-transformers/stsb", None),
        ("cornell-movie-review-data/rotten_tomatoes", None),
    ]
    assert corpus.source == "hub" and corpus.fingerprint == load_corpus(everything, tasks).fingerprint


@pytest.mark.parametrize(
    "error",
    [
        ConnectionError("Couldn't reach the Hub"),
        datasets.exceptions.DatasetGenerationError("An error occurred while generating the dataset"),
    ],
)
def test_what_the_hub_or_the_library_cannot_give_is_told_with_the_other_ways(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load_dataset(path: str, configuration: str | None) -> Any:
        raise error

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    told = refused("hub", "sst")
    assert told.startswith(f"The data set SetFit/sst5 could not be loaded from the hub: {error}.")
    assert "Or use --data demo" in told


@pytest.mark.parametrize("source", ["hub", "hub:."])
def test_without_the_library_the_message_has_the_pip_command(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)  # as if it were not installed
    assert "pip install 'mtbert-study[hub]'" in refused(source, "sst")


def test_a_task_that_the_hub_has_not_is_an_error(everything: str) -> None:
    assert "No hub data for task named 'cfimdb'" in refused(everything, "cfimdb")
