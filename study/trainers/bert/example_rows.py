"""What is kept of dev examples beside their ids: how long they are, what a pair shares, how rare their words are."""

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
    """Yield a row for each example of each task's dev split, numbered from 1 in its order; words are counted in
    `train`.
    """
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
    """Return the words of a text in lower case: letters and digits, apostrophes within; punctuation is none."""
    return _WORD.findall(text.lower())


def word_counts(splits: Iterable[Split]) -> Counter[str]:
    """Return how often each word occurs in the sentences of all splits."""
    counts: Counter[str] = Counter()
    for split in splits:
        for text in (*split.texts, *(split.texts2 or ())):
            counts.update(words(text))
    return counts


def one_word_difference(first: str, second: str) -> bool:
    """Return whether exactly one word is replaced, added or left out: the edit distance of the two lists of words is
    1.
    """
    a, b = words(first), words(second)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False)))
    a, b = a[same:], b[same:]
    return a != b and (a[1:] == b[1:] or a[1:] == b or a == b[1:])


def overlap(first: str, second: str) -> float:
    """Jaccard's index of the sets of words, |A and B| / |A or B|, 0..1; 1 where neither has a word."""
    a, b = set(words(first)), set(words(second))
    return len(a & b) / len(a | b) if a | b else 1.0
