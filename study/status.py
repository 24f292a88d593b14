"""The command `python -m study.status`: the progress of a study, its failed runs, and the log of a run."""

from __future__ import annotations

import argparse
import json
import sys

from results.database.defaults import DEFAULT_STORAGE
from search_spaces import output


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    result = argparse.ArgumentParser(
        prog="python -m study.status", description="Show the progress of a study, its failed runs, or the log of a run."
    )
    result.add_argument("--name", help="name of the study; default: list all studies")
    result.add_argument("--storage", metavar="URL", default=DEFAULT_STORAGE, help="database URL; default: %(default)s")
    result.add_argument("--failed", action="store_true", help="list the failed runs with their reasons")
    result.add_argument("--log", type=int, metavar="RUN", help="print the log of a run of the study, e.g. 31")
    result.add_argument("--json", action="store_true", help="print one JSON object")
    result.add_argument("--debug", action="store_true", help="show the tracebacks of errors")
    return result


@output.command
def main(arguments: list[str] | None = None) -> int:
    """Run the command; return 0, or 2 if there is no such database, study or run."""
    options = parser().parse_args(arguments)
    output.alone(options.json)
    if options.log is not None and options.name is None:
        print("--log RUN needs the run's study. Give its name: --name N", file=sys.stderr)
        return 2
    # Imported here, because --help needs none of it.
    from results.database.url import foreign_rows
    from results.errors import ResultsError
    from study.console import status
    from study.console.terminal import PlainConsole

    try:
        with foreign_rows(options.storage, debug=options.debug):
            if options.log is not None:
                data = status.read_log(options.storage, options.name, options.log)
            else:
                data = status.read(options.storage, options.name)
    except ResultsError as error:
        print(error, file=sys.stderr)
        return 2
    if options.json:
        output.print_object(json.dumps(data, indent=2))
    elif options.log is not None:
        print(status.log_text(data))
    else:
        status.show(data, PlainConsole(), failed=options.failed)
    return 0


if __name__ == "__main__":
    sys.exit(output.last(main()))
