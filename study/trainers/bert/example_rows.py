"""Stored facts about dev examples: their lengths, the word overlap of pairs, and their rarest words."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile

from mtbert.data.examples import Split
from results.database.rows import ExampleRow

_WORD = re.compile(r"\w+(?:['’]\w+)*")


def example_rows(dev: Mapping[str, Split], train: Iterable[Split]) -> Iterator[ExampleRow]:
    """Yield a row for each dev example of each task, numbered from 1; word counts are those of `train`."""
    counts = word_counts(train)
    for task, split in dev.items():
        ids = hashlib.sha256("\n".join(split.ids).encode()).hexdigest()
        seconds = split.texts2 or (None,) * len(split)
        for number, (first, second) in enumerate(zip(split.texts, seconds, strict=True), start=1):
            yield ExampleRow(
                task=task,
                example_ids_sha256=ids,
                number=number,
                words=len(words(first)),
                words2=None if second is None else len(words(second)),
                overlap=None if second is None else overlap(first, second),
                one_word_difference=None if second is None else one_word_difference(first, second),
                rarest=min((counts[word] for text in (first, second or "") for word in words(text)), default=None),
            )


def words(text: str) -> list[str]:
    """Return the lower-case words of a text: letters, digits and inner apostrophes, without punctuation."""
    return _WORD.findall(text.lower())


def word_counts(splits: Iterable[Split]) -> Counter[str]:
    """Return how often each word occurs in the sentences of all splits."""
    counts: Counter[str] = Counter()
    for split in splits:
        for text in (*split.texts, *(split.texts2 or ())):
            counts.update(words(text))
    return counts


def one_word_difference(first: str, second: str) -> bool:
    """Return whether the word edit distance of two texts is 1: one word replaced, added or removed."""
    a, b = words(first), words(second)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False)))
    a, b = a[same:], b[same:]
    return a != b and (a[1:] == b[1:] or a[1:] == b or a == b[1:])


def overlap(first: str, second: str) -> float:
    """Return Jaccard's index of the sets of words, |A and B| / |A or B|, 0..1; 1 where neither has a word."""
    a, b = set(words(first)), set(words(second))
    return len(a & b) / len(a | b) if a | b else 1.0
