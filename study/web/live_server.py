"""The process that serves the report of a study while it runs: started by `study.web.live`, never by a person.

It is told by its standard input what to serve, and lives as long as that is open: a pipe ends with the driver that
holds its other end, however that ends. The line "done" says that the study is over: then it waits, a little, for
pages that are still being looked at to come a last time.
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

NICE = 5  # the study's workers go first, and still a first page is there in seconds
LOOKING = 5.0  # seconds within which a page that is being looked at asks again
LAST = 25.0  # seconds that the end waits for such a page, at most
FINISH = (
    3.0  # seconds that an answer has which is under way at the end; with LAST, less than `study.web.live.LAST_LOOK`
)


class Watched:
    """An application in front of which it is noted which report a page has, and when that asked last."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application
        self._asked, self._mark, self._under_way = float("-inf"), "", 0
        self._lock = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Return one request."""
        mark = parse_qs(environ.get("QUERY_STRING", "")).get("mark", [""])[0]
        with self._lock:
            self._under_way += not mark
        try:
            return self._application(environ, start_response)
        finally:  # a report may take long to make: from then on its page has the time to ask
            with self._lock:
                self._under_way -= not mark
                self._asked, self._mark = time.monotonic(), mark

    def waits_for(self, mark: str) -> bool:
        """Return whether a page is being looked at that is not the report of that mark."""
        with self._lock:
            return self._under_way > 0 or (time.monotonic() - self._asked < LOOKING and self._mark != mark)


def main() -> int:
    """Serve until standard input ends."""
    usual_paths()
    with contextlib.suppress(OSError):
        os.nice(NICE)
    told: dict[str, Any] = json.loads(sys.stdin.readline() or "null") or {}
    if not told:
        return 0
    try:
        database = open_database(told["storage"], create=False)
    except Exception as error:  # the study goes on without us; its log says why
        print(plain(url.mask(f"--open: the report is not served: {error}")), file=sys.stderr)
        return 1
    pages = Pages(database, told["name"], file=told["file"])
    watched = Watched(pages)
    server = adopt(socket.socket(fileno=told["descriptor"]), Guard(watched, host="127.0.0.1", token=None))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    open_page(f"{address('127.0.0.1', server.server_port)}report")
    if sys.stdin.readline().strip() == "done":
        _last_look(pages, watched)
        server.finish(FINISH)
    os._exit(0)  # whatever is still being answered: the driver is gone, or waits for us


def _last_look(pages: Pages, watched: Watched) -> None:
    pages.hurry()
    until = time.monotonic() + LAST
    with contextlib.suppress(Exception):  # a database that has gone ends it at once
        while time.monotonic() < until and watched.waits_for(pages.mark()):
            time.sleep(0.2)


if __name__ == "__main__":
    sys.exit(main())
