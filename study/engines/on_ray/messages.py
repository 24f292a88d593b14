"""What the driver's process, the bridge to Ray and Ray's workers say to each other, besides jobs and events."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from study.messages import Event, Reason


@dataclass(frozen=True)
class RaySettings:
    """How to reach Ray, or start it (`address` None), and what a run takes of it.

    `scratch` is a folder of this machine that is deleted afterwards; `working_folder` is the driver's.
    """

    address: str | None
    workers: int | None
    gpus_per_run: float | None
    scratch: Path
    working_folder: Path


@dataclass(frozen=True)
class Ready:
    """Bridge to driver: connected. So many runs at a time; `gpus_per_run` is 0 where runs train on CPUs."""

    workers: int
    gpus_per_run: float


@dataclass(frozen=True)
class Refused:
    """Bridge to driver: Ray cannot be used, and why, for people."""

    why: str


@dataclass(frozen=True)
class Lost:
    """Bridge to driver: Ray, or a folder that runs need, is gone in mid-study; a line for people."""

    why: str


@dataclass(frozen=True)
class Answer:
    """Driver to bridge: whether the run that reported an epoch goes on."""

    run_id: int
    go_on: bool


@dataclass(frozen=True)
class Stop:
    """Driver to bridge: end everything now."""


@dataclass(frozen=True)
class NodeUnfit:
    """Worker to driver: no run can be carried out on this node, whatever its configuration."""

    run_id: int
    host: str
    why: str


@dataclass(frozen=True)
class TrialOver:
    """Ray's word on a trial: it has ended; `reason` and `detail` where it failed."""

    run_id: int
    trial_id: str
    reason: Reason | None = None
    detail: str = ""
    traceback: str = ""


ToExchange = Event | NodeUnfit | TrialOver
FromBridge = Ready | Refused | Lost | NodeUnfit | Event
