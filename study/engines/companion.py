"""A Python process of this project beside the driver: it is told what to do in lines, and ends with the driver."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import IO

from study.signals import held


class Companion:
    """The process that runs a module of this project; its standard input ends with the driver, however that ends.

    `errors` is where its standard error goes, `pass_fds` the descriptors that it inherits, `environment` what it has
    beside the driver's. It leads a session, so Ctrl-C does not reach it. Raises `OSError` where it cannot be started.
    """

    def __init__(
        self,
        module: str,
        *,
        errors: IO[str] | int = subprocess.DEVNULL,
        pass_fds: Sequence[int] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        with held():  # which puts this project on its path, and the current folder not
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

    def tell(self, line: str) -> None:
        """Send a line. Raises `OSError` where the process has ended."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def wait(self, seconds: float) -> None:
        """Wait for the process to end. Raises `subprocess.TimeoutExpired`."""
        self._process.wait(seconds)

    def stop(self) -> None:
        """End the process now."""
        self._process.kill()
        with contextlib.suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        self._process.wait()
