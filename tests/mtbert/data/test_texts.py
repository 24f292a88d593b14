"""Sentences for pretraining: what a configuration asks for, and that nothing held out is among them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cases import for_each
from saved_sets import save_all

from mtbert.config import parse
from mtbert.data.examples import Corpus, Split, TaskData
from mtbert.data.load import load_corpus
from mtbert.data.texts import TRIPLET_TEXTS, needs_of, read_texts, together
from mtbert.errors import DataError

TASKS = ("sst", "quora", "sts")


def split(*texts: str) -> Split:
    return Split(tuple(f"{text}-id" for text in texts), texts, None, np.zeros(len(texts), np.float32))


def corpus(source: str, train: Split, **held: Split) -> Corpus:
    parts = {"dev": split("a dev sentence"), "test": split("a test sentence"), **held}
    return Corpus(source, False, {"sst": TaskData(train, **parts)}, (), {}, {}, "f")


def test_a_configuration_without_stages_asks_for_nothing() -> None:
    assert needs_of(parse({})) == {}
    assert read_texts(corpus("demo", split("one")), {}, None) == {}


def test_each_stage_asks_for_its_corpora() -> None:
    config = parse(
        {
            "mlm": {"corpora": "in_domain+tasks", "max_sentences": 7},
            "simcse_unsupervised": {"corpus": "my.txt"},
            "simcse_supervised": {},
        }
    )
    assert needs_of(config) == {
        "mlm": {"in_domain": 7, "tasks": 7},
        "simcse_unsupervised": {"my.txt": 25_000},
        "simcse_supervised": {"nli": None},
    }


def test_together_is_as_much_as_the_greediest_asks_for() -> None:
    assert together([{"tasks": 3, "nli": 2}, {"tasks": 9}, {"nli": None}, {"nli": 5}]) == {"nli": None, "tasks": 9}


def test_the_first_sentences_are_among_any_larger_number() -> None:
    train = split(*(f"sentence number {i}" for i in range(30)))
    few, many = (read_texts(corpus("demo", train), {"tasks": n}, None)["tasks"] for n in (4, 11))
    assert len(many) == 11 and many[:4] == few


def test_sentences_of_the_tasks_are_those_of_the_examples_trained_on() -> None:
    train = split(*(f"sentence number {i}" for i in range(30)))
    assert len(read_texts(corpus("demo", train), {"tasks": None}, 5)["tasks"]) == 5


def test_a_sentence_counts_once_however_it_is_tokenized() -> None:
    train = split("It's a film.", "it 's a film .", "another one")
    assert len(read_texts(corpus("demo", train), {"tasks": None}, None)["tasks"]) == 2


@for_each("held", ["dev", "test", "unlabelled"])
def test_no_held_out_sentence_is_read_in_whatever_tokenization(held: str) -> None:
    found = corpus("demo", split("kept", "It's a secret."), **{held: split("It 's a SECRET .")})
    assert read_texts(found, {"tasks": None}, None) == {"tasks": ("kept",)}


def test_a_corpus_that_is_all_held_out_is_an_error() -> None:
    with pytest.raises(DataError, match="nothing of tasks is left"):
        read_texts(corpus("demo", split("a dev sentence")), {"tasks": None}, None)


def test_a_text_file_is_read_beside_the_data_and_without_dev_sentences(tmp_path: Path) -> None:
    (tmp_path / "my.txt").write_text("first line\n\nA dev sentence\nsecond line\n", encoding="utf-8")
    found = read_texts(corpus(str(tmp_path), split("one")), {"my.txt": None}, None)
    assert set(found["my.txt"]) == {"first line", "second line"}


def test_triplets_stay_together_and_lose_those_with_a_held_out_sentence(tmp_path: Path) -> None:
    rows = ["sent0,sent1,hard_neg", "p1,e1,c1", "p2,A dev sentence,c2", '"p3, long",e3,c3', "p4,,c4"]
    (tmp_path / "nli_for_simcse.csv").write_text("\n".join(rows), encoding="utf-8")
    found = read_texts(corpus(str(tmp_path), split("one")), {"nli": None}, None)
    assert set(zip(*(found[name] for name in TRIPLET_TEXTS), strict=True)) == {
        ("p1", "e1", "c1"),
        ("p3, long", "e3", "c3"),
    }


def test_no_dev_or_test_sentence_of_the_demo_is_in_any_corpus() -> None:
    demo = load_corpus("demo", TASKS)
    texts = read_texts(demo, {"in_domain": None, "tasks": None, "nli": None}, None)
    held = {
        text.casefold()
        for task in demo.tasks.values()
        for part in (task.dev, task.test)
        for text in (*part.texts, *(part.texts2 or ()))
    }
    assert {"in_domain", "tasks", *TRIPLET_TEXTS} == set(texts)
    assert all(len(rows) > 500 for rows in texts.values())
    assert not held & {text.casefold() for rows in texts.values() for text in rows}


def test_every_stage_finds_its_sentences_in_what_was_saved_of_the_hub(tmp_path: Path) -> None:
    source = save_all(tmp_path)
    held_out = "sts validation question number 3"
    (tmp_path / "mine.txt").write_text(f"a sentence of mine\n{held_out}\n", encoding="utf-8")
    config = parse(
        {
            "mlm": {"corpora": "in_domain+tasks+mine.txt"},
            "simcse_unsupervised": {"corpus": "wikipedia", "sentences": 7},
            "simcse_supervised": {"triplets": 5},
        }
    )
    texts = read_texts(load_corpus(source, TASKS), together(needs_of(config).values()), None)
    counts = {name: len(found) for name, found in texts.items() if name != "tasks"}
    assert counts == {"in_domain": 40 + 2 * 40, "mine.txt": 1, "wikipedia": 7, **dict.fromkeys(TRIPLET_TEXTS, 5)}
    assert len(texts["tasks"]) > 100 and all("train" in text for text in texts["tasks"])
    for premise, entailed, contradicted in zip(*(texts[name] for name in TRIPLET_TEXTS), strict=True):
        assert (entailed, contradicted) == (f"{premise} holds", f"no {premise}")
