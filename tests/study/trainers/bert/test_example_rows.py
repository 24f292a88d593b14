"""What is kept of the words of dev examples, by hand."""

from __future__ import annotations

import hashlib
from itertools import product

import numpy as np
import pytest

from mtbert.data import subset
from mtbert.data.examples import Split
from mtbert.data.load import load_corpus
from study.resolve import resolve
from study.trainers.bert.example_rows import example_rows, one_word_difference, overlap, word_counts, words
from study.trainers.bert.trainer import MultitaskBert


def test_punctuation_is_no_word_and_an_apostrophe_does_not_part_one() -> None:
    assert words("It's a fine film , isn't it ?") == ["it's", "a", "fine", "film", "isn't", "it"]


def test_overlap_is_jaccard_of_sets_of_words() -> None:
    assert overlap("A man plays a guitar.", "The man plays guitar") == pytest.approx(3 / 5)
    assert overlap("one", "two") == 0
    assert overlap("?", "!") == 1


def test_a_pair_has_both_lengths_a_sentence_one() -> None:
    labels = np.zeros(2, dtype=np.float32)
    one = Split(("a", "b"), ("x y", "z"), None, labels)
    two = Split(("a", "b"), ("x y", "z"), ("x", "q r s"), labels)
    rows = list(example_rows({"sst": one, "quora": two}, []))
    ids = hashlib.sha256(b"a\nb").hexdigest()
    assert [(row.task, row.number, row.words, row.words2, row.overlap) for row in rows] == [
        ("sst", 1, 2, None, None),
        ("sst", 2, 1, None, None),
        ("quora", 1, 2, 1, 0.5),
        ("quora", 2, 1, 3, 0.0),
    ]
    assert {row.example_ids_sha256 for row in rows} == {ids}
    assert [row.one_word_difference for row in rows] == [None, None, True, False]


def test_one_word_differs_exactly_where_the_edit_distance_of_the_words_is_1() -> None:
    # Pairs of report 004, section 7.2: one word replaced, two left out, one added.
    assert one_word_difference("How can I get freebies in India?", "Where can I get freebies in India?")
    neurotransmitters = "the main inhibitory neurotransmitters?", "the main neurotransmitters?"
    assert not one_word_difference(f"Which are {neurotransmitters[0]}", f"What are {neurotransmitters[1]}")
    facts = "What are some facts that everyone {}knows?"
    assert one_word_difference(facts.format(""), facts.format("really "))
    assert not one_word_difference("A man speaks.", "a man speaks")
    texts = [" ".join(each) for length in range(4) for each in product("abc", repeat=length)]
    for first, second in product(texts, repeat=2):
        assert one_word_difference(first, second) == (distance(first.split(), second.split()) == 1), (first, second)


def distance(a: list[str], b: list[str]) -> int:
    """Levenshtein's, from its definition."""
    if not a or not b:
        return len(a) + len(b)
    replaced = distance(a[1:], b[1:]) + (a[0] != b[0])
    return min(replaced, distance(a[1:], b) + 1, distance(a, b[1:]) + 1)


def test_the_rarest_word_is_counted_in_the_training_sentences_of_all_tasks() -> None:
    labels = np.zeros(3, dtype=np.float32)
    films = Split(("a", "b", "c"), ("A film, a Film", "film", "fine"), None, labels)
    pairs = Split(("a", "b", "c"), ("a", "a", "a"), ("fine", "plot", "a"), labels)
    assert word_counts([films, pairs]) == {"a": 6, "film": 3, "fine": 2, "plot": 1}
    dev = Split(("a", "b", "c"), ("A film!", "a plot", "?"), ("fine", "gasbag", "!"), labels)
    rows = list(example_rows({"quora": dev}, [films, pairs]))
    assert [row.rarest for row in rows] == [2, 0, None]
    rows = list(example_rows({"sst": films}, [pairs]))
    assert [row.rarest for row in rows] == [0, 0, 1]


def test_a_study_counts_the_words_of_all_that_it_trains_on_and_of_nothing_else() -> None:
    given = {"space": "pooling", "backbone": "tiny", "budget": "smoke", "train_examples": 64, "dev_examples": 8}
    found = MultitaskBert(resolve(given, None)).examples()
    corpus = load_corpus("demo", ("sst", "quora", "sts"))
    counts = word_counts(subset.first(data.train, 64) for data in corpus.tasks.values())
    dev = {task: subset.dev_parts(data.dev, 8)[1] for task, data in corpus.tasks.items()}
    assert len(found) == 24
    for row in found:
        split, place = dev[row.task], row.number - 1
        sentences = (split.texts[place], split.texts2[place]) if split.texts2 else (split.texts[place],)
        assert row.rarest == min(counts[word] for text in sentences for word in words(text))
    assert min(row.rarest or 0 for row in found) == 0 < max(row.rarest or 0 for row in found)
