"""The process that serves the report of a running study, started by `study.web.live`.

It reads its settings from standard input, and runs as long as that is open: the pipe closes when the driver ends for
any reason. The line "done" means that the study has ended: the process then waits a little for open pages to reload.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from results.database import url
from results.database.database import open_database
from search_spaces.output import plain
from study.signals import usual_paths
from study.web.guard import Guard
from study.web.pages import Pages
from study.web.server import address, adopt, open_page

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

NICE = 5  # gives priority to the study's workers; a first page still takes only seconds
OPEN_SECONDS = 5.0  # an open page asks again within this time
LAST_SECONDS = 25.0  # to wait at the end for an open page to reload
FINISH_SECONDS = 3.0  # to finish answers at the end; with LAST_SECONDS, less than `study.web.live.LAST_LOOK`


class Watched:
    """An application that records which version of the report a page has, and when it last asked."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application
        self._asked, self._mark, self._loading = float("-inf"), "", 0
        self._lock = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        mark = parse_qs(environ.get("QUERY_STRING", "")).get("mark", [""])[0]
        with self._lock:
            self._loading += not mark
        try:
            return self._application(environ, start_response)
        finally:  # making a report may take long; its page's time to ask again starts now
            with self._lock:
                self._loading -= not mark
                self._asked, self._mark = time.monotonic(), mark

    def is_outdated(self, mark: str) -> bool:
        """Return whether an open page has, or is loading, another version of the report than `mark`."""
        with self._lock:
            return self._loading > 0 or (time.monotonic() - self._asked < OPEN_SECONDS and self._mark != mark)


def main() -> int:
    """Serve until standard input ends."""
    usual_paths()
    with contextlib.suppress(OSError):
        os.nice(NICE)
    settings: dict[str, Any] = json.loads(sys.stdin.readline() or "null") or {}
    if not settings:
        return 0
    try:
        database = open_database(settings["storage"], create=False)
    except Exception as error:  # the study continues, and its log says why
        print(plain(url.mask(f"--open: the report is not served: {error}")), file=sys.stderr)
        return 1
    pages = Pages(database, settings["name"], file=settings["file"])
    watched = Watched(pages)
    server = adopt(socket.socket(fileno=settings["descriptor"]), Guard(watched, host="127.0.0.1", token=None))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    open_page(f"{address('127.0.0.1', server.server_port)}report")
    if sys.stdin.readline().strip() == "done":
        pages.refresh_at_once()
        deadline = time.monotonic() + LAST_SECONDS
        with contextlib.suppress(Exception):  # a lost database ends the wait
            while time.monotonic() < deadline and watched.is_outdated(pages.mark()):
                time.sleep(0.2)
        server.finish(FINISH_SECONDS)
    os._exit(0)  # do not wait for open requests: the driver is gone, or waits for this process


if __name__ == "__main__":
    sys.exit(main())
