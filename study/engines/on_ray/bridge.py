"""The bridge: a process beside the driver's that is Ray's driver, and runs Tune over the jobs it is given.

A process of its own, as Ray ends the one it is in when it loses its cluster, prints there, and takes its signals. The
study's driver then reads that the bridge is gone, and says so.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
import traceback
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import ray
from ray import cloudpickle, tune
from ray.exceptions import OutOfMemoryError, RayActorError, RayError
from ray.tune.schedulers import FIFOScheduler
from ray.tune.search import Searcher
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from study.engines.on_ray.cleanup import clear_up_apart
from study.engines.on_ray.mailbox import Exchange
from study.engines.on_ray.messages import Answer, FromBridge, Lost, RaySettings, Ready, Refused, Stop, TrialOver
from study.engines.on_ray.queue import Jobs
from study.engines.on_ray.resources import gpus_per_run, room
from study.engines.on_ray.trainable import RunTrainable
from study.messages import Job

OBJECT_STORE_BYTES = 256_000_000  # predictions pass through it, and are gone when they were read
MOST_WORKERS = 10_000  # calls that the exchange holds at a time
GRACE_SECONDS = 3.0
CONNECT_SECONDS = 10.0
DETAIL_LENGTH = 400


class JobSearcher(Searcher):
    """Tune's search algorithm: it suggests the runs that the driver queued, and nothing of its own."""

    def __init__(self, jobs: Jobs) -> None:
        super().__init__()
        self._jobs = jobs

    def __getstate__(self) -> dict[str, Any]:
        """Tune writes what it was given to its folder; of this there is nothing to keep."""
        return {}

    def suggest(self, trial_id: str) -> Any:
        """Return the next run, None while there is none, FINISHED at the end."""
        run_id = self._jobs.next()
        if run_id is not None:
            return {"run_id": run_id}
        return Searcher.FINISHED if self._jobs.finished else None

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """One trial less is under way; how it ended comes by `Ends`, which knows the error."""
        self._jobs.trial_ended()

    def save_to_dir(self, checkpoint_dir: str, session_str: str = "default") -> None:
        """Nothing: our tables are the truth, Tune's folder is scratch."""

    def restore_from_dir(self, checkpoint_dir: str) -> None:
        """Never: a study is resumed from our tables."""
        raise NotImplementedError


class KeepsWorkers(FIFOScheduler):
    """First come, first served; and Tune keeps as many idle workers for the next runs as there are at a time.

    By itself it keeps one: a worker that has ended its run while the next one is not queued yet would go, its successor
    take seconds to start, and be called off when the other worker is idle first. One worker alone would then do all.
    """

    def __init__(self, workers: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._workers, self._told = workers, False

    def on_trial_add(self, tune_controller: Any, trial: Any) -> None:
        """Before the first trial; there is no public way, and a Ray that has it elsewhere keeps one worker."""
        if not self._told:
            self._told = True
            with contextlib.suppress(AttributeError):
                cache = tune_controller._tune_controller._actor_cache
                cache.increase_max(trial.placement_group_factory, by=self._workers)


class Ends(tune.Callback):
    """Passes the ends of trials on to the exchange, behind what their workers told it."""

    def __init__(self, exchange: Any) -> None:
        self._exchange = exchange

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """The trainable returned."""
        self._exchange.tell.remote(TrialOver(trial.config["run_id"], trial.trial_id))

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """The trainable raised, or its worker is gone."""
        self._exchange.tell.remote(over(trial.config["run_id"], trial.trial_id, _error_of(trial)))


def _error_of(trial: Any) -> Exception | None:
    """Return what Tune caught; it lies in a file of Tune's, in the scratch folder of this bridge or in that of the
    cluster.
    """
    try:
        found = cloudpickle.loads(Path(trial.pickled_error_file).read_bytes())
    except (OSError, TypeError):
        return None
    return found if isinstance(found, Exception) else None


def over(run_id: int, trial_id: str, error: Exception | None) -> TrialOver:
    """Return how a trial failed, in our words."""
    told = str(error) if error is not None else "Ray gives no reason"
    if isinstance(error, OutOfMemoryError):
        return TrialOver(run_id, trial_id, "out_of_memory", _detail("Ray ended the worker", told), told)
    if isinstance(error, RayActorError):
        return TrialOver(run_id, trial_id, "worker_died", _detail("the Ray worker died", told), told)
    return TrialOver(run_id, trial_id, "error", _detail("the Ray worker failed", told), told)


def _detail(what: str, told: str) -> str:
    """Ray's last paragraph says why; those before it are ids, and at its end it guesses."""
    lines = [line for line in told.splitlines() if line.strip() and not line.startswith(("\t", " "))]
    why = (lines[-1] if lines else told).removeprefix("The actor is dead because ").partition(" Some common causes")[0]
    return f"{what}: {why}"[:DETAIL_LENGTH]


class Bridge:
    """Connected to Ray from the beginning; `run` carries jobs out until it is told to stop."""

    def __init__(self, pipe: Connection, settings: RaySettings) -> None:
        self._pipe, self._settings = pipe, settings
        self._sending = threading.Lock()
        self._jobs = Jobs()
        self._over = threading.Event()
        self._stopping = False
        _connect(settings)
        listed = ray.nodes()  # type: ignore[no-untyped-call]
        nodes = [node["Resources"] for node in listed if node["Alive"]]
        self._share = gpus_per_run(nodes, settings.gpus_per_run)
        self._workers = settings.workers or room(nodes, self._share)
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        actor = ray.remote(Exchange).options(num_cpus=0, max_concurrency=MOST_WORKERS, scheduling_strategy=here)
        self._exchange: Any = actor.remote()

    def run(self) -> None:
        """Until the driver says stop, or is gone, or Ray is."""
        if self._workers < 1:
            why = "The Ray cluster has no CPU, or no GPU, for a run now. Say how many at a time: --workers N"
            self._send(Refused(why))
            return
        self._send(Ready(self._workers, self._share))
        os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(self._workers)
        listener = threading.Thread(target=self._listen, name="driver", daemon=True)
        for thread in (listener, threading.Thread(target=self._pump, name="exchange", daemon=True)):
            thread.start()
        try:
            self._tuner().fit()
            why = "Ray Tune came to an end"
        except Exception as error:
            traceback.print_exc()
            why = f"Ray Tune failed ({_first_line(error)})"
        if self._stopping:
            self._over.set()
            listener.join()  # it ends this process
        self._send(Lost(why))
        ray.shutdown()

    def _tuner(self) -> tune.Tuner:
        trainable = tune.with_parameters(RunTrainable, exchange=self._exchange, folder=self._settings.working_folder)
        return tune.Tuner(
            tune.with_resources(trainable, {"cpu": 1, "gpu": self._share} if self._share else {"cpu": 1}),
            tune_config=tune.TuneConfig(
                search_alg=JobSearcher(self._jobs),
                scheduler=KeepsWorkers(self._workers),
                num_samples=-1,
                reuse_actors=True,
                trial_name_creator=lambda trial: f"run-{trial.config['run_id']}",
                trial_dirname_creator=lambda trial: f"run-{trial.config['run_id']}-{trial.trial_id}",
            ),
            run_config=tune.RunConfig(
                name="runs",
                storage_path=str(self._settings.scratch / "tune"),
                failure_config=tune.FailureConfig(max_failures=0),  # what is tried again, the driver decides
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),  # else workers are not kept
                callbacks=[Ends(self._exchange)],
                verbose=0,
            ),
        )

    def _listen(self) -> None:
        """Do what the driver says."""
        while True:
            try:
                message: Job | Answer | Stop = self._pipe.recv()
                if isinstance(message, Job):
                    ray.get(self._exchange.put.remote(message))
                    self._jobs.add(message.run_id)
                    continue
                if isinstance(message, Answer):
                    self._exchange.answer.remote(message.run_id, message.go_on)
                    continue
            except (EOFError, OSError):  # the driver is gone, and with it the reason to compute
                clear_up_apart(os.getpid(), self._settings.scratch)
            except RayError as error:
                self._send(Lost(f"Ray does not answer ({_first_line(error)})"))
            self._end()

    def _end(self) -> None:
        """End everything now: with nothing under way Tune ends by itself, else this process goes, and Ray with it."""
        self._stopping = True
        self._jobs.finish()
        if not self._jobs.busy:
            self._over.wait(GRACE_SECONDS)
        with contextlib.suppress(Exception):
            ray.shutdown()
        os._exit(0)

    def _pump(self) -> None:
        """Bring the messages of workers to the driver."""
        try:
            while True:
                for message in ray.get(self._exchange.take.remote()):
                    for event in self._jobs.heard(message):
                        self._send(event)
        except Exception as error:
            if not self._stopping:
                self._send(Lost(f"The Ray cluster is gone ({_first_line(error)})"))

    def _send(self, message: FromBridge) -> None:
        with self._sending, contextlib.suppress(BrokenPipeError):
            self._pipe.send(message)


def serve(pipe: Connection, settings: RaySettings) -> None:
    """The body of the bridge's process."""
    try:
        bridge = Bridge(pipe, settings)
    except Exception as error:
        traceback.print_exc()
        pipe.send(Refused(_refusal(settings, error)))
        return
    bridge.run()


def _connect(settings: RaySettings) -> None:
    """To the cluster at the address; without one, a cluster of this machine alone that ends with this process."""
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.WARNING}
    if settings.address is not None:
        if settings.address != "auto":
            host, _, port = settings.address.rpartition(":")
            # Ray itself would try for minutes.
            socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
        ray.init(address=settings.address, **quiet)
        return
    ray.init(
        address="local",
        num_cpus=max(settings.workers or 0, os.cpu_count() or 1),
        include_dashboard=False,
        object_store_memory=OBJECT_STORE_BYTES,
        _temp_dir=str(settings.scratch / "ray"),
        **quiet,
    )


def _refusal(settings: RaySettings, error: Exception) -> str:
    if settings.address is None:
        return f"Ray cannot be started on this machine: {_first_line(error)}"
    cannot = f"The Ray cluster at '{settings.address}' cannot be used"
    if isinstance(error.__context__, RuntimeError) and "AuthenticationError" in str(error.__context__):
        return (
            f"{cannot}: it asks for a token, and none, or another one, was sent.\n"
            f"Set RAY_AUTH_MODE=token; its token belongs in ~/.ray/auth_token, or where RAY_AUTH_TOKEN_PATH says."
        )
    return (
        f"{cannot}: {_first_line(error)}\n"
        f"Start one (ray start --head), or leave --ray-address out: Ray then runs on this machine alone."
    )


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


__all__ = ["serve"]
