"""The command `python -m mtbert.predict`: a model's predictions in the format of the course's leaderboard."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mtbert import output
from mtbert.cli import commands
from mtbert.data import dropped


@output.command
def main(arguments: list[str] | None = None) -> int:
    """Run the command; return 0 when done, 2 for files that cannot be read or written."""
    parser = commands.parser("predict", "Write a trained model's predictions for the course's leaderboard.")
    commands.add_data(parser)
    parser.add_argument(
        "--out", type=Path, default=Path("predictions"), metavar="DIR", help="output folder (default: predictions)"
    )
    options = parser.parse_args(arguments)
    output.alone(options.json)
    return commands.write_files(options, lambda: _predict(options))


def _predict(options: argparse.Namespace) -> list[Path]:
    import torch  # here, so that --help needs no torch

    from mtbert import loaded_model
    from mtbert.cli import course_files
    from mtbert.data.load import load_corpus

    torch.set_num_threads(max(1, options.threads))
    model = loaded_model.load(options.model)
    corpus = load_corpus(options.data, tuple(model.config.tasks))
    for line in dropped.lines(corpus.issues, listed=options.data_issues):
        print(line, file=sys.stderr)
    return course_files.write(model, corpus, options.out)


if __name__ == "__main__":
    sys.exit(output.last(main()))
