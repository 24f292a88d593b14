"""The engine that a launch requests: checked before anything is written, and made when it is needed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from study.arguments import Options
from study.engines.abstract import AbstractEngine, runs_per_gpu
from study.engines.local import LocalEngine
from study.settings import SettingsError
from study.trainers.abstract import AbstractTrainer

NO_RAY = "--engine ray needs Ray, which is not installed: pip install 'mtbert-study[ray]'"


def check(options: Options) -> None:
    """Check the options of the engines.

    Raises:
        SettingsError: they do not fit together, or Ray is not installed.
    """
    if options.engine != "ray" and options.ray_address is not None:
        raise SettingsError("--ray-address needs --engine ray.")
    if options.ray_address is not None and not re.fullmatch(r"auto|[^/]+:\d{1,5}", options.ray_address):
        raise SettingsError(f"--ray-address takes auto or HOST:PORT, got '{options.ray_address}'.")
    if options.engine == "ray" and find_spec("ray") is None:
        raise SettingsError(NO_RAY)


@contextmanager
def engine(options: Options, trainer: AbstractTrainer) -> Iterator[AbstractEngine]:
    """Yield the requested engine, and stop it at the end.

    Raises:
        EngineError: it cannot be started.
    """
    engine = _make(options, trainer)
    try:
        yield engine
    finally:
        engine.stop()


def _make(options: Options, trainer: AbstractTrainer) -> AbstractEngine:
    if options.engine == "ray":
        from study.engines.ray_tune import RayEngine

        return RayEngine(address=options.ray_address, workers=options.workers, gpus_per_run=options.gpus_per_run)
    devices = trainer.devices()
    if devices == ("cpu",):
        workers = options.workers or os.cpu_count() or 1
    else:
        workers = options.workers or len(devices) * runs_per_gpu(options.gpus_per_run or 1.0)
    return LocalEngine(workers=workers, devices=devices, preload=trainer.preload)
