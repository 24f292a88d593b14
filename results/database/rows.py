"""The database's rows as frozen records, without a connection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

JsonObject = dict[str, Any]

# Older studies did not store their fresh seeds: they are consecutive, from the study's seed plus this number.
CONSECUTIVE_SEEDS = 1000

Phase = Literal["search", "confirm", "ablate"]
# `search` is the part of dev that the search reads and that chooses epochs, `dev` the part that decides. In studies of
# older releases and of custom trainers dev is not divided: all is `dev`.
Split = Literal["search", "dev", "train", "test"]
RunStatus = Literal["running", "complete", "pruned", "failed", "interrupted"]
EndStatus = Literal["complete", "pruned", "failed", "interrupted"]


def utc_now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


def runs_again(status: str, reason: str | None) -> bool:
    """Return whether a launch repeats a run with this status and reason, since it was cut off or its worker died.

    Runs of the search are repeated only while their trial is not FAIL in Optuna, which it is after the last retry.
    """
    return status in ("running", "interrupted") or (status == "failed" and reason in ("worker_died", "interrupted"))


@dataclass(frozen=True, kw_only=True)
class StudyRow:
    """One study.

    `data_json`: rows per task and split, overlap, leaking rows, rows read and dropped. `space_json`: the output of
    `search_spaces show --json`. `tasks_json`: the tasks' units (`results.measurements.task_units`). `decisions_json`
    has, as far as decided, `{"confirmed": [digest], "best": digest,
    "baseline": digest, "best_choices": {...}, "baseline_choices": {...}, "ablations_left_out": count,
    "ablations_forbidden": [{"factor", "from_level", "to_level", "reason"}], "designs": {"around": digest of the best,
    design: {"beyond_budget": count, "impossible": [{"what", "reason"}], ...}}, "primary": {"design", "factors": [name]}
    as declared before the ablation (`results.analysis.ablation.primary_rows`), "path": {"best", "baseline", "steps":
    [{"factor", "from_level", "to_level", "digest", "tried"}], "stopped": reason or null},
    "code": {"now": name, "versions": {name: {"files": {file: hash}, "since"}}} of a custom trainer,
    "store": {"folder", "bytes", "entries"}}`. Older releases may have written "energy" too, which is ignored.
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
        """Whether every configuration of the space is run and nothing is ablated."""
        return self.space_json.get("design") == "grid"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A configuration that a phase requests, e.g. "leave_one_out:pooling" in phase "ablate"."""

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
    """A run as requested. `code`: version of its code (`code_versions`); None for the study's first."""

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
    """A run to copy into a new study, with its choices and its trial's number there."""

    run_id: int
    choices_json: JsonObject
    trial_number: int | None


@dataclass(frozen=True)
class MetricValue:
    """One measured value; `task` is "" for the whole model. NaN is stored as NULL."""

    split: Split
    task: str
    metric: str
    value: float


@dataclass(frozen=True)
class PredictionRow:
    """A run's predictions on one split of one task; `payload` is made by `predictions.pack_predictions`."""

    split: Split
    task: str
    payload: bytes
    example_ids_sha256: str


@dataclass(frozen=True)
class ExampleRow:
    """Word statistics of a dev example, the `number`th (from 1) of those that `example_ids_sha256` identifies.

    `words` and, for pairs, `words2` count the words of each sentence, `overlap` is the Jaccard index of their word
    sets, 0..1, and `one_word_difference` is true if one word is replaced, added or removed. `rarest`: frequency of the
    rarest word in the study's training sentences; None without words. Older releases lack the last two.
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
    """One stage of a run; `shared` if another run computed it.

    `told_json`: for a stage before `multitask`, the losses of its epochs and reference values in nats, {"losses":
    [...], "references": {...}}; None for other stages and in older releases. `train_seconds`: its seconds without
    evaluation, which are added to the run's row and have no column here.
    """

    name: str
    key: str
    seconds: float | None
    shared: bool
    told_json: JsonObject | None = None
    train_seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class AbstractOutcome:
    """The outcome of a run: `score` and `leaderboard_score` at the best epoch, `last_score` at the last.

    The best epoch and `last_score` are those of the split `search`; so are the scores of a run of the search. All other
    runs are scored on `dev`. Where dev is not divided (`Split`), everything is of `dev`.
    `inference_ms`: milliseconds per example, including the encoder. `shared_train_seconds`: `shared_seconds` without
    evaluation, including cached features of frozen parts; None in rows of older releases, whose `inference_ms` and
    seconds leave out whatever was read from the feature cache.
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
    """The outcome of a finished run, with its metrics, predictions and stages."""

    status: EndStatus
    device: str | None = None
    metrics: Sequence[MetricValue] = ()
    predictions: Sequence[PredictionRow] = ()
    stages: Sequence[StageRow] = ()


@dataclass(frozen=True, kw_only=True)
class RunRow(AbstractRun, AbstractOutcome):
    """A row of the table `run`. `engine_trial_id`: the engine's name for it; None for the local engine."""

    id: int
    status: RunStatus
    attempt: int
    started_at: datetime
    finished_at: datetime | None
    engine_trial_id: str | None

    def own_train_seconds(self) -> float | None:
        """Return the training seconds that the run takes without sharing; None if unknown."""
        if self.train_seconds is None:
            return None
        shared = self.shared_seconds if self.shared_train_seconds is None else self.shared_train_seconds
        return self.train_seconds + (shared or 0.0)

    @property
    def costs_from_caches(self) -> bool:
        """Whether an older release measured its costs while reading cached features, without recording that."""
        return self.inference_ms is not None and self.shared_train_seconds is None


@dataclass(frozen=True, kw_only=True)
class EnvironmentRow:
    """The software and hardware of runs. `packages_json`: package -> version."""

    python: str
    platform: str
    cpu: str
    packages_json: JsonObject
    git_commit: str | None = None
    threads: int | None = None
    gpu: str | None = None


@dataclass(frozen=True)
class IssueRow:
    """One invalid row of a data file; `line` counts from 1."""

    file: str
    line: int
    kind: str
    message: str


@dataclass(frozen=True)
class LeaseRow:
    """The driver of a study and the end of its lease; `owner` is without the machine (`results.database.lease`)."""

    study_name: str
    owner: str
    host: str
    pid: int
    process_started_at: float
    heartbeat_at: datetime
    expires_at: datetime


RowT = TypeVar("RowT", StudyRow, Cell, RunRow, EnvironmentRow, IssueRow, LeaseRow)


def values_of(row: DataclassInstance) -> dict[str, Any]:
    """Return a record as column -> value."""
    return {column.name: getattr(row, column.name) for column in fields(row)}


def row_from(kind: type[RowT], row: object) -> RowT:
    """Return a row of the ORM as a record."""
    return kind(**{column.name: getattr(row, column.name) for column in fields(kind)})
