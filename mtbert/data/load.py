"""`--data`: the demo, the hub or a folder, read into one corpus."""

from __future__ import annotations

from collections.abc import Sequence

from mtbert import components
from mtbert.data import cs224n, demo, held_out, hub
from mtbert.data.examples import Corpus, DataIssue, Split, corpus_fingerprint
from mtbert.data.hub import is_hub
from mtbert.errors import DataError, unknown
from mtbert.tasks.abstract import AbstractTask


def load_corpus(source: str, task_names: Sequence[str], *, strict: bool = False) -> Corpus:
    """Return the data of the named tasks from "demo", "hub", "hub:DIR" or a folder in the course's layout.

    No train split contains a sentence of any task's dev or test split (`held_out.without_leaks`). With `strict`, an
    unusable row is an error; a row that leaks is not.

    Raises:
        DataError: the data cannot be read; the message is for a person.
        ConfigurationError: there is no such task.
    """
    tasks: list[AbstractTask] = [components.build("tasks", name, {}) for name in task_names]
    return held_out.without_leaks(_read(source, tasks, strict))


def load_split(source: str, task_names: Sequence[str], split: str) -> tuple[dict[str, Split], tuple[DataIssue, ...]]:
    """Return the split "train", "dev" or "test" of each named task, and the dropped rows.

    For dev, a folder needs no train files.

    Raises:
        DataError, ConfigurationError: as in `load_corpus`.
    """
    if split == "dev" and is_folder(source):
        return cs224n.read_dev(source, [components.build("tasks", name, {}) for name in task_names])
    corpus = load_corpus(source, task_names)
    return {name: getattr(data, split) for name, data in corpus.tasks.items()}, corpus.issues


def is_folder(source: str) -> bool:
    """Return whether `--data` names a folder in the course's layout."""
    return source != "demo" and not is_hub(source)


def _read(source: str, tasks: Sequence[AbstractTask], strict: bool) -> Corpus:
    """Return the corpus of its source, leaks included."""
    if source == "demo":
        return _demo(tasks)
    if is_hub(source):
        return hub.read_hub(source, tasks, strict)
    return cs224n.read_folder(source, tasks, strict)


def _demo(tasks: Sequence[AbstractTask]) -> Corpus:
    made = demo.generate()
    for task in tasks:
        if task.name not in made:
            raise DataError(f"The demo does not have every task. {unknown('demo task', task.name, made)}")
    data = {task.name: made[task.name] for task in tasks}
    return Corpus(
        source="demo",
        made_up=True,
        tasks=data,
        issues=(),
        overlap={name: 0 for name in data},  # the generator never repeats an example
        rows_read={
            f"demo {name} {split}": len(rows)
            for name, task_data in data.items()
            for split, rows in (("train", task_data.train), ("dev", task_data.dev), ("test", task_data.test))
        },
        fingerprint=corpus_fingerprint(data),
    )
