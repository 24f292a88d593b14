"""STS-B: how similar are two sentences, from 0 to 5?"""

from __future__ import annotations

from mtbert.tasks.abstract import AbstractScoreTask, course_tables


class StsTask(AbstractScoreTask):
    """Semantic textual similarity, 0 (unrelated) to 5 (same); Cer et al. 2017. Main metric: Pearson's r."""

    name = "sts"
    title = "Similarity (STS-B)"
    pair = True
    low = 0.0
    high = 5.0
    files = course_tables("sts")
    text_columns = ("sentence1", "sentence2")
    label_column = "similarity"
