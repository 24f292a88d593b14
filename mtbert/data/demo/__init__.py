"""The demo corpus: generated sentences for the three tasks, the same on every machine, without a network.

The sentences are composed from the project's own small grammars, so the structure behind each label is known
(`reviews`, `questions`, `scenes`); then the labels are made noisy at fixed rates. Results on it show that a study
works; they say nothing about real sentences.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from random import Random

import numpy as np

from mtbert.data.demo.questions import question_pair
from mtbert.data.demo.reviews import review
from mtbert.data.demo.scenes import scene_pair
from mtbert.data.examples import Split, TaskData

SENTIMENT_MOVED = 0.12  # share of sentiment labels moved to a neighbouring class
DUPLICATE_FLIPPED = 0.06  # share of duplicate labels inverted
SIMILARITY_NOISE = 0.35  # standard deviation of the noise on similarities, in points of 0..5
CLASS_WEIGHTS = (0.14, 0.24, 0.21, 0.26, 0.15)  # the shape of SST-5: fewer at both ends

Row = tuple[str, str | None, float]  # first text, second text, label


def generate(seed: int = 0, train: int = 2000, dev: int = 400, test: int = 400) -> dict[str, TaskData]:
    """Return the splits of "sst", "quora" and "sts" with these numbers of examples each.

    Equal arguments give equal data in every process and on every machine. No sentence (or pair, in either order) occurs
    twice within a task. With one seed, another `train` changes neither dev nor test.
    """
    data = {}
    for task, draw in _DRAWS.items():
        rng = Random(f"mtbert demo {seed} {task}")
        rows = _distinct(partial(draw, rng), test + dev + train)
        data[task] = TaskData(
            test=_split(task, "test", rows[:test]),
            dev=_split(task, "dev", rows[test : test + dev]),
            train=_split(task, "train", rows[test + dev :]),
        )
    return data


def _sentiment(rng: Random) -> Row:
    target = rng.choices(range(5), weights=CLASS_WEIGHTS)[0]
    text, label = review(rng)
    while label != target:
        text, label = review(rng)
    if rng.random() < SENTIMENT_MOVED:
        label += 1 if label == 0 else -1 if label == 4 else rng.choice((-1, 1))
    return text, None, float(label)


def _duplicate(rng: Random) -> Row:
    first, second, label = question_pair(rng)
    return first, second, float(1 - label if rng.random() < DUPLICATE_FLIPPED else label)


def _similarity(rng: Random) -> Row:
    first, second, score = scene_pair(rng)
    return first, second, round(min(5.0, max(0.0, score + rng.gauss(0, SIMILARITY_NOISE))), 1)


_DRAWS: Mapping[str, Callable[[Random], Row]] = {
    "sst": _sentiment,
    "quora": _duplicate,
    "sts": _similarity,
}


def _distinct(draw: Callable[[], Row], count: int) -> list[Row]:
    """Return `count` rows with different texts.

    Raises:
        ValueError: the grammar does not have that many.
    """
    rows: list[Row] = []
    seen: set[tuple[str, ...]] = set()
    for _ in range(100 * count + 1):
        if len(rows) == count:
            return rows
        row = draw()
        key = tuple(sorted(text.casefold() for text in row[:2] if text is not None))
        if key not in seen:
            seen.add(key)
            rows.append(row)
    raise ValueError(f"the demo's grammars have only about {len(rows):,} different examples, not {count:,}")


def _split(task: str, name: str, rows: list[Row]) -> Split:
    seconds = [second for _, second, _ in rows if second is not None]
    return Split(
        ids=tuple(f"demo-{task}-{name}-{number:05d}" for number in range(len(rows))),
        texts=tuple(first for first, _, _ in rows),
        texts2=tuple(seconds) if seconds else None,
        labels=np.array([label for _, _, label in rows], dtype=np.float32),
    )
