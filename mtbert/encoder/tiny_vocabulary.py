"""A small WordPiece vocabulary trained on given texts, the same in every process.

The trainer of the `tokenizers` library is not used: two runs on the same text gave different vocabularies and different
numbers (0.23), because ties are broken in the order of a randomly seeded hash table.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

# By the names that transformers has for them.
NAMED_TOKENS = {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"}
SPECIAL_TOKENS = tuple(NAMED_TOKENS.values())
VOCABULARY_SIZE = 4000  # every frequent word of the demo and of the course's data, few parameters at width 128
CHARACTERS = 500  # rarer ones become [UNK]; English text with accents and symbols has about 200
MAX_CHARACTERS = 100  # a longer word is [UNK], as in BERT
PREFIX = "##"

Pair = tuple[str, str]


def train_tokenizer(texts: Iterable[str], size: int = VOCABULARY_SIZE) -> Tokenizer:
    """Return an uncased BERT tokenizer with a vocabulary of at most `size` pieces trained on `texts`, in any order.

    Characters precede merged pieces, so every word of known characters has a spelling, even if that takes more than
    `size`. Without texts the vocabulary is the special tokens.
    """
    counts = count_words(texts)
    vocabulary = train_vocabulary(counts, size)
    return bert_tokenizer(vocabulary)


def bert_tokenizer(
    vocabulary: dict[str, int],
    *,
    lowercase: bool = True,
    unknown: str = "[UNK]",
    cls: str = "[CLS]",
    sep: str = "[SEP]",
) -> Tokenizer:
    """Return BERT's tokenizer for a vocabulary (piece -> number): [CLS] text [SEP], no padding, no truncation."""
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token=unknown, max_input_chars_per_word=MAX_CHARACTERS))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix=PREFIX)
    frame(tokenizer, cls, sep)
    tokenizer.add_special_tokens([token for token in SPECIAL_TOKENS if token in vocabulary])
    return tokenizer


def frame(tokenizer: Tokenizer, cls: str, sep: str) -> None:
    """Set a tokenizer's template to [CLS] text [SEP], or for pairs [CLS] text [SEP] text [SEP]."""
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{cls} $A {sep}",
        pair=f"{cls} $A {sep} $B:1 {sep}:1",
        special_tokens=[(token, tokenizer.token_to_id(token)) for token in (cls, sep)],
    )


def count_words(texts: Iterable[str]) -> Counter[str]:
    """Return how often each lower-cased word and punctuation mark occurs, as BERT splits them."""
    normalizer, splitter = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    # Neither looks beyond a space, so each text between two spaces is split once, however often it occurs.
    pieces: Counter[str] = Counter()
    for text in texts:
        pieces.update(text.split(" "))
    counts: Counter[str] = Counter()
    for piece, count in pieces.items():
        for word, _ in splitter.pre_tokenize_str(normalizer.normalize_str(piece)):
            counts[word] += count
    return counts


def train_vocabulary(counts: Counter[str], size: int, *, min_count: int = 2) -> dict[str, int]:
    """Return piece -> number: special tokens, characters, then pieces in the order in which they were merged.

    Byte-pair encoding on words (Sennrich et al. 2016, algorithm 1), written as word pieces: the most frequent pair of
    neighbours becomes one piece, until there are `size` or none occurs `min_count` times. Ties are broken
    alphabetically, so the result depends on `counts` alone and not on its order.
    """
    characters = _frequent_characters(counts)
    pieces = [*SPECIAL_TOKENS, *characters, *(PREFIX + character for character in characters)]
    known = set(characters)
    words = sorted(word for word in counts if len(word) <= MAX_CHARACTERS and known.issuperset(word))
    spellings = [[word[0], *(PREFIX + character for character in word[1:])] for word in words]
    vocabulary = dict.fromkeys(pieces)
    for piece in _merges(spellings, [counts[word] for word in words], min_count):
        if len(vocabulary) >= size:
            break
        vocabulary.setdefault(piece)
    return {piece: number for number, piece in enumerate(vocabulary)}


def _frequent_characters(counts: Counter[str]) -> list[str]:
    occurs: Counter[str] = Counter()
    for word, count in counts.items():
        for character in word:
            occurs[character] += count
    return sorted(sorted(occurs, key=lambda character: (-occurs[character], character))[:CHARACTERS])


def _merges(spellings: list[list[str]], weights: list[int], min_count: int) -> Iterable[str]:
    """Yield new pieces, most frequent pair first; `spellings` (a list of pieces for each word) is changed in place."""
    occurs: Counter[Pair] = Counter()
    where: defaultdict[Pair, set[int]] = defaultdict(set)
    for word, (spelling, weight) in enumerate(zip(spellings, weights, strict=True)):
        for pair in pairwise(spelling):
            occurs[pair] += weight
            where[pair].add(word)
    queue = [(-count, pair) for pair, count in occurs.items()]
    heapq.heapify(queue)
    while queue:
        negative, pair = heapq.heappop(queue)
        if occurs[pair] < min_count:
            continue
        if -negative != occurs[pair]:  # the count fell since it was queued
            heapq.heappush(queue, (-occurs[pair], pair))
            continue
        piece = pair[0] + pair[1].removeprefix(PREFIX)
        grown = set()
        for word in where.pop(pair):
            old, new = spellings[word], _merge(spellings[word], pair, piece)
            for neighbours in pairwise(old):
                occurs[neighbours] -= weights[word]
            for neighbours in pairwise(new):
                occurs[neighbours] += weights[word]
                where[neighbours].add(word)
                grown.add(neighbours)
            spellings[word] = new
        for neighbours in grown:
            heapq.heappush(queue, (-occurs[neighbours], neighbours))
        yield piece


def _merge(spelling: list[str], pair: Pair, piece: str) -> list[str]:
    """Return the spelling with every occurrence of the pair, from the left, written as one piece."""
    merged: list[str] = []
    for symbol in spelling:
        if merged and (merged[-1], symbol) == pair:
            merged[-1] = piece
        else:
            merged.append(symbol)
    return merged
