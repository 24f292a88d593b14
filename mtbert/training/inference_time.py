"""The time that a trained model takes per example, as users of the saved model experience it.

    milliseconds = mean over tasks of (median over repeats of (seconds for the task's examples) / their number)

From token ids, encoder included, to outputs, without cached features. Tokenizing, which takes equally long for every
configuration of a backbone, and metrics are not included.
"""

from __future__ import annotations

import time
from statistics import fmean, median

import numpy as np

from mtbert.data.tokenize import Prepared, TokenizedSplit
from mtbert.model import MultitaskModel
from mtbert.training.evaluation import outputs_of

# Dev examples per task, evenly spaced over the split. The same for every run, so that all configurations are measured
# on the same batches.
EXAMPLES = 16
# Repeats after a first one for warming up. On a CPU MiniLM takes a quarter of a second for all.
LEAST_REPEATS, MOST_REPEATS, SECONDS = 3, 9, 0.5


def inference_ms(model: MultitaskModel, data: Prepared) -> float:
    """Return the milliseconds per example: the mean over the model's tasks, each on its own dev examples.

    In the batches of an evaluation, on the model's device and threads. There are more than `LEAST_REPEATS` repeats only
    within `SECONDS`.
    """
    splits = {task: sample(data.splits[task, "dev"]) for task in model.heads}
    for task, split in splits.items():
        outputs_of(model, task, split, data.pad_id)
    began, seconds = time.perf_counter(), dict[str, list[float]]({task: [] for task in splits})
    for repeat in range(MOST_REPEATS):
        if repeat >= LEAST_REPEATS and time.perf_counter() - began > SECONDS:
            break
        for task, split in splits.items():
            seconds[task].append(_seconds(model, task, split, data.pad_id))
    return 1000 * fmean(median(seconds[task]) / len(split) for task, split in splits.items())


def sample(split: TokenizedSplit) -> TokenizedSplit:
    """Return the examples that are measured, evenly spaced over a split."""
    return split.take(np.linspace(0, len(split) - 1, min(EXAMPLES, len(split))).astype(np.int64))


def _seconds(model: MultitaskModel, task: str, split: TokenizedSplit, pad_id: int) -> float:
    """Return the seconds for the outputs of a split; they are read, so that a GPU has computed them."""
    began = time.perf_counter()
    outputs_of(model, task, split, pad_id)
    return time.perf_counter() - began
