"""The command `python -m study.status`: what a study has done so far, and which runs failed."""

from __future__ import annotations

import argparse
import json
import sys

from results import DEFAULT_STORAGE
from study.interrupts import until_ctrl_c


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    result = argparse.ArgumentParser(prog="python -m study.status", description="What a study has done so far.")
    result.add_argument("--name", help="the study; without it, all studies are listed")
    result.add_argument("--storage", metavar="URL", default=DEFAULT_STORAGE, help=f"default: {DEFAULT_STORAGE}")
    result.add_argument("--failed", action="store_true", help="list the failed runs with their reasons")
    result.add_argument("--json", action="store_true", help="print the same as data")
    result.add_argument("--debug", action="store_true", help="show tracebacks of errors")
    return result


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 when done, 2 for a storage or study that is not there."""
    return until_ctrl_c(lambda: _main(arguments))


def _main(arguments: list[str] | None) -> int:
    options = parser().parse_args(arguments)
    # Here, not above: --help needs none of it.
    from results.errors import ResultsError
    from results.foreign import foreign_rows
    from study import status_tables
    from study.terminal import PlainConsole

    try:
        with foreign_rows(options.storage, debug=options.debug):
            data = status_tables.read(options.storage, options.name)
    except ResultsError as error:
        print(error, file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(data, indent=2))
    else:
        status_tables.show(data, PlainConsole(), failed=options.failed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
