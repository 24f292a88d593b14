"""What is kept of dev examples beside their ids: how long their sentences are, and how many words a pair shares."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping

from mtbert.data.examples import Split
from results.rows import ExampleRow

_WORD = re.compile(r"\w+(?:['’]\w+)*")


def example_rows(splits: Mapping[str, Split]) -> Iterator[ExampleRow]:
    """A row for each example of each task's split, numbered from 1 in its order."""
    for task, split in splits.items():
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
            )


def words(text: str) -> list[str]:
    """The words of a text in lower case: letters and digits, apostrophes within; punctuation is none."""
    return _WORD.findall(text.lower())


def overlap(first: str, second: str) -> float:
    """Jaccard's index of the sets of words, |A and B| / |A or B|, 0..1; 1 where neither has a word."""
    a, b = set(words(first)), set(words(second))
    return len(a & b) / len(a | b) if a | b else 1.0
