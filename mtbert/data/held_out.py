"""Held-out sentences: no train row may contain a sentence of a dev or test split.

One task's train file may contain another's dev sentences: Rotten Tomatoes' has 680 of SST's 1,100, tokenized
differently.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mtbert.data.examples import Corpus, Leaking, Split, TaskData, corpus_fingerprint
from mtbert.errors import DataError

_NEITHER_LETTER_NOR_DIGIT = re.compile(r"[\W_]+")


def sentence_key(text: str) -> str:
    """Return letters and digits alone, casefolded: "It 's" and "it's" are the same sentence in two tokenizations."""
    return _NEITHER_LETTER_NOR_DIGIT.sub("", text.casefold())


def held_out_keys(data: TaskData) -> frozenset[str]:
    """Return the keys of all sentences of a task's dev, test and unlabelled splits."""
    splits = (data.dev, data.test, data.unlabelled)
    return frozenset(sentence_key(text) for split in splits if split is not None for text in sentences_of(split))


def sentences_of(split: Split) -> tuple[str, ...]:
    """Return all sentences of a split; of pairs all first ones, then all second ones."""
    return (*split.texts, *(split.texts2 or ()))


def without_leaks(corpus: Corpus) -> Corpus:
    """Return the corpus without train rows that contain a sentence of any task's dev, test or unlabelled split.

    Of a pair one such sentence is enough. `leaking` counts the dropped rows; the fingerprint is that of the rest.

    Raises:
        DataError: a train split has no rows left.
    """
    own = {name: held_out_keys(data) for name, data in corpus.tasks.items()}
    every = frozenset[str]().union(*own.values())
    tasks: dict[str, TaskData] = {}
    leaking: dict[str, Leaking] = {}
    for name, data in corpus.tasks.items():
        leaks = _holding(data.train, every)
        leaking[name] = Leaking(rows=int(leaks.sum()), own=int(_holding(data.train, own[name]).sum()))
        tasks[name] = replace(data, train=data.train.take(np.flatnonzero(~leaks)))
    _require_train(corpus.source, tasks, leaking)
    return replace(corpus, tasks=tasks, leaking=leaking, fingerprint=corpus_fingerprint(tasks))


def notes(corpus: Corpus) -> list[str]:
    """Return a line per task about dev and test sentences in the train files."""
    overlap = [
        f"{task}: {counted(count, 'example')} of dev {'is' if count == 1 else 'are'} in the train file too; none is "
        "trained on"
        for task, count in corpus.overlap.items()
        if count
    ]
    dropped = [
        f"{task}: dropped {counted(leaking.rows, 'train row')} with a sentence of a dev or test split "
        f"({leaking.own:,} with one of {task}'s own)"
        for task, leaking in corpus.leaking.items()
        if leaking.rows
    ]
    return [*overlap, *dropped]


def _holding(split: Split, held: Set[str]) -> NDArray[np.bool_]:
    """Return which rows of a split contain one of the sentences, (n,)."""
    holds = _among(split.texts, held)
    return holds if split.texts2 is None else holds | _among(split.texts2, held)


def _among(texts: Iterable[str], held: Set[str]) -> NDArray[np.bool_]:
    return np.array([sentence_key(text) in held for text in texts], dtype=np.bool_)


def _require_train(source: str, tasks: Mapping[str, TaskData], leaking: Mapping[str, Leaking]) -> None:
    empty = [
        f"{name} ({leaking[name].own:,} of {leaking[name].rows:,} rows by its own splits)"
        for name, data in tasks.items()
        if not len(data.train)
    ]
    if empty:
        raise DataError(
            f"{source}: no train row is left of {', '.join(empty)}: each contains a sentence of a dev or test split. "
            "Give other train files, or leave out the task whose splits contain these sentences (--tasks)."
        )


def counted(count: int, noun: str) -> str:
    """Return a number with its noun: "1 train row", "1,143 train rows"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def overlap(train: Split, dev: Split) -> int:
    """Return the number of dev examples whose sentence, or pair in either order, occurs in train.

    Case and repeated white space do not matter, nor do labels.
    """
    seen = set(_keys(train))
    return sum(key in seen for key in _keys(dev))


def _keys(split: Split) -> list[tuple[str, ...]]:
    first = [_normal(text) for text in split.texts]
    if split.texts2 is None:
        return [(text,) for text in first]
    second = [_normal(text) for text in split.texts2]
    return [(a, b) if a <= b else (b, a) for a, b in zip(first, second, strict=True)]


def _normal(text: str) -> str:
    return " ".join(text.lower().split())
