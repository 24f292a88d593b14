"""Whether the labels of a split can distinguish models: with one label for all rows no metric can.

Pearson's r of constant labels is 0 / 0, and the accuracy on one class is highest for a model that always predicts it.
Splits that cannot be measured are refused before anything is trained.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mtbert import components
from mtbert.data import subset
from mtbert.data.examples import Corpus, Split
from mtbert.data.hub import is_hub
from mtbert.errors import DataError
from mtbert.tasks.abstract import AbstractTask, Lines

PARTS = ("search", "dev")  # of dev, as `subset.dev_parts` returns them
_WITHOUT = "leave the task out of the configuration's `tasks` (--tasks)"


def require(corpus: Corpus, dev_examples: int | None = None, *, test: bool = False) -> None:
    """Refuse a dev split, a part of it, and with `test` a test split, on which a task's metric cannot be measured.

    `dev_examples`: the number of dev examples that decide (`subset.dev_parts`).

    Raises:
        DataError: there are such splits; the message has all of them.
    """
    faults = [line for task in _tasks(corpus) for line in _faults(corpus, task, dev_examples, test)]
    if faults:
        raise DataError("\n".join(faults))


def require_labels(task: AbstractTask, split: Split, place: str) -> None:
    """Refuse to measure a correlation on a split at `place` that has a single label.

    Raises:
        DataError: it has.
    """
    if task.label_kind == "score" and _alike(split):
        raise DataError(f"{_fault(task, split, place)} Give other data, or leave the task out: --tasks.")


def notes(
    corpus: Corpus,
    train_examples: int | None = None,
    dev_examples: int | None = None,
    subset_seed: int | None = None,
) -> list[str]:
    """Return a line for each split whose labels are all equal although it can be used."""
    lines = []
    for task in _tasks(corpus):
        data = corpus.tasks[task.name]
        train = subset.first(data.train, train_examples, subset_seed)
        if _alike(train):
            lines.append(f"{task.name}: {_all(train, 'training')}: there is nothing else to learn from them")
        for part, name in zip(subset.dev_parts(data.dev, dev_examples), PARTS, strict=True):
            if task.label_kind != "score" and _alike(part):
                lines.append(f"{task.name}: {_all(part, name)}: its metric says little; use more --dev-examples")
    return lines


def _tasks(corpus: Corpus) -> Iterator[AbstractTask]:
    for name in corpus.tasks:
        yield components.build("tasks", name, {})


def _faults(corpus: Corpus, task: AbstractTask, dev_examples: int | None, test: bool) -> Iterator[str]:
    data, score = corpus.tasks[task.name], task.label_kind == "score"
    if _alike(data.dev):
        fault = _fault(task, data.dev, _place(corpus, task, "dev"))
        yield f"{fault} Give a dev split with different labels, or {_WITHOUT}."
    elif score and dev_examples == 1:
        place = f"{_place(corpus, task, 'dev')}, --dev-examples {dev_examples}"
        yield f"{place}: {task.name}'s metric {task.main_metric} needs 2 examples. Give --dev-examples 2 or more."
    elif score:
        for part, name in zip(subset.dev_parts(data.dev, dev_examples), PARTS, strict=True):
            if _alike(part):
                fault = _fault(task, part, _place(corpus, task, "dev"), name)
                yield f"{fault} Give a dev split with at least 2 examples of each of two labels, or {_WITHOUT}."
    if test and score and _alike(data.test):
        fault = _fault(task, data.test, f"{_place(corpus, task, 'train')}, of which a tenth is the test split")
        yield f"{fault} Leave the phase test out (--phases), give other data, or {_WITHOUT}."


def _fault(task: AbstractTask, split: Split, place: str, kind: str = "") -> str:
    """Return one sentence: place, task, the single label, and the metric that cannot be measured."""
    why = "it is 0 / 0 for every model"
    if task.label_kind != "score":
        why = "a model that always predicts it is always right"
    return f"{place}: {_all(split, kind)}, so {task.name}'s metric {task.main_metric} cannot be measured: {why}."


def _all(split: Split, kind: str = "") -> str:
    """Return a phrase such as "all 200 dev examples have the label 2.5"."""
    named = f"{kind} example".strip()
    if len(split) == 1:
        return f"the only {named} has the label {split.labels[0]:g}"
    return f"all {len(split):,} {named}s have the label {split.labels[0]:g}"


def _alike(split: Split) -> bool:
    return not np.ptp(split.labels) > 0 if len(split) else True


def _place(corpus: Corpus, task: AbstractTask, split: str) -> str:
    """Return where a split of a task is: its file, or its name if there is none."""
    if corpus.source == "demo" or is_hub(corpus.source):
        return f"{corpus.source}, split {split} of task {task.name}"
    layout = task.files
    if isinstance(layout, Lines):
        return f"{corpus.source}/{', '.join(layout.required())}, split {split}"
    return f"{corpus.source}/{layout.dev if split == 'dev' else layout.train}"
