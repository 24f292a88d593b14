"""`--open`: the report in the browser while its study runs, served by a process of its own.

The study does not wait for it and does not need it: where it cannot be had, a line says so. It ends with the driver,
however that ends (`study.web.live`).
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import socket
import subprocess
import sys
from pathlib import Path

from study.engines.local import ONE_THREAD
from study.interrupts import held
from study.trust import LOG

log = logging.getLogger("study")

ROOT = Path(__file__).resolve().parents[1]
LAST_LOOK = 30.0  # seconds that a study which is over waits for its page, where one is being looked at


class LiveReport:
    """Serves the report of study `name` on a free port of this machine alone, as long as the context lasts.

    `url` is None where it could not be started; `why_not` then says why. `folder` is the study's: its log takes
    what the process complains of.
    """

    def __init__(self, storage: str, name: str, folder: Path) -> None:
        self._storage, self._name, self._folder = storage, name, folder
        self._process: subprocess.Popen[str] | None = None
        self.url: str | None = None
        self.why_not = ""

    def __enter__(self) -> LiveReport:
        try:
            # The socket listens before the process is up: the address is known at once, and who asks early waits.
            with socket.create_server(("127.0.0.1", 0)) as listening:
                self._start(listening)
                self.url = f"http://127.0.0.1:{listening.getsockname()[1]}/report"
        except OSError as error:
            self.why_not = error.strerror or str(error)
            log.warning("--open: %s", error)
            self._end()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        if kind is None:
            self._last_look()
        self._end()

    def _start(self, listening: socket.socket) -> None:
        environment = {**os.environ, **ONE_THREAD}  # the cores are the workers'
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        with (self._folder / LOG).open("a", encoding="utf-8") as complaints, held():
            self._process = subprocess.Popen(
                [sys.executable, "-m", "study.web.live"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
                pass_fds=(listening.fileno(),),
                env=environment,
                text=True,
            )
        # Not on its command line: a storage's URL may have a password, and others see command lines.
        self._tell(
            json.dumps(
                {
                    "storage": self._storage,
                    "name": self._name,
                    "file": str((self._folder / "report.html").resolve()),
                    "descriptor": listening.fileno(),
                }
            )
        )

    def _last_look(self) -> None:
        """The study is over: a page that is being looked at comes a last time."""
        if self._process is not None:
            with contextlib.suppress(OSError, subprocess.TimeoutExpired, KeyboardInterrupt):
                self._tell("done")
                self._process.wait(LAST_LOOK)

    def _tell(self, line: str) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()

    def _end(self) -> None:
        """No process is left behind."""
        if self._process is None:
            return
        self._process.kill()
        with contextlib.suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        self._process.wait()
