"""Messages between the driver's process, the bridge to Ray and Ray's workers, besides jobs and events."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from study.messages import Event, Reason


@dataclass(frozen=True)
class RaySettings:
    """The connection to Ray, which is started if `address` is None, and the resources per run.

    `scratch` is a folder of this machine that is deleted afterwards; `working_folder` is the driver's.
    """

    address: str | None
    workers: int | None
    gpus_per_run: float | None
    scratch: Path
    working_folder: Path


@dataclass(frozen=True)
class Ready:
    """Bridge to driver: connected, with `workers` runs at a time; `gpus_per_run` is 0 if runs train on CPUs."""

    workers: int
    gpus_per_run: float


@dataclass(frozen=True)
class Refused:
    """Bridge to driver: Ray cannot be used; the message says why."""

    message: str


@dataclass(frozen=True)
class Lost:
    """Bridge to driver: Ray was lost during the study; the message is one line."""

    message: str


@dataclass(frozen=True)
class Answer:
    """Driver to bridge: whether the run that reported an epoch continues."""

    run_id: int
    go_on: bool


@dataclass(frozen=True)
class Stop:
    """Driver to bridge: end everything now."""


@dataclass(frozen=True)
class NodeUnfit:
    """Worker to driver: this node cannot run any job, whatever its configuration."""

    run_id: int
    host: str
    message: str


@dataclass(frozen=True)
class TrialOver:
    """Ray to driver: a trial has ended; `reason` and `detail` are set if it failed."""

    run_id: int
    trial_id: str
    reason: Reason | None = None
    detail: str = ""
    traceback: str = ""


ToExchange = Event | NodeUnfit | TrialOver
FromBridge = Ready | Refused | Lost | NodeUnfit | Event
