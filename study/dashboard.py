"""The command `python -m study.dashboard`: serve a study's report and Optuna's dashboard, read-only without a token."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from results.database.defaults import DEFAULT_STORAGE
from search_spaces import output
from search_spaces.output import plain

if TYPE_CHECKING:
    from wsgiref.simple_server import WSGIServer

TOKEN = "STUDY_DASHBOARD_TOKEN"
SHORT = 16  # characters; a token that is fewer can be tried out

EPILOG = f"""Without a token nothing can be changed. With one, requests that carry it can: open the printed address once
with ?token=T at its end, or send the header "Authorization: Bearer T". The environment variable {TOKEN} sets
the token without showing it in the list of processes. On a --host other than this machine's own, reading needs it too.
example:    python -m study.dashboard --name my-study --open"""


class Refused(Exception):
    """The dashboard cannot be started: why, and the way out."""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    result = argparse.ArgumentParser(
        prog="python -m study.dashboard",
        description="Serve a study's report and Optuna's dashboard on one address, read-only unless --token is given.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    result.add_argument("--name", help="name of the study; required if the database has several")
    result.add_argument("--storage", metavar="URL", default=DEFAULT_STORAGE, help="database URL; default: %(default)s")
    result.add_argument("--host", default="127.0.0.1", help="address to listen on; default: %(default)s")
    result.add_argument("--port", type=int, default=8080, help="port; 0 selects a free one; default: %(default)s")
    result.add_argument("--token", metavar="T", help="secret that a request must carry to change anything")
    result.add_argument("--json", action="store_true", help="print the address as one line of JSON")
    result.add_argument("--open", action="store_true", help="open the dashboard in the browser")
    return result


@output.command
def main(arguments: list[str] | None = None) -> int:
    """Run the command until Ctrl-C; return 0 when stopped, 2 for an error that the user can fix."""
    options = parser().parse_args(arguments)
    output.alone(options.json)
    # Here, not above: --help needs none of it.
    from results.errors import ResultsError
    from study.web.server import ServerError, address

    token = options.token if options.token is not None else os.environ.get(TOKEN) or None
    try:
        server, name = start(options.storage, options.name, options.host, options.port, token)
    except (Refused, ServerError, ResultsError) as error:
        print(plain(str(error)), file=sys.stderr)
        return 2
    place = address(options.host, server.server_port)
    rights = "read-only" if token is None else "changes need the token: open it once with ?token=... at the end"
    told = {"study": name, "url": place, "read_only": token is None}
    output.print_object(json.dumps(told) if options.json else f"{plain(name)}: {place} ({rights}). Ctrl-C ends it.")
    if options.open:
        from study.web.server import open_page

        open_page(place if token is None else f"{place}?{urlencode({'token': token})}")
    # A process that was started in the background may ignore Ctrl-C.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
    return 0


def start(storage: str, name: str | None, host: str, port: int, token: str | None) -> tuple[WSGIServer, str]:
    """Return a server that listens, and answers once `serve_forever` is called, and the study's name.

    Raises:
        Refused, ServerError, ResultsError: it cannot be started; each has one message.
    """
    from study.web.guard import Guard, is_loopback
    from study.web.server import bind

    if token is not None and not token.strip():
        raise Refused("An empty token protects nothing. Give one that cannot be guessed: --token T")
    if token is None and not is_loopback(host):
        raise Refused(
            f"On {host} others can reach the dashboard: then reading needs a token too. Give one that cannot be "
            "guessed: --token T; or stay on this machine: --host 127.0.0.1"
        )
    if not 0 <= port <= 65535:
        raise Refused(f"A port is a number from 0 to 65535, got {port}. Give another one: --port 8080")
    if token is not None and len(token) < SHORT and not is_loopback(host):
        print(f"A token of fewer than {SHORT} characters can be guessed; give a longer one.", file=sys.stderr)
    try:
        from study.web.application import application
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in ("optuna_dashboard", "bottle"):
            raise
        raise Refused("The dashboard needs a package more: pip install 'mtbert-study[dashboard]'") from error
    found, chosen = application(storage, name)
    _complete(storage, chosen)
    return bind(host, port, Guard(found, host=host, token=token)), chosen


def _complete(storage: str, name: str) -> None:
    """Write the notes and artifacts that the study lacks; if they cannot be written, the dashboard does without."""
    from optuna.exceptions import OptunaError
    from sqlalchemy.exc import SQLAlchemyError

    from results.database.database import open_database
    from results.database.read_only import is_read_only
    from results.database.url import foreign_rows, mask, parse_url
    from results.errors import ResultsError
    from study.web.optuna_notes import complete

    try:
        if is_read_only(parse_url(storage)):
            return
        with open_database(storage, create=False) as database, foreign_rows(storage):
            complete(storage, database, name)
    except (OptunaError, SQLAlchemyError, ResultsError, OSError) as error:
        told = f"Notes and artifacts cannot be written: {str(error).splitlines()[0]}"
        print(plain(mask(told)), file=sys.stderr)


if __name__ == "__main__":
    sys.exit(output.last(main()))
