"""A Python process of this project beside the driver: it reads commands line by line, and ends with the driver."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import IO

from study.signals import held


class Companion:
    """A process that runs a module of this project; its standard input closes when the driver ends for any reason.

    `errors` receives its standard error, `pass_fds` are the descriptors that it inherits, and `environment` is added
    to the driver's. It leads a session, so Ctrl-C does not reach it.

    Raises:
        OSError: the process cannot be started.
    """

    def __init__(
        self,
        module: str,
        *,
        errors: IO[str] | int = subprocess.DEVNULL,
        pass_fds: Sequence[int] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        with held():  # puts this project on its path, and leaves the current folder out
            self._process = subprocess.Popen(
                [sys.executable, "-m", module],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                pass_fds=pass_fds,
                env={**os.environ, **(environment or {})},
                text=True,
                start_new_session=True,
            )

    def send(self, line: str) -> None:
        """Send a line.

        Raises:
            OSError: the process has ended.
        """
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def wait(self, seconds: float) -> None:
        """Wait for the process to end.

        Raises:
            subprocess.TimeoutExpired: it is still running after `seconds`.
        """
        self._process.wait(seconds)

    def stop(self) -> None:
        """End the process now."""
        self._process.kill()
        with contextlib.suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        self._process.wait()
