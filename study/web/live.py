"""`--open`: the report in the browser while its study runs, served by a process of its own.

The study does not wait for it and does not need it: where it cannot be had, a line says so. It ends with the driver,
however that ends (`study.web.live_server`).
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

LAST_LOOK = 30.0  # seconds that a study which is over waits for its page, where one is being looked at


class LiveReport:
    """Serves the report of study `name` on a free port of this machine alone, as long as the context lasts.

    `url` is None where it could not be started; `why_not` then says why. `folder` is the study's: its log takes
    what the process complains of.
    """

    def __init__(self, storage: str, name: str, folder: Path) -> None:
        self._storage, self._name, self._folder = storage, name, folder
        self._server: Companion | None = None
        self.url: str | None = None
        self.why_not = ""

    def __enter__(self) -> LiveReport:
        try:
            # The socket listens before the process is up: the address is known at once, and early requests wait.
            with socket.create_server(("127.0.0.1", 0)) as listening:
                self._start(listening)
                self.url = f"http://127.0.0.1:{listening.getsockname()[1]}/report"
        except OSError as error:
            self.why_not = error.strerror or str(error)
            log.warning("--open: %s", error)
            self._end()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        if kind is None and self._server is not None:  # a page that is open reloads a last time
            with contextlib.suppress(OSError, subprocess.TimeoutExpired, KeyboardInterrupt):
                self._server.send("done")
                self._server.wait(LAST_LOOK)
        self._end()

    def _start(self, listening: socket.socket) -> None:
        descriptor = listening.fileno()
        with (self._folder / LOG).open("a", encoding="utf-8") as complaints:
            self._server = Companion(
                "study.web.live_server",
                errors=complaints,
                pass_fds=(descriptor,),
                environment=ONE_THREAD,  # the cores are the workers'
            )
        file = str((self._folder / "report.html").resolve())
        asked = {"storage": self._storage, "name": self._name, "file": file, "descriptor": descriptor}
        self._server.send(json.dumps(asked))  # on its command line others could read the password of a storage's URL

    def _end(self) -> None:
        if self._server is not None:
            self._server.stop()
