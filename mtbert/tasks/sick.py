"""SICK: how related are two sentences, from 1 to 5?"""

from __future__ import annotations

from mtbert.tasks.abstract import AbstractScoreTask, Tables


class SickTask(AbstractScoreTask):
    """Semantic relatedness, 1 (unrelated) to 5 (very related); Marelli et al. 2014. Main metric: Pearson's r.

    The published trial file is the dev split.
    """

    name = "sick"
    title = "Relatedness (SICK)"
    pair = True
    low = 1.0
    high = 5.0
    files = Tables("sick/SICK_train.txt", "sick/SICK_trial.txt", id_column="pair_ID")
    text_columns = ("sentence_A", "sentence_B")
    label_column = "relatedness_score"
