"""Which engine a launch asks for, checked before anything is written, and made when it is needed."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec

from study.engines.abstract import AbstractEngine, runs_per_gpu
from study.engines.local import LocalEngine
from study.settings import SettingsError
from study.trainers.abstract import AbstractTrainer

NO_RAY = "--engine ray needs Ray, which is not installed: pip install 'mtbert-study[ray]'"


def check(options: argparse.Namespace) -> None:
    """Refuse what no engine could do. Raises `SettingsError`."""
    share = options.gpus_per_run
    if share is not None and not 0 < share <= 1:
        raise SettingsError(
            f"--gpus-per-run must be above 0 and at most 1 (a run trains on one GPU, or on a part), got {share:g}."
        )
    if options.engine != "ray" and options.ray_address is not None:
        raise SettingsError("--ray-address is for --engine ray.")
    if options.ray_address is not None and not re.fullmatch(r"auto|[^/]+:\d{1,5}", options.ray_address):
        raise SettingsError(f"--ray-address takes auto or HOST:PORT, got '{options.ray_address}'.")
    if options.engine == "ray" and find_spec("ray") is None:
        raise SettingsError(NO_RAY)


@contextmanager
def engine(options: argparse.Namespace, trainer: AbstractTrainer) -> Iterator[AbstractEngine]:
    """The engine asked for, stopped at the end. Raises `EngineError`."""
    made = _make(options, trainer)
    try:
        yield made
    finally:
        made.stop()


def _make(options: argparse.Namespace, trainer: AbstractTrainer) -> AbstractEngine:
    if options.engine == "ray":
        from study.engines.ray_tune import RayEngine

        return RayEngine(address=options.ray_address, workers=options.workers, gpus_per_run=options.gpus_per_run)
    devices = trainer.devices()
    workers = options.workers or _workers_here(options, devices)
    return LocalEngine(workers=workers, devices=devices, preload=trainer.preload)


def flags(options: argparse.Namespace) -> list[str]:
    """What a launch must say to have the same engine again: it is no setting of the study."""
    found = ["--engine", "ray"] if options.engine == "ray" else []
    for flag in ("ray_address", "gpus_per_run", "workers"):
        value = getattr(options, flag)
        found += [] if value is None else [f"--{flag.replace('_', '-')}", str(value)]
    return found


def _workers_here(options: argparse.Namespace, devices: Sequence[str]) -> int:
    """One run for each core, or for each GPU, or several where a run takes a part of it."""
    if tuple(devices) == ("cpu",):
        return os.cpu_count() or 1
    return len(devices) * runs_per_gpu(options.gpus_per_run or 1.0)
