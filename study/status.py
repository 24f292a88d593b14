"""The command `python -m study.status`: what a study has done so far, which runs failed, what a run wrote."""

from __future__ import annotations

import argparse
import json
import sys

from results import DEFAULT_STORAGE
from search_spaces import output
from study.interrupts import until_ctrl_c


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    result = argparse.ArgumentParser(prog="python -m study.status", description="What a study has done so far.")
    result.add_argument("--name", help="the study; without it, all studies are listed")
    result.add_argument("--storage", metavar="URL", default=DEFAULT_STORAGE, help=f"default: {DEFAULT_STORAGE}")
    result.add_argument("--failed", action="store_true", help="list the failed runs with their reasons")
    result.add_argument(
        "--log", type=int, metavar="RUN", help="what a run of the study (--name) has written, such as 31"
    )
    result.add_argument("--json", action="store_true", help="print the same as data")
    result.add_argument("--debug", action="store_true", help="show tracebacks of errors")
    return result


@output.command
def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 when done, 2 for a storage, study or run that is not there."""
    return until_ctrl_c(lambda: _main(arguments))


def _main(arguments: list[str] | None) -> int:
    options = parser().parse_args(arguments)
    output.alone(options.json)
    if options.log is not None and options.name is None:
        print("--log RUN needs the study that the run is of: --name N", file=sys.stderr)
        return 2
    # Here, not above: --help needs none of it.
    from results.errors import ResultsError
    from results.storage_url import foreign_rows
    from study import status_log, status_tables
    from study.terminal import PlainConsole

    try:
        with foreign_rows(options.storage, debug=options.debug):
            if options.log is not None:
                data = status_log.read(options.storage, options.name, options.log)
            else:
                data = status_tables.read(options.storage, options.name)
    except ResultsError as error:
        print(error, file=sys.stderr)
        return 2
    if options.json:
        output.print_object(json.dumps(data, indent=2))
    elif options.log is not None:
        print(status_log.told(data))
    else:
        status_tables.show(data, PlainConsole(), failed=options.failed)
    return 0


if __name__ == "__main__":
    sys.exit(output.last(main()))
