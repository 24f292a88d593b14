"""The command `python -m study.launch`: parse, check, plan, run, point to the report."""

from __future__ import annotations

import sys
import traceback

from study.arguments import given, parser
from study.settings import SettingsError

DONE, CRASHED, BAD_ARGUMENTS, FAILED_RUNS, INTERRUPTED = 0, 1, 2, 3, 130


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit code; see `--help` for their meaning."""
    options = parser().parse_args(arguments)
    # Here, not above: --help needs neither torch nor Optuna.
    from mtbert.errors import MtbertError
    from results.errors import ResultsError
    from search_spaces import SpaceError
    from study.execution import Interrupted
    from study.session import Session

    try:
        session = Session(options, given(options))
        if options.plan:
            session.plan()
            return DONE
        return FAILED_RUNS if session.launch() else DONE
    except Interrupted as stop:
        print(stop, file=sys.stderr)
        return INTERRUPTED
    except (MtbertError, ResultsError, SpaceError, SettingsError) as error:
        if options.debug:
            traceback.print_exc()
        else:
            print(error, file=sys.stderr)
        return BAD_ARGUMENTS
    except Exception as error:
        if options.debug:
            traceback.print_exc()
        else:
            place = "its traceback stands in launch.log in the study's folder; --debug shows it here"
            print(
                f"An error that should not happen: {type(error).__name__}: {error}\n({place})",
                file=sys.stderr,
            )
        return CRASHED


if __name__ == "__main__":
    sys.exit(main())
