"""What is written to the database and read from it: plain frozen records, without a connection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

JsonObject = dict[str, Any]

# Studies from before their fresh seeds were written down have consecutive ones, from their own seed and this on.
CONSECUTIVE_SEEDS = 1000

Phase = Literal["search", "confirm", "ablate"]
Split = Literal["dev", "train", "test"]
RunStatus = Literal["running", "complete", "pruned", "failed", "interrupted"]
EndStatus = Literal["complete", "pruned", "failed", "interrupted"]


def utc_now() -> datetime:
    """Return the current time, with its zone."""
    return datetime.now(UTC)


def runs_again(status: str, reason: str | None) -> bool:
    """Return whether a run with this status and reason was cut off, so that a launch runs it again.

    So is one whose worker died: the run is not to blame, and the driver took the count of its retries with it. This
    holds for runs of confirm and ablate, and for one of the search as long as Optuna does not know its end: a trial
    that Optuna has as FAIL, after the last retry, stays failed, and its run with it.
    """
    return status in ("running", "interrupted") or (status == "failed" and reason in ("worker_died", "interrupted"))


@dataclass(frozen=True, kw_only=True)
class StudyRow:
    """One study.

    `data_json`: rows per task and split, overlap, leaking rows, rows read and dropped; `space_json`: the space as
    `search_spaces show --json` prints it; `decisions_json`: `{"confirmed": [digest], "best": digest,
    "baseline": digest, "best_choices": {...}, "baseline_choices": {...}, "ablations_left_out": count,
    "ablations_forbidden": [{"factor", "from_level", "to_level", "reason"}], "designs": {"around": digest of the best,
    design: {"beyond_budget": count, "impossible": [{"what", "reason"}], ...}}, "path": {"best", "baseline", "steps":
    [{"factor", "from_level", "to_level", "digest", "tried"}], "stopped": reason or null},
    "code": {"now": name, "versions": {name: {"files": {file: hash}, "since"}}} of a custom trainer,
    "store": {"folder", "bytes", "entries"}}` as far as decided (studies of older releases may have "energy" too, which
    nothing reads); `tasks_json`: what its tasks are measured in (`results.measurements.task_units`).
    """

    study_name: str
    space: str
    goal: str
    command: str
    data_source: str
    data_made_up: bool
    data_fingerprint: str
    backbone: str
    seed: int
    data_json: JsonObject = field(default_factory=dict)
    settings_json: JsonObject = field(default_factory=dict)
    space_json: JsonObject = field(default_factory=dict)
    decisions_json: JsonObject = field(default_factory=dict)
    status: str = "running"
    created_at: datetime = field(default_factory=utc_now)
    config_version: int = 1
    tasks_json: JsonObject | None = None

    @property
    def is_grid(self) -> bool:
        """Whether every configuration of the space is run, and nothing is ablated."""
        return self.space_json.get("design") == "grid"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A configuration that a phase asks for, e.g. name "leave_one_out:pooling" of phase "ablate"."""

    phase: Phase
    name: str
    design: str
    config_digest: str
    config_json: JsonObject
    choices_json: JsonObject
    factor: str | None = None
    from_level: str | None = None
    to_level: str | None = None
    position: int = 0


@dataclass(frozen=True, kw_only=True)
class AbstractRun:
    """A run as it is asked for. `code`: what it is trained with (`code_versions`); None: with what its study began."""

    study_name: str
    phase: Phase
    config_digest: str
    config_json: JsonObject
    choices_json: JsonObject
    seed: int
    trial_number: int | None = None
    host: str = ""
    device: str = "cpu"
    engine: str = "local"
    environment_id: int | None = None
    code: str | None = None


@dataclass(frozen=True, kw_only=True)
class NewRun(AbstractRun):
    """A run about to start."""


@dataclass(frozen=True)
class RunCopy:
    """A run of another study to copy into a new one, with its choices and its trial's number there."""

    run_id: int
    choices_json: JsonObject
    trial_number: int | None


@dataclass(frozen=True)
class MetricValue:
    """One measured value; `task` is "" for the whole model. NaN is stored as "no value"."""

    split: Split
    task: str
    metric: str
    value: float


@dataclass(frozen=True)
class PredictionRow:
    """A run's predictions on one split of one task; `payload` comes from `predictions.pack_predictions`."""

    split: Split
    task: str
    payload: bytes
    example_ids_sha256: str


@dataclass(frozen=True)
class ExampleRow:
    """One dev example: `words` of its sentence, of pairs `words2` of the second and `overlap` (Jaccard, 0..1).

    `number` counts from 1 in the order of the examples that `example_ids_sha256` identifies.
    `one_word_difference`: of pairs, whether the sentences are the same but for one word that is replaced, added or left
    out. `rarest`: how often the example's rarest word occurs in the training sentences of the study, 0 for never; None
    where it has no word. Older releases kept neither.
    """

    task: str
    example_ids_sha256: str
    number: int
    words: int
    words2: int | None = None
    overlap: float | None = None
    one_word_difference: bool | None = None
    rarest: int | None = None


@dataclass(frozen=True)
class StageRow:
    """One stage of a run; `shared` when another run had computed it.

    `told_json`: of a stage before `multitask` the losses of its epochs, and references by name: {"losses": [...],
    "references": {...}}, in nats. None where it was not kept, and for the other stages. `train_seconds`: those of its
    seconds that were no evaluation; counted in its run's row, no column of its own.
    """

    name: str
    key: str
    seconds: float | None
    shared: bool
    told_json: JsonObject | None = None
    train_seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class AbstractOutcome:
    """How a run ended. `score` and `leaderboard_score` are of dev at the best epoch, `last_score` of the last one.

    `inference_ms`: milliseconds per example with the trained model, encoder included. `shared_train_seconds`: those of
    `shared_seconds` that were no evaluation, features of frozen parts included; None in rows of releases whose
    `inference_ms` and seconds were of what was computed, without what was read from the feature cache.
    """

    reason: str | None = None
    detail: str | None = None
    score: float | None = None
    leaderboard_score: float | None = None
    last_score: float | None = None
    best_epoch: float | None = None
    train_seconds: float | None = None
    eval_seconds: float | None = None
    shared_seconds: float | None = None
    shared_train_seconds: float | None = None
    trainable_parameters: int | None = None
    total_parameters: int | None = None
    peak_memory_bytes: int | None = None
    inference_ms: float | None = None


@dataclass(frozen=True, kw_only=True)
class RunResult(AbstractOutcome):
    """What a run that has ended measured, with its metrics, predictions and stages."""

    status: EndStatus
    device: str | None = None
    metrics: Sequence[MetricValue] = ()
    predictions: Sequence[PredictionRow] = ()
    stages: Sequence[StageRow] = ()


@dataclass(frozen=True, kw_only=True)
class RunRow(AbstractRun, AbstractOutcome):
    """A run as the table `run` has it. `engine_trial_id`: the engine's name of it; the local engine has none."""

    id: int
    status: RunStatus
    attempt: int
    started_at: datetime
    finished_at: datetime | None
    engine_trial_id: str | None

    def own_train_seconds(self) -> float | None:
        """Return the training time of the run had it shared nothing, in seconds; None where it is not known."""
        if self.train_seconds is None:
            return None
        spared = self.shared_seconds if self.shared_train_seconds is None else self.shared_train_seconds
        return self.train_seconds + (spared or 0.0)

    @property
    def costs_from_caches(self) -> bool:
        """Whether its costs were measured while cached features were read, by a release that did not record it."""
        return self.inference_ms is not None and self.shared_train_seconds is None


@dataclass(frozen=True, kw_only=True)
class EnvironmentRow:
    """What runs ran on. `packages_json` maps a package to its version."""

    python: str
    platform: str
    cpu: str
    packages_json: JsonObject
    git_commit: str | None = None
    threads: int | None = None
    gpu: str | None = None


@dataclass(frozen=True)
class IssueRow:
    """One faulty row of a data file; `line` counts from 1."""

    file: str
    line: int
    kind: str
    message: str


@dataclass(frozen=True)
class LeaseRow:
    """Who runs a study, and until when without another heartbeat.

    `owner` is the part that users see, without its machine (`results.database.lease`).
    """

    study_name: str
    owner: str
    host: str
    pid: int
    process_started_at: float
    heartbeat_at: datetime
    expires_at: datetime


RowT = TypeVar("RowT", StudyRow, Cell, RunRow, EnvironmentRow, IssueRow, LeaseRow)


def values_of(row: DataclassInstance) -> dict[str, Any]:
    """Return column -> value; the fields of these records have the names of their columns."""
    return {column.name: getattr(row, column.name) for column in fields(row)}


def row_from(kind: type[RowT], found: object) -> RowT:
    """Return the record of a row that was read."""
    return kind(**{column.name: getattr(found, column.name) for column in fields(kind)})
