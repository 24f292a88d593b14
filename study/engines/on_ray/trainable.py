"""The trainable that Ray Tune starts on the nodes: a worker that does one run after another."""

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
from study.engines.on_ray.run_job import run_job
from study.messages import EpochDone


class RunTrainable(tune.Trainable):
    """A trial that is one run, done in one step. Tune keeps the worker for the next trial."""

    def setup(self, config: dict[str, Any], exchange: Any = None, folder: Path = Path()) -> None:
        """Prepare the worker; if the driver's folder exists here too, relative paths mean the same."""
        with contextlib.suppress(OSError):
            os.chdir(folder)
        self._exchange = exchange
        self._engine: LocalEngine | None = None

    def step(self) -> dict[str, Any]:
        """Do the whole run."""
        job = ray.get(self._exchange.job.remote(self.config["run_id"], self.trial_id))
        if self._engine is None:  # all runs of a study are of one kind
            self._engine = LocalEngine(workers=1, preload=(job.worker.partition(":")[0],))
        try:
            run_job(
                job, self._engine, _ExchangeLink(self._exchange, self.trial_id), self.trial_id, socket.gethostname()
            )
        except BaseException:
            self._engine.stop()
            raise
        return {"done": True}

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Accept the next trial on this worker."""
        self.config = new_config
        return True

    def cleanup(self) -> None:
        """Stop the engine when Tune ends the worker."""
        if self._engine is not None:
            self._engine.stop()


class _ExchangeLink:
    """A trial's connection to the driver through the exchange."""

    def __init__(self, exchange: Any, trial_id: str) -> None:
        self._exchange, self._trial_id = exchange, trial_id

    def send(self, message: ToExchange) -> None:
        ray.get(self._exchange.send.remote(message, self._trial_id))

    def ask(self, epoch: EpochDone) -> bool:
        return bool(ray.get(self._exchange.ask.remote(epoch, self._trial_id)))
