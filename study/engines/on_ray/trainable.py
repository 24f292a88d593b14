"""What Ray Tune starts on the nodes: a worker that carries out one run after another."""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path
from typing import Any

import ray
from ray import tune

from study.engines.local import LocalEngine
from study.engines.on_ray.messages import ToExchange
from study.engines.on_ray.run_job import carry
from study.messages import EpochDone


class RunTrainable(tune.Trainable):
    """A trial is one run, done in one step. Tune keeps the worker for the next trial."""

    def setup(self, config: dict[str, Any], exchange: Any = None, folder: Path = Path()) -> None:
        """Once for each worker; where the driver's folder is here too, relative paths mean the same."""
        with contextlib.suppress(OSError):
            os.chdir(folder)
        self._exchange = exchange
        self._engine: LocalEngine | None = None

    def step(self) -> dict[str, Any]:
        """Return the whole run."""
        job = ray.get(self._exchange.job.remote(self.config["run_id"], self.trial_id))
        if self._engine is None:  # all runs of a study are of one kind
            self._engine = LocalEngine(workers=1, preload=(job.worker.partition(":")[0],))
        try:
            line = _ExchangeLine(self._exchange, self.trial_id)
            carry(job, self._engine, line, self.trial_id, socket.gethostname())
        except BaseException:
            self._engine.stop()
            raise
        return {"done": True}

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Return the next trial begins on this worker."""
        self.config = new_config
        return True

    def cleanup(self) -> None:
        """The worker is given back."""
        if self._engine is not None:
            self._engine.stop()


class _ExchangeLine:
    """A trial's line to the driver through the exchange."""

    def __init__(self, exchange: Any, trial_id: str) -> None:
        self._exchange, self._trial_id = exchange, trial_id

    def tell(self, message: ToExchange) -> None:
        ray.get(self._exchange.tell.remote(message, self._trial_id))

    def ask(self, epoch: EpochDone) -> bool:
        return bool(ray.get(self._exchange.ask.remote(epoch, self._trial_id)))
