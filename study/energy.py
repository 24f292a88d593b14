"""What a launch's machine uses, read from the counters of its processors and GPUs where that is allowed.

Processors: the packages' RAPL counters below `/sys/class/powercap` (Linux, Intel and AMD; often readable by root
alone; see the kernel's "Power Capping Framework"). GPUs: NVML's total energy since the driver was loaded
(`nvmlDeviceGetTotalEnergyConsumption`, Volta and later), where `nvidia-ml-py` is installed. A virtual machine has
neither. A launch that is killed leaves what it had not yet written uncounted, energy and time alike.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from results.energy import ENERGY, Energy, energy_of
from results.records import Database

POWERCAP = Path("/sys/class/powercap")
PACKAGES, GPUS = "the processor packages", "the NVIDIA GPUs"
PERIOD = 30.0  # seconds between readings: a package's counter starts again at zero after some minutes at full load


@dataclass
class Counter:
    """A counter that only grows, in joules, but starts again at zero after `span` of them (0: never)."""

    of: str
    read: Callable[[], float]
    span: float
    last: float = 0.0

    def passed(self) -> float:
        """How much was added since this was last asked."""
        now = self.read()
        before, self.last = self.last, now
        if now >= before:
            return now - before
        return now - before + self.span if self.span else 0.0


class EnergyMeter:
    """Adds up what the counters show from its making on; a thread reads them often enough to see them start again."""

    def __init__(self, powercap: Path = POWERCAP) -> None:
        self._counters = [*_packages(powercap), *_gpus()]
        self._of = tuple(dict.fromkeys(counter.of for counter in self._counters))
        self._joules, self._since = 0.0, time.monotonic()
        self._lock, self._over = threading.Lock(), threading.Event()
        for counter in self._counters:
            counter.passed()
        self._thread = threading.Thread(target=self._watch, name="energy", daemon=True)
        if self._of:
            self._thread.start()

    def taken(self) -> Energy | None:
        """What was used since the meter was made or last asked; None where there is no counter."""
        if not self._of:
            return None
        self._read()
        with self._lock:
            now = time.monotonic()
            found = Energy(self._joules, now - self._since, self._of)
            self._joules, self._since = 0.0, now
        return found

    def close(self) -> None:
        """Read no more."""
        self._over.set()

    def _watch(self) -> None:
        while not self._over.wait(PERIOD):
            self._read()

    def _read(self) -> None:
        with self._lock:
            for counter in list(self._counters):
                try:
                    self._joules += counter.passed()
                except Exception:  # a GPU that fell off the bus, NVML's own errors: the study goes on without it
                    self._counters.remove(counter)


@contextlib.contextmanager
def measured(database: Database, name: str) -> Iterator[None]:
    """Add what is used meanwhile to the study's record; nothing where it cannot be read."""
    meter = EnergyMeter()
    try:
        yield
    finally:
        meter.close()
        add(database, name, meter.taken())


def add(database: Database, name: str, used: Energy | None) -> None:
    """Add to what earlier launches used."""
    if used is None:
        return
    study = database.studies.require(name)
    before = energy_of(study)
    whole = used if before is None else before.plus(used)
    database.studies.decide(name, {ENERGY: whole.as_json()})


def _packages(powercap: Path) -> Iterator[Counter]:
    """The zones `intel-rapl:0`, `intel-rapl:1`, ...; those below them (cores, memory) are parts of these."""
    for zone in sorted(powercap.glob("intel-rapl:*")):
        if zone.name.count(":") == 1:
            with contextlib.suppress(OSError, ValueError):
                _microjoules(zone / "energy_uj")
                span = _microjoules(zone / "max_energy_range_uj")
                yield Counter(PACKAGES, lambda file=zone / "energy_uj": _microjoules(file), span)  # type: ignore[misc]


def _microjoules(file: Path) -> float:
    return int(file.read_text()) / 1e6


def _gpus() -> Iterator[Counter]:
    try:
        import pynvml

        pynvml.nvmlInit()
        handles = [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(pynvml.nvmlDeviceGetCount())]
    except Exception:  # not installed, no driver, no GPU: there is nothing to read
        return
    for handle in handles:
        with contextlib.suppress(Exception):  # older than Volta
            pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)
            yield Counter(GPUS, lambda of=handle: pynvml.nvmlDeviceGetTotalEnergyConsumption(of) / 1000, 0.0)  # type: ignore[misc]
