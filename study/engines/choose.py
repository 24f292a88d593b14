"""Which engine a launch asks for, checked before anything is written, and made when it is needed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec

from study.arguments import Options
from study.engines.abstract import AbstractEngine, runs_per_gpu
from study.engines.local import LocalEngine
from study.settings import SettingsError
from study.trainers.abstract import AbstractTrainer

NO_RAY = "--engine ray needs Ray, which is not installed: pip install 'mtbert-study[ray]'"


def check(options: Options) -> None:
    """Refuse what no engine could do. Raises `SettingsError`."""
    if options.engine != "ray" and options.ray_address is not None:
        raise SettingsError("--ray-address is for --engine ray.")
    if options.ray_address is not None and not re.fullmatch(r"auto|[^/]+:\d{1,5}", options.ray_address):
        raise SettingsError(f"--ray-address takes auto or HOST:PORT, got '{options.ray_address}'.")
    if options.engine == "ray" and find_spec("ray") is None:
        raise SettingsError(NO_RAY)


@contextmanager
def engine(options: Options, trainer: AbstractTrainer) -> Iterator[AbstractEngine]:
    """The engine asked for, stopped at the end. Raises `EngineError`."""
    made = _make(options, trainer)
    try:
        yield made
    finally:
        made.stop()


def _make(options: Options, trainer: AbstractTrainer) -> AbstractEngine:
    if options.engine == "ray":
        from study.engines.ray_tune import RayEngine

        return RayEngine(address=options.ray_address, workers=options.workers, gpus_per_run=options.gpus_per_run)
    devices = trainer.devices()
    workers = options.workers or _workers_here(options, devices)
    return LocalEngine(workers=workers, devices=devices, preload=trainer.preload)


def _workers_here(options: Options, devices: Sequence[str]) -> int:
    """Return one run for each core, or for each GPU, or several where a run takes a part of it."""
    if tuple(devices) == ("cpu",):
        return os.cpu_count() or 1
    return len(devices) * runs_per_gpu(options.gpus_per_run or 1.0)
