"""Rotten Tomatoes: is a sentence of a film review positive or negative?"""

from __future__ import annotations

from mtbert.tasks.abstract import AbstractClassTask, Lines


class RottenTomatoesTask(AbstractClassTask):
    """Sentiment of one sentence, 0 negative, 1 positive; Pang & Lee 2005. Main metric: accuracy."""

    name = "rotten_tomatoes"
    title = "Sentiment (Rotten Tomatoes)"
    pair = False
    outputs = 2
    classes = 2
    high = 1.0
    files = Lines({"rt-polarity.neg.txt": "0", "rt-polarity.pos.txt": "1"})
    text_columns = ("sentence",)
    label_column = "label"
