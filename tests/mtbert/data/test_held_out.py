"""No sentence of a dev or test split is trained on: laws on small corpora, and the real data where it is at hand."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from cases import for_each
from tier import NIGHTLY

from mtbert import components
from mtbert.data import held_out
from mtbert.data.cs224n import read_folder
from mtbert.data.examples import Corpus, Leaking, Split, TaskData, corpus_fingerprint
from mtbert.data.held_out import sentence_key, without_leaks
from mtbert.data.load import load_corpus
from mtbert.errors import DataError

REAL = Path(os.environ.get("MTBERT_DATA", Path(__file__).parents[4] / "shared" / "data"))
ALL = ("sst", "quora", "sts", "rotten_tomatoes", "sick", "cfimdb")
needs_real_data = pytest.mark.skipif(
    not (REAL / "sick" / "SICK_train.txt").is_file() or not (REAL / "quora-train.csv").is_file(),
    reason=f"the files of all six tasks are not in {REAL} (set MTBERT_DATA)",
)


def single(*texts: str) -> Split:
    return Split(tuple(f"id {i}" for i in range(len(texts))), texts, None, np.arange(len(texts), dtype=np.float32))


def pairs(*texts: tuple[str, str]) -> Split:
    firsts, seconds = (tuple(pair[i] for pair in texts) for i in (0, 1))
    return Split(tuple(f"id {i}" for i in range(len(texts))), firsts, seconds, np.zeros(len(texts), np.float32))


def corpus(overlap: dict[str, int] | None = None, **tasks: TaskData) -> Corpus:
    return Corpus("made here", False, tasks, (), overlap or {}, {}, corpus_fingerprint(tasks))


def two_tasks(unlabelled: Split | None = None) -> Corpus:
    return corpus(
        sst=TaskData(
            single("kept", "own dev", "the others' second", "own test"), single("Own dev."), single("own  TEST")
        ),
        sts=TaskData(
            pairs(("x", "y"), ("It 's a film", "z"), ("z", "own dev"), ("first", "z")),
            pairs(("first", "The others' second!")),
            pairs(("u", "v")),
            unlabelled,
        ),
    )


def test_the_same_sentence_has_the_same_letters_and_digits() -> None:
    assert sentence_key("It 's  a 2nd_TRY , née .") == "itsa2ndtrynée" == sentence_key("It's a 2nd try, née")
    assert sentence_key("STRASSE") == sentence_key("straße") and sentence_key("?!") == ""
    every = "".join(map(chr, range(0x3000)))
    assert sentence_key(every) == letters(every)


def test_rows_with_a_sentence_of_any_tasks_dev_or_test_split_are_dropped_and_counted() -> None:
    found = without_leaks(two_tasks())
    assert found.tasks["sst"].train.texts == ("kept",)
    assert found.tasks["sts"].train.texts == ("x", "It 's a film")
    assert found.leaking == {"sst": Leaking(rows=3, own=2), "sts": Leaking(rows=2, own=1)}


def test_an_unlabelled_test_split_is_held_out_too() -> None:
    hidden = pairs(("It's a film.", "nothing else"))
    found = without_leaks(two_tasks(unlabelled=hidden))
    assert found.tasks["sts"].train.texts == ("x",) and found.leaking["sts"] == Leaking(rows=3, own=2)


def test_what_is_left_keeps_its_ids_labels_and_order_and_the_other_splits_are_as_they_were() -> None:
    before = two_tasks()
    sst, sts = (without_leaks(before).tasks[name] for name in ("sst", "sts"))
    assert sts.train.ids == ("id 0", "id 1") and sts.train.texts2 == ("y", "z") and sst.train.labels.tolist() == [0.0]
    assert sst.dev is before.tasks["sst"].dev and sts.test is before.tasks["sts"].test


def test_the_fingerprint_is_that_of_what_is_trained_on() -> None:
    found = without_leaks(two_tasks())
    assert found.fingerprint == corpus_fingerprint(found.tasks) != two_tasks().fingerprint
    again = without_leaks(found)
    assert again.fingerprint == found.fingerprint and again.leaking["sst"] == Leaking(rows=0, own=0)


def test_a_train_split_of_which_nothing_is_left_is_one_message() -> None:
    lost = TaskData(single("a", "b", "c"), single("A"), single("B"))
    other = TaskData(single("kept", "a"), single("c"), single("d"))
    with pytest.raises(DataError) as caught:
        without_leaks(corpus(sst=lost, rotten_tomatoes=other))
    assert str(caught.value) == (
        "made here: no train row is left of sst (2 of 3 rows by its own splits): each contains a sentence of a "
        "dev or test split. Give other train files, or leave out the task whose splits contain these sentences "
        "(--tasks)."
    )


def test_notes_say_what_is_in_the_files_and_what_was_dropped() -> None:
    assert held_out.notes(corpus({"sst": 0}, sst=TaskData(single("a"), single("b"), single("c")))) == []
    train = single(*(f"number {i}" for i in range(1_500)))
    many = corpus({"sst": 1, "sts": 2}, sst=TaskData(train, single(*train.texts[:1_200]), single("c")))
    assert held_out.notes(without_leaks(many)) == [
        "sst: 1 example of dev is in the train file too; none is trained on",
        "sts: 2 examples of dev are in the train file too; none is trained on",
        "sst: dropped 1,200 train rows with a sentence of a dev or test split (1,200 with one of sst's own)",
    ]


@for_each("source", ["demo", "folder", "hub"])
def test_every_source_loses_its_leaks_and_strict_data_does_not_mind_them(source: str, tmp_path: Path) -> None:
    if source == "folder":
        write_reviews(tmp_path)
    if source == "hub":
        save_quora(tmp_path)
    names = {"demo": ("quora", "sts"), "folder": ("sst",), "hub": ("quora",)}[source]
    place = {"demo": "demo", "folder": str(tmp_path), "hub": f"hub:{tmp_path}"}[source]
    found = load_corpus(place, names, strict=True)
    assert sum(leaking.rows for leaking in found.leaking.values()) > 0
    assert leaks_of(found) == {} and found.fingerprint == corpus_fingerprint(found.tasks) and not found.issues


def write_reviews(folder: Path) -> None:
    for name, numbers in (("train", range(40)), ("dev", range(30, 50))):
        rows = [f"{i}\t{name}{i}\tfilm number {i}\t{i % 5}" for i in numbers]
        (folder / f"ids-sst-{name}.csv").write_text("\n".join(["\tid\tsentence\tsentiment", *rows]) + "\n")


def save_quora(folder: Path) -> None:
    from saved_sets import save  # `datasets`, which takes seconds to import

    def pairs_of(numbers: range) -> dict[str, list[object]]:
        texts = [f"{i}" for i in numbers]
        return {"question1": [*texts], "question2": [f"{t} again" for t in texts], "label": [i % 2 for i in numbers]}

    save(folder, "nyu-mll/glue/qqp", train=pairs_of(range(40)), validation=pairs_of(range(35, 45)))


@cache
def letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def leaks_of(found: Corpus) -> dict[str, int]:
    """Task -> its train sentences that are in a dev, test or unlabelled split of any task, where there are any.

    Reckoned without the code under test: letter by letter, sentence by sentence.
    """

    def keys(split: Split | None) -> set[str]:
        return set() if split is None else {letters(text) for text in (*split.texts, *(split.texts2 or ()))}

    held = set[str]()
    for data in found.tasks.values():
        held |= keys(data.dev) | keys(data.test) | keys(data.unlabelled)
    counts = {name: len(keys(data.train) & held) for name, data in found.tasks.items()}
    return {name: count for name, count in counts.items() if count}


@pytest.fixture(scope="module")
def real() -> Corpus:
    """All six tasks as their files have them."""
    return read_folder(REAL, [components.build("tasks", name, {}) for name in ALL])


def of(whole: Corpus, names: tuple[str, ...]) -> Corpus:
    return without_leaks(replace(whole, tasks={name: whole.tasks[name] for name in names}))


@needs_real_data
@for_each(
    ("names", "dropped", "own"),
    [
        (ALL[:3], (3, 613, 768), (3, 613, 768)),
        (ALL, (814, 613, 848, 2381, 2212, 0), (3, 613, 768, 0, 1996, 0)),
    ],
)
@pytest.mark.slow
def test_what_is_dropped_of_the_real_data(
    names: tuple[str, ...], dropped: tuple[int, ...], own: tuple[int, ...], real: Corpus
) -> None:
    found = of(real, names)
    assert found.leaking == {n: Leaking(d, o) for n, d, o in zip(names, dropped, own, strict=True)}


@pytest.mark.slow
@pytest.mark.nightly
@needs_real_data
def test_no_combination_of_tasks_of_the_real_data_has_a_leak(real: Corpus) -> None:
    every = [names for size in range(1, len(ALL) + 1) for names in combinations(ALL, size)]
    tried = every if NIGHTLY else [*((name,) for name in ALL), ALL[:3], ALL]
    assert {names: leaks for names in tried if (leaks := leaks_of(of(real, names)))} == {}
    assert leaks_of(load_corpus(str(REAL), ALL)) == {}
