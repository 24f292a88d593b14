"""The messages of driver and workers, as plain data without torch: a job; then its epochs, and one end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mtbert.stage_store.keys import ChainKeys
from mtbert.stages.losses import StageLosses
from study.settings import Limits

# Why a run failed, as the column `run.reason` has it.
Reason = Literal["nan_loss", "out_of_memory", "worker_died", "timeout", "bad_configuration", "interrupted", "error"]
# (split, task, metric) -> value; task is "" for the whole model.
Metrics = Mapping[tuple[str, str, str], float]


@dataclass(frozen=True)
class JobSharing:
    """The keys of a run's stages, and the stage store in `folder` (None: there is none).

    `wanted` and `keep_when_stopped` select the epochs of `multitask` that are stored (`mtbert.stages.chain.Sharing`).
    """

    keys: ChainKeys
    folder: Path | None = None
    limit_bytes: int | None = None
    wanted: frozenset[str] = frozenset()
    keep_when_stopped: bool = False


@dataclass(frozen=True)
class Job:
    """A run to train (`search`, `train`), or a finished one to measure on the test split (`test`).

    A run of the search is scored on the part of dev that the search reads, any other one on the part that decides.

    `worker` names the function that does it, "module:name"; its arguments are the job and a function that reports an
    epoch and returns whether to continue. `facts` are its inputs beside the configuration. The best epoch's model is
    saved to `model_folder` (train) or loaded from it (test; a missing model is trained again, with the same bits).
    `log` is the file for the output of the run's processes (`study.engines.run_log`); None: the driver's output.
    """

    run_id: int
    kind: Literal["search", "train", "test"]
    config: Mapping[str, Any]
    prepared_folder: Path
    seed: int = 0
    worker: str = "study.trainers.bert.worker:run_job"
    facts: Mapping[str, Any] = field(default_factory=dict)
    device: str = "cpu"
    threads: int = 1
    model_folder: Path | None = None
    log: Path | None = None
    sharing: JobSharing | None = None
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, eq=False)
class TaskOutputs:
    """A task's outputs (examples, outputs), predictions (examples,), labels (examples,), and a hash of the ids."""

    outputs: NDArray[np.float32]
    predictions: NDArray[np.float32]
    labels: NDArray[np.float32]
    ids_sha256: str


@dataclass(frozen=True)
class EpochDone:
    """The end of an epoch, or of a fraction (`epoch` 0.5); the worker waits for the answer whether to continue."""

    run_id: int
    epoch: float
    seconds: float
    score: float
    metrics: Metrics


@dataclass(frozen=True)
class StageSeconds:
    """One stage of a run: its key in the stage store, its seconds, and whether another run had computed it.

    `losses` are those of a stage before `multitask`. `train_seconds` excludes evaluation; None: not known.
    """

    name: str
    key: str
    seconds: float
    shared: bool
    losses: StageLosses | None = None
    train_seconds: float | None = None


@dataclass(frozen=True, eq=False)
class RunDone:
    """The end of a run: its measurements at the best epoch. `stopped`: the driver ended it before its last epoch.

    `train_seconds` and `eval_seconds` were spent by the worker; `shared_seconds` were saved by stages and features of
    other runs, `shared_train_seconds` without evaluation. `last_score` is the score after the last epoch. `stages` are
    in the order they ran. `trouble` is the reason why the stage store failed, `note` a remark for the run's row, and
    `inference_ms` the time per example with the trained model (`mtbert.training.inference_time`).
    """

    run_id: int
    stopped: bool
    best_epoch: float
    score: float
    leaderboard_score: float
    metrics: Metrics
    outputs: Mapping[tuple[str, str], TaskOutputs]
    train_seconds: float
    eval_seconds: float
    shared_seconds: float
    trainable_parameters: int | None
    total_parameters: int | None
    peak_memory_bytes: int
    stages: tuple[StageSeconds, ...]
    trouble: str | None = None
    note: str | None = None
    inference_ms: float | None = None
    last_score: float | None = None
    shared_train_seconds: float = 0.0

    def own_train_seconds(self) -> float:
        """Return the training time that the run would have taken without shared stages."""
        return self.train_seconds + self.shared_train_seconds


@dataclass(frozen=True, eq=False)
class EvaluationDone:
    """The measurements of a finished run on `test`."""

    run_id: int
    metrics: Metrics
    outputs: Mapping[tuple[str, str], TaskOutputs]


@dataclass(frozen=True)
class RunFailed:
    """The end of a run without a result: a typed reason, a line for people, a traceback for the log."""

    run_id: int
    reason: Reason
    detail: str
    traceback: str = ""


@dataclass(frozen=True)
class RunPlaced:
    """The start of a run on `host`, with the engine's name for it. `host` None: it died before that was known."""

    run_id: int
    engine_trial_id: str
    host: str | None


Event = RunPlaced | EpochDone | RunDone | EvaluationDone | RunFailed


def first_line(error: BaseException) -> str:
    """Return the type of an error and the first line of its message."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
