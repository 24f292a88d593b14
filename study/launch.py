"""The command `python -m study.launch`: plan or run a study, and write its report."""

from __future__ import annotations

import errno
import logging
import sys
import traceback

from search_spaces import output
from search_spaces.output import plain
from study.arguments import given, parse
from study.settings import SettingsError

DONE, CRASHED, BAD_ARGUMENTS, FAILED_RUNS = 0, 1, 2, 3


@output.command
def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit code, one of those in `--help`."""
    options = parse(arguments)
    output.alone(options.json)
    logging.raiseExceptions = False  # a log that cannot be written does not stop the study
    # Imported here, because --help needs neither torch nor Optuna.
    from mtbert.errors import MtbertError
    from results.errors import ResultsError
    from search_spaces import SpaceError
    from study.engines.abstract import EngineError
    from study.execution.acceptance import FailuresStop
    from study.execution.executor import Interrupted
    from study.session import Session

    try:
        session = Session(options, given(options))
        if options.plan:
            session.plan()
            return DONE
        return FAILED_RUNS if session.launch() else DONE
    except (Interrupted, FailuresStop) as stop:
        print(plain(str(stop)), file=sys.stderr)
        return output.INTERRUPTED if isinstance(stop, Interrupted) else FAILED_RUNS
    except (MtbertError, ResultsError, SpaceError, SettingsError, EngineError) as error:
        print(_traceback() if options.debug else error, file=sys.stderr)
        return BAD_ARGUMENTS
    except OSError as error:
        if options.debug or error.errno != errno.ENOSPC:
            return _crashed(error, options.debug)
        place = error.filename or error.strerror
        print(
            f"The disk is full: {place}. Free some space, then launch again; finished runs are kept.", file=sys.stderr
        )
        return BAD_ARGUMENTS
    except Exception as error:
        return _crashed(error, options.debug)


def _traceback() -> str:
    """Return the traceback of the error being handled, without passwords."""
    from results.database import url

    return url.mask(traceback.format_exc())


def _crashed(error: Exception, debug: bool) -> int:
    from results.database import url

    place = "Its traceback is in launch.log in the study's folder; --debug prints it."
    message = f"An error that should not happen: {type(error).__name__}: {error}\n{place}"
    print(_traceback() if debug else plain(url.mask(message)), file=sys.stderr)
    return CRASHED


if __name__ == "__main__":
    sys.exit(output.last(main()))
