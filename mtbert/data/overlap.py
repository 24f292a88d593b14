"""How many dev examples are in the train file too: a fact of the files; `held_out` keeps them out of training."""

from __future__ import annotations

from mtbert.data.examples import Split


def overlap(train: Split, dev: Split) -> int:
    """Dev examples whose sentence, or pair in either order, occurs in train.

    Compared without case and with white space collapsed; labels do not count.
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
