"""The command `python -m mtbert.evaluate`: every metric of every task of a trained model on a split."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from mtbert import output
from mtbert.cli import commands
from mtbert.data import dropped
from mtbert.errors import ConfigurationError, Fault, MtbertError, unknown


@output.command
def main(arguments: list[str] | None = None) -> int:
    """Run the command; return 0 when done, 2 for a model or data that cannot be read."""
    parser = commands.parser("evaluate", "Measure a trained model on a split.")
    commands.add_data(parser)
    parser.add_argument("--tasks", metavar="A,B", help="tasks to measure (default: all tasks of the model)")
    parser.add_argument(
        "--split",
        choices=("train", "dev", "test"),
        default="dev",
        help="split to measure on; dev: its examples that decide, without those by which training chose (default: dev)",
    )
    options = parser.parse_args(arguments)
    output.alone(options.json)
    try:
        result = _evaluate(options)
    except MtbertError as error:
        print(error, file=sys.stderr)
        return 2
    if options.json:
        output.print_object(json.dumps(result, indent=2))
        return 0
    for task, metrics in result["tasks"].items():
        print(f"{task:16}{'   '.join(f'{name} {value:.4f}' for name, value in metrics.items())}")
    scores = f"{result['score']:.4f}   leaderboard_score {result['leaderboard_score']:.4f}"
    part = f"{result['split']}, the examples that decide" if result["split"] == "dev" else result["split"]
    print(f"{'score':16}{scores}   ({part})")
    return 0


def _evaluate(options: argparse.Namespace) -> dict[str, Any]:
    import torch  # here, so that --help needs no torch

    from mtbert import components, loaded_model
    from mtbert.data.load import load_split
    from mtbert.data.measurable import require_labels
    from mtbert.data.subset import dev_parts
    from mtbert.data.tokenize import tokenize_split
    from mtbert.training.evaluation import evaluate

    torch.set_num_threads(max(1, options.threads))
    model = loaded_model.load(options.model)
    names = tuple(dict.fromkeys(options.tasks.split(","))) if options.tasks else tuple(model.config.tasks)
    for name in names:
        if name not in model.config.tasks:
            raise ConfigurationError([Fault("--tasks", unknown("task of this model", name, model.config.tasks))])
    tasks = {name: components.build("tasks", name, {}) for name in names}
    read, issues = load_split(options.data, names, options.split)
    for line in dropped.lines(issues, listed=options.data_issues):
        print(line, file=sys.stderr)
    if options.split == "dev":
        read = {name: dev_parts(rows)[1] for name, rows in read.items()}
    for name, rows in read.items():
        require_labels(tasks[name], rows, f"{options.data}, split {options.split} of task {name}")
    splits = {name: tokenize_split(split, model.tokenizer, model.max_tokens) for name, split in read.items()}
    evaluation = evaluate(model.model, tasks, splits, model.pad_id)
    return {
        "split": options.split,
        "score": evaluation.score,
        "leaderboard_score": evaluation.leaderboard_score,
        "tasks": {name: dict(task.metrics) for name, task in evaluation.tasks.items()},
    }


if __name__ == "__main__":
    sys.exit(output.last(main()))
