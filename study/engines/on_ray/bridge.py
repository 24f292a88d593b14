"""The bridge: a process that is Ray's driver, and runs Ray Tune over the jobs of the study's driver.

It is a separate process because Ray ends its process when the cluster is lost, prints there, and handles its signals.
The study's driver then notices that the bridge is gone, and reports it.
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
from study.engines.on_ray.resources import concurrent_runs, gpus_per_run
from study.engines.on_ray.trainable import RunTrainable
from study.messages import Job, first_line

OBJECT_STORE_BYTES = 256_000_000  # predictions pass through it, and are deleted once they are read
MOST_WORKERS = 10_000  # concurrent calls of the exchange
GRACE_SECONDS = 3.0
CONNECT_SECONDS = 10.0
DETAIL_LENGTH = 400


class JobSearcher(Searcher):
    """Tune's search algorithm: it only suggests the runs that the driver queued."""

    def __init__(self, jobs: Jobs) -> None:
        super().__init__()
        self._jobs = jobs

    def __getstate__(self) -> dict[str, Any]:
        """Return nothing to save: Tune pickles its search algorithm into its folder."""
        return {}

    def suggest(self, trial_id: str) -> Any:
        """Return the next run, None if there is none yet, FINISHED at the end."""
        run_id = self._jobs.next()
        if run_id is not None:
            return {"run_id": run_id}
        return Searcher.FINISHED if self._jobs.finished else None

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Count one running trial less; `TrialEnds` reports how it ended, as it has the error."""
        self._jobs.trial_ended()

    def save_to_dir(self, checkpoint_dir: str, session_str: str = "default") -> None:
        """Save nothing: a study is resumed from our tables, and Tune's folder is scratch."""

    def restore_from_dir(self, checkpoint_dir: str) -> None:
        """Refuse: a study is resumed from our tables."""
        raise NotImplementedError


class KeepsWorkers(FIFOScheduler):
    """A FIFO scheduler that keeps as many idle workers for the next runs as there are concurrent runs.

    Tune by default keeps one. A worker that is idle before the next run is queued would be ended; its successor takes
    seconds to start, and is cancelled if another worker is idle first. In the end one worker would do all the runs.
    """

    def __init__(self, workers: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._workers, self._cache_enlarged = workers, False

    def on_trial_add(self, tune_controller: Any, trial: Any) -> None:
        """Enlarge the cache of workers before the first trial; if Ray has moved this private attribute, keep one."""
        if not self._cache_enlarged:
            self._cache_enlarged = True
            with contextlib.suppress(AttributeError):
                cache = tune_controller._tune_controller._actor_cache
                cache.increase_max(trial.placement_group_factory, by=self._workers)


class TrialEnds(tune.Callback):
    """Passes the ends of trials on to the exchange, after the messages of their workers."""

    def __init__(self, exchange: Any) -> None:
        self._exchange = exchange

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Report that the trainable returned."""
        self._exchange.send.remote(TrialOver(trial.config["run_id"], trial.trial_id))

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Report that the trainable raised, or that its worker died."""
        self._exchange.send.remote(failed_trial(trial.config["run_id"], trial.trial_id, _error_of(trial)))


def _error_of(trial: Any) -> Exception | None:
    """Return the exception that Tune caught, from its file in the scratch folder."""
    try:
        error = cloudpickle.loads(Path(trial.pickled_error_file).read_bytes())
    except (OSError, TypeError):
        return None
    return error if isinstance(error, Exception) else None


def failed_trial(run_id: int, trial_id: str, error: Exception | None) -> TrialOver:
    """Return the end of a trial that failed, with our reason."""
    message = str(error) if error is not None else "Ray gives no reason"
    if isinstance(error, OutOfMemoryError):
        return TrialOver(run_id, trial_id, "out_of_memory", _detail("Ray ended the worker", message), message)
    if isinstance(error, RayActorError):
        return TrialOver(run_id, trial_id, "worker_died", _detail("the Ray worker died", message), message)
    return TrialOver(run_id, trial_id, "error", _detail("the Ray worker failed", message), message)


def _detail(outcome: str, message: str) -> str:
    """Return the cause from Ray's last paragraph; the paragraphs before it are ids, and it ends with guesses."""
    lines = [line for line in message.splitlines() if line.strip() and not line.startswith(("\t", " "))]
    cause = (lines[-1] if lines else message).removeprefix("The actor is dead because ")
    return f"{outcome}: {cause.partition(' Some common causes')[0]}"[:DETAIL_LENGTH]


class Bridge:
    """A connection to Ray; `run` runs the driver's jobs until the driver stops it."""

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
        self._workers = settings.workers or concurrent_runs(nodes, self._share)
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        actor = ray.remote(Exchange).options(num_cpus=0, max_concurrency=MOST_WORKERS, scheduling_strategy=here)
        self._exchange: Any = actor.remote()

    def run(self) -> None:
        """Run jobs until the driver stops this process, or the driver or Ray is gone."""
        if self._workers < 1:
            message = "The Ray cluster has no free CPU or GPU for a run. Set the number of concurrent runs: --workers N"
            self._send(Refused(message))
            return
        self._send(Ready(self._workers, self._share))
        os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(self._workers)
        listener = threading.Thread(target=self._listen, name="driver", daemon=True)
        for thread in (listener, threading.Thread(target=self._pump, name="exchange", daemon=True)):
            thread.start()
        try:
            self._tuner().fit()
            message = "Ray Tune ended unexpectedly"
        except Exception as error:
            traceback.print_exc()
            message = f"Ray Tune failed ({first_line(error)})"
        if self._stopping:
            self._over.set()
            listener.join()  # it ends this process
        self._send(Lost(message))
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
                failure_config=tune.FailureConfig(max_failures=0),  # the driver decides what is retried
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),  # else workers are not kept
                callbacks=[TrialEnds(self._exchange)],
                verbose=0,
            ),
        )

    def _listen(self) -> None:
        """Handle the driver's messages."""
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
            except (EOFError, OSError):  # the driver is gone
                clear_up_apart(os.getpid(), self._settings.scratch)
            except RayError as error:
                self._send(Lost(f"Ray does not answer ({first_line(error)})"))
            self._end()

    def _end(self) -> None:
        """End everything now: without running trials Tune ends by itself; otherwise this process ends, and Ray."""
        self._stopping = True
        self._jobs.finish()
        if not self._jobs.busy:
            self._over.wait(GRACE_SECONDS)
        with contextlib.suppress(Exception):
            ray.shutdown()
        os._exit(0)

    def _pump(self) -> None:
        """Pass the messages of workers to the driver."""
        try:
            while True:
                for message in ray.get(self._exchange.take.remote()):
                    for event in self._jobs.events_after(message):
                        self._send(event)
        except Exception as error:
            if not self._stopping:
                self._send(Lost(f"The Ray cluster is gone ({first_line(error)})"))

    def _send(self, message: FromBridge) -> None:
        with self._sending, contextlib.suppress(BrokenPipeError):
            self._pipe.send(message)


def serve(pipe: Connection, settings: RaySettings) -> None:
    """Run the bridge in its process."""
    try:
        bridge = Bridge(pipe, settings)
    except Exception as error:
        traceback.print_exc()
        pipe.send(Refused(_refusal(settings, error)))
        return
    bridge.run()


def _connect(settings: RaySettings) -> None:
    """Connect to the cluster at the address; without one, start Ray on this machine until this process ends."""
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.WARNING}
    if settings.address is not None:
        if settings.address != "auto":
            host, _, port = settings.address.rpartition(":")
            # Fail early: Ray itself would try for minutes.
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
        return f"Ray cannot be started on this machine: {first_line(error)}"
    cannot = f"The Ray cluster at '{settings.address}' cannot be used"
    if isinstance(error.__context__, RuntimeError) and "AuthenticationError" in str(error.__context__):
        return (
            f"{cannot}: it requires a token, and none or a wrong one was sent.\n"
            f"Set RAY_AUTH_MODE=token, and put the token in ~/.ray/auth_token or the file of RAY_AUTH_TOKEN_PATH."
        )
    return (
        f"{cannot}: {first_line(error)}\n"
        f"Start one (ray start --head), or omit --ray-address to run Ray on this machine only."
    )
