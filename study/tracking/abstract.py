"""The base class of trackers, which receive records of runs and write what they lack."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from results.database.rows import RunRow, StudyRow
from study.search import steps


@dataclass(frozen=True)
class EpochRecord:
    """The metrics after an epoch, by name ("dev/sst/accuracy"), and the time it ended."""

    at: datetime
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class RunRecord:
    """A run in its current state. `final` has its metrics at the best epoch and its costs ("final/...").

    `detail` says why a run failed, without passwords.
    """

    row: RunRow
    name: str
    epochs: Mapping[float, EpochRecord]
    final: Mapping[str, float]
    detail: str = ""

    @property
    def last_epoch(self) -> float:
        """Last epoch measured, 0 before the first."""
        return max(self.epochs, default=0)

    def step(self, epoch: float) -> int:
        """Return the integer step of an epoch: the epoch itself, or 100,000ths if the run reported fractions."""
        whole = all(float(each).is_integer() for each in self.epochs)
        return int(epoch) if whole else steps.step_of(epoch)

    @property
    def ended(self) -> bool:
        """Whether the run has ended."""
        return self.row.status != "running"

    def tags(self) -> dict[str, str]:
        """Return tags that identify the run and say how it ended."""
        row = self.row
        tags = {
            "study": row.study_name,
            "run": str(row.id),
            "phase": row.phase,
            "seed": str(row.seed),
            "digest": row.config_digest,
            "trial": None if row.trial_number is None else str(row.trial_number),
            "state": row.status,
            "reason": row.reason,
            "detail": self.detail,
            "epochs": str(self.last_epoch),
        }
        return {name: value for name, value in tags.items() if value}


@dataclass(frozen=True)
class Tracked:
    """The part of a run that a tracker has: the number of epochs, the state, and the names of final metrics."""

    epochs: float = 0
    state: str = "running"
    final: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of(cls, record: RunRecord) -> Tracked:
        """Return the state of a tracker that has all of a record."""
        return cls(record.last_epoch, record.row.status, frozenset(record.final))


class AbstractTracker(ABC):
    """A destination that runs are copied to. Its methods may raise any exception of its library."""

    @abstractmethod
    def open(self, study: StudyRow) -> dict[int, Tracked]:
        """Connect and return what is tracked of the study's runs, by run id.

        A study that was created later under the same name is a different study.
        """

    @abstractmethod
    def write(self, record: RunRecord, tracked: Tracked | None) -> Tracked:
        """Write the parts of the record that are not in `tracked`, and return what is tracked then.

        `tracked` is None for a new run. A run that was started again has fewer epochs than were tracked.
        """

    @abstractmethod
    def close(self) -> None:
        """Close the connection or files."""
