"""The command `python -m mtbert.predict`: predictions in the form of the course's leaderboard.

One file a task and split: `sst-dev-output.csv`, `para-dev-output.csv`, `sts-dev-output.csv`, and `-test-output.csv` for
the unlabelled test files where the data folder has them. The header and the `id , value` rows, odd spaces and the
misspelt `Predicted_Similiary` included, are those of the course's starter code, which the leaderboard reads.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mtbert.errors import MtbertError

if TYPE_CHECKING:
    from mtbert.data.examples import Split
    from mtbert.trained import TrainedModel

# Task -> how the course calls its files and its column.
COURSE_NAMES = {
    "sst": ("sst", "Predicted_Sentiment"),
    "quora": ("para", "Predicted_Is_Paraphrase"),
    "sts": ("sts", "Predicted_Similiary"),
}


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    result = argparse.ArgumentParser(
        prog="python -m mtbert.predict", description="Write a trained model's predictions for the course's leaderboard."
    )
    result.add_argument(
        "--model", type=Path, required=True, metavar="DIR", help="written by mtbert.train or study.launch"
    )
    result.add_argument(
        "--data", default="demo", help="demo (made up), hub, hub:DIR, or a folder in the course's layout"
    )
    result.add_argument("--out", type=Path, default=Path("predictions"), metavar="DIR", help="default: predictions")
    result.add_argument("--threads", type=int, default=1, help="CPU threads")
    return result


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 when done, 2 for a model or data that cannot be read or a folder that cannot be written."""
    options = parser().parse_args(arguments)
    try:
        for path in _predict(options):
            print(path)
    except MtbertError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(
            f"{error.filename} cannot be written ({error.strerror}). Choose another place: --out DIR", file=sys.stderr
        )
        return 2
    return 0


def _predict(options: argparse.Namespace) -> list[Path]:
    import torch  # here, so that --help needs no torch

    from mtbert import trained
    from mtbert.data.load import load_corpus

    torch.set_num_threads(max(1, options.threads))
    model = trained.load(options.model)
    corpus = load_corpus(options.data, tuple(model.config.tasks))
    options.out.mkdir(parents=True, exist_ok=True)
    written = []
    for task, data in corpus.tasks.items():
        stem, column = COURSE_NAMES.get(task, (task, "Prediction"))
        for name, split in (("dev", data.dev), ("test", data.unlabelled)):
            if split is not None:
                path = options.out / f"{stem}-{name}-output.csv"
                path.write_text(_table(model, task, split, column), encoding="utf-8")
                written.append(path)
    return written


def _table(model: TrainedModel, task: str, split: Split, column: str) -> str:
    """The rows of one file. Similarities are clipped to the label's scale here, and nowhere else."""
    from mtbert import components

    description = components.load("tasks", task)
    values = model.predict(task, split.texts, split.texts2)
    if description.label_kind == "score":  # type: ignore[attr-defined]
        shown = [str(float(v)) for v in values.clip(description.low, description.high)]  # type: ignore[attr-defined]
    else:
        shown = [str(int(value)) for value in values]
    rows = (f"{identity} , {value} \n" for identity, value in zip(split.ids, shown, strict=True))
    return f"id \t {column} \n{''.join(rows)}"


if __name__ == "__main__":
    sys.exit(main())
