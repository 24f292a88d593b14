"""The files of the course's leaderboard: a trained model's predictions in its format.

One file per task and split: `sst-dev-output.csv`, `para-dev-output.csv`, `sts-dev-output.csv`, and `-test-output.csv`
for the unlabelled test files if the data folder has them. The header and the `id , value` rows, odd spaces and the
misspelt `Predicted_Similiary` included, are those of the course's starter code.

For a folder in the course's layout, every row of a file gets its prediction, under its id in the file. This includes
rows that are not trained on or measured because their text occurs twice or their label is missing. A broken line (not
UTF-8, another number of columns, an open quote) has neither id nor text and gets no prediction; it is among the
corpus's issues, which `mtbert.predict` prints.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mtbert import components
from mtbert.data.examples import Corpus, Split
from mtbert.data.load import is_folder
from mtbert.data.table import read_table
from mtbert.tasks.abstract import AbstractTask, Tables

if TYPE_CHECKING:
    from mtbert.loaded_model import TrainedModel

# Task -> the course's name of its files and its column.
COURSE_NAMES = {
    "sst": ("sst", "Predicted_Sentiment"),
    "quora": ("para", "Predicted_Is_Paraphrase"),
    "sts": ("sts", "Predicted_Similiary"),
}


def write(model: TrainedModel, corpus: Corpus, folder: Path) -> list[Path]:
    """Predict the dev and the unlabelled test rows of the model's tasks; return the files, which are in `folder`.

    Raises:
        DataError: a data file has disappeared since the corpus was read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name in model.config.tasks:
        stem, column = COURSE_NAMES.get(name, (name, "Prediction"))
        for part, split in _splits(corpus, components.build("tasks", name, {})).items():
            path = folder / f"{stem}-{part}-output.csv"
            path.write_text(_table(model, name, split, column), encoding="utf-8")
            written.append(path)
    return written


def _splits(corpus: Corpus, task: AbstractTask) -> dict[str, Split]:
    """Return the splits to predict, dev and possibly test: all rows of a course folder's files, else the splits."""
    data = corpus.tasks[task.name]
    splits = {"dev": data.dev} | ({} if data.unlabelled is None else {"test": data.unlabelled})
    if not (is_folder(corpus.source) and isinstance(task.files, Tables)):
        return splits
    names = {"dev": task.files.dev, "test": task.files.unlabelled}
    place = Path(os.path.expanduser(corpus.source))
    return {part: _every_row(place / str(names[part]), task, task.files.id_column) for part in splits}


def _every_row(path: Path, task: AbstractTask, id_column: str) -> Split:
    """Return all rows of a file, also those without a usable label; without labels."""
    rows = read_table(path, [id_column, *task.text_columns]).rows
    texts = [tuple(text.strip() for text in row.fields[1:]) for row in rows]
    return Split(
        ids=tuple(row.fields[0].strip() or f"line {row.line}" for row in rows),
        texts=tuple(text[0] for text in texts),
        texts2=tuple(text[1] for text in texts) if task.pair else None,
        labels=np.full(len(rows), np.nan, np.float32),
    )


def _table(model: TrainedModel, task: str, split: Split, column: str) -> str:
    """Return the rows of one file. Similarities are clipped to the label's scale here, and nowhere else."""
    description: AbstractTask = components.build("tasks", task, {})
    values = model.predict(task, split.texts, split.texts2)
    if description.label_kind == "score":
        shown = [str(float(v)) for v in values.clip(description.low, description.high)]
    else:
        shown = [str(int(value)) for value in values]
    rows = (f"{identity} , {value} \n" for identity, value in zip(split.ids, shown, strict=True))
    return f"id \t {column} \n{''.join(rows)}"
