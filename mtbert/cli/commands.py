"""What the commands that read a trained model share: arguments, and how they end."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from safetensors import SafetensorError

from mtbert import output
from mtbert.data import dropped
from mtbert.errors import MtbertError, unwritable


def parser(name: str, about: str) -> argparse.ArgumentParser:
    """Return a parser with the arguments that all of them have."""
    made = argparse.ArgumentParser(prog=f"python -m mtbert.{name}", description=about)
    made.add_argument(
        "--model", type=Path, required=True, metavar="DIR", help="a model saved by mtbert.train or study.launch"
    )
    made.add_argument("--json", action="store_true", help="print one JSON object")
    return made


def add_data(made: argparse.ArgumentParser) -> None:
    """Add the arguments of commands that read data."""
    made.add_argument(
        "--data", default="demo", help="demo (generated), hub, hub:DIR, or a folder in the course's layout"
    )
    made.add_argument(
        "--threads", type=int, default=1, help="CPU threads (default: 1); the last digits of results depend on it"
    )
    made.add_argument(dropped.FLAG, action="store_true", help=dropped.HELP)


def write_files(options: argparse.Namespace, write: Callable[[], Sequence[Path]]) -> int:
    """Write files and print their paths; return 0, or 2 with one message for a fault that a person can fix."""
    try:
        written = write()
    except MtbertError as error:
        print(error, file=sys.stderr)
        return 2
    except (OSError, SafetensorError) as error:
        print(unwritable(error), file=sys.stderr)
        return 2
    if options.json:
        output.print_object(
            json.dumps({"model": str(options.model), "files": [str(path) for path in written]}, indent=2)
        )
    else:
        print(*written, sep="\n")
    return 0
