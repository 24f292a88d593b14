"""The driver's lease on its study: taken at the start, renewed while it lives, given back at the end."""

from __future__ import annotations

import os
import socket
import time

import psutil

from results.records import Database

LEASE_SECONDS = 30.0
RENEW_SECONDS = 5.0


class Lease:
    """One process's claim on a study. `LeaseHeld` from `take` while another process lives and holds it."""

    def __init__(self, database: Database, name: str) -> None:
        self._db, self._name = database, name
        self.host = socket.gethostname()
        self._pid = os.getpid()
        self._owner = f"pid {self._pid} on host {self.host}"
        self._renewed = 0.0

    def take(self) -> None:
        """Become the study's one driver."""
        started = psutil.Process(self._pid).create_time()
        self._db.take_lease(self._name, self._owner, self.host, self._pid, started, LEASE_SECONDS)
        self._renewed = time.monotonic()

    def renew_if_due(self) -> None:
        """A sign of life, every few seconds."""
        if time.monotonic() - self._renewed >= RENEW_SECONDS:
            self._db.renew_lease(self._name, self._owner, LEASE_SECONDS)
            self._renewed = time.monotonic()

    def release(self) -> None:
        """Let the next driver in."""
        self._db.release_lease(self._name, self._owner)
