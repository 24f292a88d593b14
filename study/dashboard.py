"""The command `python -m study.dashboard`: a study's report and Optuna's dashboard, read-only without a token."""

from __future__ import annotations

import argparse
import contextlib
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
SHORT = 16  # characters; a shorter token can be guessed

EPILOG = f"""Without a token, nothing can be changed. With one, requests that carry it can change notes and artifacts:
open the printed address once with ?token=T at its end, or send the header "Authorization: Bearer T". The environment
variable {TOKEN} sets the token without showing it in the list of processes. On a --host that other
machines can reach, reading needs the token too.
example:    python -m study.dashboard --name my-study --open"""


class Refused(Exception):
    """A dashboard that cannot be started; the message has the reason and the way out."""


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
    result.add_argument("--token", metavar="T", help="secret that requests must carry to change anything")
    result.add_argument("--json", action="store_true", help="print the address as one line of JSON")
    result.add_argument("--open", action="store_true", help="open the dashboard in the browser")
    return result


@output.command
def main(arguments: list[str] | None = None) -> int:
    """Run the command until Ctrl-C; return 0 when stopped, 2 for an error that the user can fix."""
    options = parser().parse_args(arguments)
    output.alone(options.json)
    # Imported here, because --help needs none of it.
    from results.errors import ResultsError
    from study.web.server import ServerError, address, open_page

    token = options.token if options.token is not None else os.environ.get(TOKEN) or None
    try:
        server, name = start(options.storage, options.name, options.host, options.port, token)
    except (Refused, ServerError, ResultsError) as error:
        print(plain(str(error)), file=sys.stderr)
        return 2
    url = address(options.host, server.server_port)
    rights = "read-only" if token is None else "changes need the token: open it once with ?token=... at the end"
    data = {"study": name, "url": url, "read_only": token is None}
    output.print_object(json.dumps(data) if options.json else f"{plain(name)}: {url} ({rights}). Press Ctrl-C to stop.")
    if options.open:
        open_page(url if token is None else f"{url}?{urlencode({'token': token})}")
    # A process that was started in the background may ignore Ctrl-C.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt), server:
        server.serve_forever()
    return 0


def start(storage: str, name: str | None, host: str, port: int, token: str | None) -> tuple[WSGIServer, str]:
    """Return a listening server, which answers after a call of `serve_forever`, and the study's name.

    Raises:
        Refused: an option or the installation does not allow it.
        ServerError: the address is not available.
        ResultsError: there is no such database or study.
    """
    from study.web.guard import Guard, is_loopback
    from study.web.server import bind

    if token is not None and not token.strip():
        raise Refused("The token is empty. Give one that cannot be guessed: --token T")
    if token is None and not is_loopback(host):
        raise Refused(
            f"On {host} other machines can reach the dashboard, so it needs a token. Give one that cannot be "
            "guessed: --token T; or serve this machine alone: --host 127.0.0.1"
        )
    if not 0 <= port <= 65535:
        raise Refused(f"--port must be a number from 0 to 65535, got {port}. Give another one: --port 8080")
    if token is not None and len(token) < SHORT and not is_loopback(host):
        print(f"A token of fewer than {SHORT} characters can be guessed. Give a longer one: --token T", file=sys.stderr)
    try:
        from study.web.application import application
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in ("optuna_dashboard", "bottle"):
            raise
        raise Refused("The dashboard needs further packages: pip install 'mtbert-study[dashboard]'") from error
    served, chosen = application(storage, name)
    _complete(storage, chosen)
    return bind(host, port, Guard(served, host=host, token=token)), chosen


def _complete(storage: str, name: str) -> None:
    """Write the notes and artifacts that the study lacks; print why if they cannot be written."""
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
        reason = str(error).splitlines()[0]
        print(
            plain(mask(f"The dashboard lacks notes and artifacts, which cannot be written: {reason}")), file=sys.stderr
        )


if __name__ == "__main__":
    sys.exit(output.last(main()))
