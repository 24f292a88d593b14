"""Small data sets as `datasets` itself saves them, under the identifiers that they have on the hub."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import datasets

Columns = Mapping[str, list[Any]]


def save(folder: Path, identifier: str, **splits: Columns) -> None:
    """Save a data set with these splits below `folder`, where `--data hub:folder` looks for it."""
    made = {name: datasets.Dataset.from_dict(dict(columns)) for name, columns in splits.items()}
    datasets.DatasetDict(made).save_to_disk(str(folder / identifier))


def save_all(folder: Path, rows: int = 40) -> str:
    """All data sets that the tasks and the stages before them read; the `--data` that reads them from there."""

    def reviews(of: str, labels: int) -> Columns:
        numbers = range(rows)
        texts = [f"{of} review number {i} of a {'fine' if i % 2 else 'dull'} film" for i in numbers]
        return {"text": texts, "label": [i % labels for i in numbers]}

    def pairs(of: str, first: str, second: str, label: str, values: list[Any]) -> Columns:
        numbers = range(rows)
        return {
            first: [f"{of} question number {i}" for i in numbers],
            second: [f"{of} question number {i} again" for i in numbers],
            label: [values[i % len(values)] for i in numbers],
        }

    def three(make: Any) -> dict[str, Columns]:
        return {name: make(name) for name in ("train", "validation", "test")}

    save(folder, "SetFit/sst5", **three(lambda name: reviews(f"sst {name}", 5)))
    save(folder, "cornell-movie-review-data/rotten_tomatoes", **three(lambda name: reviews(f"rt {name}", 2)))
    quora = three(lambda name: pairs(name, "question1", "question2", "label", [0, 1]))
    hidden = {**quora["test"], "label": [-1] * rows}
    save(folder, "nyu-mll/glue/qqp", **{**quora, "test": hidden})
    scores = [0.0, 0.2, 1.0]
    sts = three(lambda name: pairs(f"sts {name}", "sentence1", "sentence2", "score", scores))
    save(folder, "sentence-transformers/stsb", **sts)
    paws = pairs("paws", "sentence1", "sentence2", "label", [0, 1])
    save(folder, "google-research-datasets/paws/labeled_final", train=paws)
    premises = [f"premise number {i}" for i in range(rows)]
    nli = {"sent0": premises, "sent1": [f"{p} holds" for p in premises], "hard_neg": [f"no {p}" for p in premises]}
    save(folder, "princeton-nlp/datasets-for-simcse/nli_for_simcse", train=nli)
    wikipedia = [f"sentence number {i} of an encyclopedia" for i in range(rows)]
    save(folder, "princeton-nlp/datasets-for-simcse/wiki1m_for_simcse", train={"text": wikipedia})
    return f"hub:{folder}"
