"""The command `python -m mtbert.predict`: a model's predictions as the course's leaderboard reads them."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from mtbert.errors import MtbertError, unwritable


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
    result.add_argument("--json", action="store_true", help="print one JSON object")
    return result


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 when done, 2 for a model or data that cannot be read or a folder that cannot be written."""
    options = parser().parse_args(arguments)
    try:
        written = _predict(options)
    except MtbertError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(unwritable(error), file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps({"model": str(options.model), "files": [str(path) for path in written]}, indent=2))
    else:
        print(*written, sep="\n")
    return 0


def _predict(options: argparse.Namespace) -> list[Path]:
    import torch  # here, so that --help needs no torch

    from mtbert import leaderboard, trained
    from mtbert.data.load import load_corpus

    torch.set_num_threads(max(1, options.threads))
    model = trained.load(options.model)
    return leaderboard.write(model, load_corpus(options.data, tuple(model.config.tasks)), options.out)


if __name__ == "__main__":
    sys.exit(main())
