"""SST-5: the sentiment of one sentence, in five classes."""

from __future__ import annotations

from mtbert.tasks.abstract import AbstractClassTask, course_tables


class SstTask(AbstractClassTask):
    """Sentiment from 0 (very negative) to 4 (very positive); Socher et al. 2013. Main metric: accuracy."""

    name = "sst"
    title = "Sentiment (SST-5)"
    pair = False
    outputs = 5
    classes = 5
    high = 4.0
    files = course_tables("ids-sst")
    text_columns = ("sentence",)
    label_column = "sentiment"
