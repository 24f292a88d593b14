"""Tokens: [CLS] and [SEP], truncation, ragged rows, the fingerprint."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
from cases import for_each
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing

from mtbert.data.examples import Corpus, Split, TaskData, fingerprint
from mtbert.data.prepared import prepare
from mtbert.data.tokenize import Ragged, choose, joined, tokenize_split

PAD, UNK, CLS, SEP = range(4)


@pytest.fixture
def tokenizer() -> Tokenizer:
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "b", "c", "d"]
    made = Tokenizer(WordLevel({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    made.pre_tokenizer = Whitespace()
    made.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", CLS), ("[SEP]", SEP)])
    return made


def split(texts: tuple[str, ...], texts2: tuple[str, ...] | None = None) -> Split:
    return Split(texts, texts, texts2, np.arange(len(texts), dtype=np.float32))


def corpus(texts: tuple[str, ...] = ("a", "b", "c", "d")) -> Corpus:
    data = TaskData(train=split(texts), dev=split(texts[:3]), test=split(texts[:2]))
    return Corpus("demo", True, {"sst": data}, (), {}, {}, "")


def test_ragged_rows_are_cut_at_the_offsets() -> None:
    ragged = Ragged(np.array([5, 6, 7], dtype=np.int32), np.array([0, 2, 2, 3]))
    assert [ragged[i].tolist() for i in range(len(ragged))] == [[5, 6], [], [7]]
    assert ragged.lengths().tolist() == [2, 0, 1]


@for_each("index", [-1, 1])
def test_ragged_refuses_rows_it_does_not_have(index: int) -> None:
    with pytest.raises(IndexError):
        Ragged(np.array([5], dtype=np.int32), np.array([0, 1]))[index]


def test_a_sentence_begins_with_cls_and_ends_with_sep(tokenizer: Tokenizer) -> None:
    tokens = tokenize_split(split(("a x b",)), tokenizer, 8)
    assert tokens.first[0].tolist() == [CLS, 4, UNK, 5, SEP]
    assert tokens.first.values.dtype == np.int32


def test_a_long_text_is_cut_and_keeps_its_sep(tokenizer: Tokenizer) -> None:
    tokens = tokenize_split(split(("a b c d a b", "a b")), tokenizer, 4)
    assert [tokens.first[i].tolist() for i in (0, 1)] == [[CLS, 4, 5, SEP], [CLS, 4, 5, SEP]]


def test_the_length_of_a_pair_is_its_longer_sentence(tokenizer: Tokenizer) -> None:
    tokens = tokenize_split(split(("a b c", "a"), ("a", "a b")), tokenizer, 8)
    assert tokens.lengths().tolist() == [5, 4]


def test_padding_and_truncation_of_the_callers_tokenizer_are_left_alone(tokenizer: Tokenizer) -> None:
    tokenizer.enable_padding(length=10)
    tokenizer.enable_truncation(2)
    before = tokenizer.to_str()
    assert tokenize_split(split(("a b",)), tokenizer, 8).first[0].tolist() == [CLS, 4, 5, SEP]
    assert tokenizer.to_str() == before


def test_fewer_than_three_tokens_are_refused(tokenizer: Tokenizer) -> None:
    with pytest.raises(ValueError, match="max_tokens must be at least 3"):
        tokenize_split(split(("a",)), tokenizer, 2)


def test_prepare_shortens_train_and_the_parts_of_dev_and_leaves_test_whole(tokenizer: Tokenizer) -> None:
    prepared = prepare(corpus(), tokenizer, max_tokens=8, train_examples=2, dev_examples=1)
    sizes = {name: len(tokens) for (_, name), tokens in prepared.splits.items()}
    assert sizes == {"train": 2, "search": 1, "dev": 1, "test": 2}
    assert (prepared.pad_id, prepared.vocabulary_size) == (PAD, 8)


def test_the_fingerprint_follows_content_length_and_tokenizer(tokenizer: Tokenizer) -> None:
    base = prepare(corpus(), tokenizer, max_tokens=8).fingerprint
    other = Tokenizer.from_str(tokenizer.to_str())
    other.add_tokens(["new"])
    assert prepare(corpus(), tokenizer, max_tokens=8).fingerprint == base
    assert prepare(corpus(), tokenizer, max_tokens=7).fingerprint != base
    assert prepare(corpus(), other, max_tokens=8).fingerprint != base
    assert prepare(corpus(("a", "b", "c", "c c")), tokenizer, max_tokens=8).fingerprint != base
    assert prepare(corpus(), tokenizer, max_tokens=8, train_examples=3).fingerprint != base


def test_a_tokenizer_without_padding_token_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\[PAD\]"):
        prepare(corpus(), Tokenizer(WordLevel({"a": 0}, unk_token="a")), max_tokens=8)


def test_texts_are_tokenized_as_splits_are_and_are_in_the_fingerprint(tokenizer: Tokenizer) -> None:
    plain = prepare(corpus(), tokenizer, max_tokens=4)
    prepared = prepare(corpus(), tokenizer, max_tokens=4, texts={"tasks": ("a", "b c d")})
    assert [prepared.texts["tasks"][i].tolist() for i in (0, 1)] == [[CLS, 4, SEP], [CLS, 5, 6, SEP]]
    assert prepared.fingerprint != plain.fingerprint
    assert prepared.fingerprint != prepare(corpus(), tokenizer, max_tokens=4, texts={"tasks": ("a", "b c")}).fingerprint


def test_the_fingerprint_without_texts_is_what_it_was_before_there_were_any(tokenizer: Tokenizer) -> None:
    parts = [fingerprint(choose(corpus())), 8]
    text = json.dumps([*parts, hashlib.sha256(tokenizer.to_str().encode()).hexdigest()])
    assert prepare(corpus(), tokenizer, max_tokens=8).fingerprint == hashlib.sha256(text.encode()).hexdigest()


def test_joined_rows_follow_each_other() -> None:
    first = Ragged(np.array([5, 6, 7], dtype=np.int32), np.array([0, 2, 3]))
    second = Ragged(np.array([8], dtype=np.int32), np.array([0, 0, 1]))
    together = joined([first, second])
    assert [together[i].tolist() for i in range(len(together))] == [[5, 6], [7], [], [8]]
