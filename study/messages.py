"""What driver and workers say to each other: a job goes out; epochs, then one end, come back.

Plain data without torch, so that the driver can read them without it, and any engine can carry them.
"""

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
    """What a worker shares with others: the keys of the run's stages, and the stage store; no `folder`: no store.

    `wanted` and `keep_when_stopped` say which epochs of `multitask` are kept (`mtbert.stages.chain.Sharing`).
    """

    keys: ChainKeys
    folder: Path | None = None
    limit_bytes: int | None = None
    wanted: frozenset[str] = frozenset()
    keep_when_stopped: bool = False


@dataclass(frozen=True)
class Job:
    """One run to carry out (`train`), or a finished one to measure on a split (`test`).

    `worker` is the function "module:name" that carries it out, called with the job and `go_on`; `facts` are what it
    needs to know beside the configuration.

    `model_folder` is where the best epoch's model is kept (train), or is read from (test; a model that is not
    there is trained again, which gives the same bits). `log` takes what the run's
    processes write (`study.engines.run_log`); None: they write where the driver does.
    """

    run_id: int
    kind: Literal["train", "test"]
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
    """A task's outputs (examples, outputs), what they predict (examples,), the labels, and a hash of the ids."""

    outputs: NDArray[np.float32]
    predictions: NDArray[np.float32]
    labels: NDArray[np.float32]
    ids_sha256: str


@dataclass(frozen=True)
class EpochDone:
    """An epoch is over, or a fraction of one (`epoch` 0.5); the worker waits to hear whether to go on."""

    run_id: int
    epoch: float
    seconds: float
    score: float
    metrics: Metrics


@dataclass(frozen=True)
class StageSeconds:
    """One stage of a run: its key in the stage store, its seconds, and whether another run had paid for it.

    `train_seconds`: those of its seconds that were no evaluation; None: not known.
    `told`: the losses of a stage before `multitask`.
    """

    name: str
    key: str
    seconds: float
    shared: bool
    told: StageLosses | None = None
    train_seconds: float | None = None


@dataclass(frozen=True, eq=False)
class RunDone:
    """The run is over: all measures, at the best epoch; `last_score` is the score after the last one. `stopped`: at the
    driver's word, before its last epoch.

    `train_seconds` and `eval_seconds` are of what the worker did, `shared_seconds` of what it was spared (features of
    frozen parts included), `shared_train_seconds` the part of them that was no evaluation; `stages` in
    the order they ran. `trouble` says why the stage store could not be used to the end, `note` what the
    row should say of how the run was done; `inference_ms` is what an example takes with the trained model
    (`mtbert.training.inference_time`).
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
        """Return what the run would have taken to train on its own."""
        return self.train_seconds + self.shared_train_seconds


@dataclass(frozen=True, eq=False)
class EvaluationDone:
    """A finished run was measured on `test`."""

    run_id: int
    metrics: Metrics
    outputs: Mapping[tuple[str, str], TaskOutputs]


@dataclass(frozen=True)
class RunFailed:
    """The run ended without a result: a typed reason, a line for people, a traceback for the log."""

    run_id: int
    reason: Reason
    detail: str
    traceback: str = ""


@dataclass(frozen=True)
class RunPlaced:
    """The run has begun at `host`; the engine has a name for it. (`host` None: it died before that was known.)"""

    run_id: int
    engine_trial_id: str
    host: str | None


Event = RunPlaced | EpochDone | RunDone | EvaluationDone | RunFailed


def first_line(error: BaseException) -> str:
    """Return the type of an error and the first line of its message."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
