"""CFIMDB: is a film review positive or negative?"""

from __future__ import annotations

from mtbert.tasks.abstract import AbstractClassTask, course_tables


class CfimdbTask(AbstractClassTask):
    """Sentiment of highly polar film reviews, each beside a counterfactual rewriting; 0 negative, 1 positive.

    Kaushik et al. 2020, as distributed by the course. Reviews are long: they are cut at `data.max_tokens`. Main metric:
    accuracy.
    """

    name = "cfimdb"
    title = "Sentiment (CFIMDB)"
    pair = False
    outputs = 2
    classes = 2
    high = 1.0
    files = course_tables("ids-cfimdb")
    text_columns = ("sentence",)
    label_column = "sentiment"
