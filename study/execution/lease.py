"""The driver's lease on its study: taken at the start, renewed while it runs, released at the end."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator

import psutil

from results.database.database import Database
from results.database.lease import owner_name, started_at, this_machine
from results.errors import LeaseHeld, StorageError

log = logging.getLogger("study")

LEASE_SECONDS = 30.0
RENEWALS = 6  # per LEASE_SECONDS


class Lease:
    """One process's claim on a study."""

    def __init__(self, database: Database, name: str, seconds: float = LEASE_SECONDS) -> None:
        self._db, self._name, self._seconds = database, name, seconds
        self.host = socket.gethostname()
        self._pid = os.getpid()
        self.owner = owner_name(self._pid, self.host, this_machine())
        self._renewed = 0.0

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lease within the context; a thread renews it, also during long steps."""
        self.take()
        over = threading.Event()
        renewing = threading.Thread(target=self._keep, args=(over,), name="lease", daemon=True)
        renewing.start()
        try:
            yield
        finally:
            over.set()
            renewing.join(self._seconds)  # it may be waiting for a server
            self.release()

    def take(self) -> None:
        """Become the study's only driver.

        Raises:
            LeaseHeld: another living process drives the study.
        """
        started = started_at(psutil.Process(self._pid))
        self._db.leases.take(self._name, self.owner, self.host, self._pid, started, self._seconds)
        self._renewed = time.time()

    def renew_if_due(self) -> None:
        """Renew the lease if the last renewal was long ago, by wall-clock time, as the machine may have been asleep.

        Raises:
            LeaseHeld: another driver has taken over.
        """
        if not 0 <= time.time() - self._renewed < 2 * self._seconds / RENEWALS:
            self._renew()

    def release(self) -> None:
        """Release the lease, so that another driver can take it."""
        self._db.leases.release(self._name, self.owner)

    def _renew(self) -> None:
        now = time.time()
        self._db.leases.renew(self._name, self.owner, self._seconds)
        self._renewed = now

    def _keep(self, over: threading.Event) -> None:
        """Renew the lease, in a thread with its own transactions, which handles no signals."""
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        while not over.wait(self._seconds / RENEWALS):
            try:
                self._renew()
            except LeaseHeld:  # the driver notices at its next step
                self._renewed = 0.0
                return
            except StorageError as error:  # a full disk or a lost server: the driver's own writes fail too
                log.warning("The lease could not be renewed: %s", error)
