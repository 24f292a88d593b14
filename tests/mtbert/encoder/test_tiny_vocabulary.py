from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter

from mtbert.encoder.tiny_vocabulary import count_words, train_tokenizer, train_vocabulary

TEXTS = [
    f"The {word}ing of {other}ed {word}s wasn't {other}able."
    for word in ("walk", "talk", "jump", "look")
    for other in ("paint", "count", "mark", "turn")
]
SCRIPT = """
import sys
from mtbert.encoder.tiny_vocabulary import train_tokenizer
print(train_tokenizer(sys.stdin.read().split("\\n"), size=120).to_str())
"""


def in_new_process(hash_seed: str, texts: list[str]) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-c", SCRIPT]
    text = "\n".join(texts)
    done = subprocess.run(command, input=text, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_every_process_trains_the_same_tokenizer() -> None:
    trained = {in_new_process(seed, TEXTS) for seed in ("0", "1")}
    assert trained == {train_tokenizer(TEXTS, size=120).to_str()}


def test_the_order_of_the_texts_does_not_matter() -> None:
    assert train_tokenizer(TEXTS, 120).to_str() == train_tokenizer(TEXTS[::-1], 120).to_str()


def test_the_most_frequent_pair_is_merged_first_and_the_alphabet_settles_ties() -> None:
    """##o ##w occurs 7 times, l ##o 6; then l ##ow 5; then ##l ##ow and s ##l twice each."""
    pieces = list(train_vocabulary(Counter({"low": 5, "lot": 1, "slow": 2}), 100))
    assert pieces[5 + 2 * 5 :] == ["##ow", "low", "##low", "slow"]


def test_numbers_follow_the_order_special_tokens_characters_merges() -> None:
    vocabulary = train_vocabulary(Counter({"ab": 3}), 100)
    assert list(vocabulary) == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "##a", "##b", "ab"]
    assert list(vocabulary.values()) == list(range(10))


def test_a_pair_seen_once_is_not_merged() -> None:
    assert "ab" not in train_vocabulary(Counter({"ab": 1}), 100)


def test_a_repeated_character_is_merged_from_the_left() -> None:
    """x ##a ##a ##a: ##a ##a (twice a word) becomes ##aa, which leaves x ##aa ##a."""
    vocabulary = train_vocabulary(Counter({"xaaa": 2}), 100)
    assert list(vocabulary)[5 + 2 * 2 :] == ["##aa", "##aaa", "xaaa"]


def test_the_vocabulary_has_at_most_the_size_asked_for_and_without_text_the_special_tokens_alone() -> None:
    assert train_tokenizer(TEXTS, 70).get_vocab_size() == 70
    assert train_tokenizer([]).get_vocab_size() == 5


def test_words_are_counted_lower_cased_without_accents_and_apart_from_punctuation() -> None:
    assert count_words(["Café, CAFE!"]) == Counter({"cafe": 2, ",": 1, "!": 1})


def test_a_sentence_stands_between_cls_and_sep() -> None:
    tokenizer = train_tokenizer(TEXTS)
    assert tokenizer.encode("The walking").tokens == ["[CLS]", "the", "walking", "[SEP]"]
    assert tokenizer.padding is tokenizer.truncation is None


def test_an_unseen_word_of_seen_characters_is_spelt_and_an_unseen_character_is_unknown() -> None:
    tokenizer = train_tokenizer(TEXTS)
    tokens = tokenizer.encode("ttkw").tokens
    assert "[UNK]" not in tokens
    assert "".join(token.removeprefix("##") for token in tokens[1:-1]) == "ttkw"
    assert tokenizer.encode("%").tokens == ["[CLS]", "[UNK]", "[SEP]"]
