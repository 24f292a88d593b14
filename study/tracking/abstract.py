"""What a tracker is: it is given records of runs, and writes what it does not have yet."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from results.database.rows import RunRow, StudyRow
from study.search import steps


@dataclass(frozen=True)
class EpochRecord:
    """What was measured after an epoch, by name ("dev/sst/accuracy"), and when it was over."""

    at: datetime
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class RunRecord:
    """A run as the database has it now. `final` are its metrics at the best epoch and its costs ("final/...").

    `detail` is the reason of a run that failed, without passwords.
    """

    row: RunRow
    name: str
    epochs: Mapping[float, EpochRecord]
    final: Mapping[str, float]
    detail: str = ""

    @property
    def last_epoch(self) -> float:
        """The last epoch measured, 0 before the first."""
        return max(self.epochs, default=0)

    def step(self, epoch: float) -> int:
        """Return the step of an epoch, which trackers want whole: itself, or where fractions were reported, in
        100,000ths.
        """
        whole = all(float(each).is_integer() for each in self.epochs)
        return int(epoch) if whole else steps.step_of(epoch)

    @property
    def ended(self) -> bool:
        """Whether nobody is carrying it out now."""
        return self.row.status != "running"

    def tags(self) -> dict[str, str]:
        """Return what tells the run among others, and how it ended."""
        row = self.row
        told = {
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
        return {name: value for name, value in told.items() if value}


@dataclass(frozen=True)
class Tracked:
    """How far a run has been tracked: its epochs, its state, and which of its final metrics."""

    epochs: float = 0
    state: str = "running"
    final: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of(cls, record: RunRecord) -> Tracked:
        """Return all that there is in a record."""
        return cls(record.last_epoch, record.row.status, frozenset(record.final))


class AbstractTracker(ABC):
    """One place that runs are copied to. Any of its methods may raise whatever its library raises."""

    @abstractmethod
    def open(self, study: StudyRow) -> dict[int, Tracked]:
        """Begin; what is there of the study's runs, by run id. A study of the same name made later is another one."""

    @abstractmethod
    def write(self, record: RunRecord, tracked: Tracked | None) -> Tracked:
        """Write what the record has beyond `tracked`; what is there then. None: the place has nothing of this run.

        A run that was started again has fewer epochs than were tracked of it.
        """

    @abstractmethod
    def close(self) -> None:
        """Nothing more comes."""
