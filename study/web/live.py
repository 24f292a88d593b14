"""`--open`: the report in the browser while its study runs, served by a separate process.

The study does not depend on it: if it cannot be served, a line says so. The process ends with the driver, even if that
is killed (`study.web.live_server`).
"""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import subprocess
from pathlib import Path

from study.engines.companion import Companion
from study.engines.local import ONE_THREAD
from study.provenance.trust import LOG

log = logging.getLogger("study")

LAST_LOOK = 30.0  # seconds that a finished study waits for an open page to reload


class LiveReport:
    """A context that serves the report of study `name` on a free port, reachable from this machine only.

    `url` is None if it could not be started, and `why_not` has the reason. Errors of the process are written to the
    log in `folder`, the study's folder.
    """

    def __init__(self, storage: str, name: str, folder: Path) -> None:
        self._storage, self._name, self._folder = storage, name, folder
        self._server: Companion | None = None
        self.url: str | None = None
        self.why_not = ""

    def __enter__(self) -> LiveReport:
        try:
            # The socket listens before the process has started: the address is known at once, and requests wait.
            with socket.create_server(("127.0.0.1", 0)) as listening:
                self._start(listening)
                self.url = f"http://127.0.0.1:{listening.getsockname()[1]}/report"
        except OSError as error:
            self.why_not = error.strerror or str(error)
            log.warning("--open: %s", error)
            self._end()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        if kind is None and self._server is not None:  # an open page reloads a last time
            with contextlib.suppress(OSError, subprocess.TimeoutExpired, KeyboardInterrupt):
                self._server.send("done")
                self._server.wait(LAST_LOOK)
        self._end()

    def _start(self, listening: socket.socket) -> None:
        descriptor = listening.fileno()
        with (self._folder / LOG).open("a", encoding="utf-8") as log_file:  # one thread leaves the cores to the workers
            self._server = Companion(
                "study.web.live_server", errors=log_file, pass_fds=(descriptor,), environment=ONE_THREAD
            )
        file = str((self._folder / "report.html").resolve())
        settings = {"storage": self._storage, "name": self._name, "file": file, "descriptor": descriptor}
        self._server.send(json.dumps(settings))  # a command line would show other users the password in the URL

    def _end(self) -> None:
        if self._server is not None:
            self._server.stop()
