"""The `ray` engine: runs as trials of Ray Tune, on this machine or on a cluster.

The study's driver does not import Ray; a pipe connects it to the bridge (`on_ray.bridge`), which is Ray's driver.
The study's driver decides what runs, what is pruned and what is retried.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import tempfile
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from pathlib import Path

from search_spaces.own_files import MARK
from study.engines.abstract import AbstractEngine, EngineError, EngineLost
from study.engines.on_ray.cleanup import clear_up
from study.engines.on_ray.messages import Answer, FromBridge, Lost, NodeUnfit, RaySettings, Ready, Refused, Stop
from study.messages import EpochDone, Event, Job, RunPlaced
from study.signals import held, let_through, usual_paths

log = logging.getLogger("study")

START_SECONDS = 120.0
STOP_SECONDS = 20.0
SHOWN_OUTPUT = 4000  # characters of Ray's output, for the log
QUIET = {  # environment variables that Ray reads when it is imported
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    "TUNE_GLOBAL_CHECKPOINT_S": "1000000000",
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
}


class RayEngine(AbstractEngine):
    """Runs on the Ray cluster at `address` ("auto", "HOST:PORT"); None starts Ray on this machine until `stop`.

    By default as many runs at a time as fit on the cluster; each takes a CPU, and `gpus_per_run` of a GPU if the
    cluster has GPUs.

    Raises:
        EngineError: Ray cannot be used.
    """

    name = "ray"
    keeps_limits = True

    def __init__(self, *, address: str | None, workers: int | None, gpus_per_run: float | None) -> None:
        self._scratch = _scratch_folder()
        settings = RaySettings(address, workers, gpus_per_run, self._scratch, Path.cwd())
        context = multiprocessing.get_context("spawn")
        self._pipe, bridge_pipe = context.Pipe()
        self._bridge = context.Process(target=_serve, args=(bridge_pipe, settings), name="ray-bridge", daemon=True)
        with held():
            self._bridge.start()
        bridge_pipe.close()  # so that the pipe ends when the bridge does
        self._running: set[int] = set()
        self._trouble: str | None = None
        try:
            ready = self._first_message()
        except BaseException:
            self.stop()
            raise
        self.workers, self._device = ready.workers, "cuda:0" if ready.gpus_per_run else "cpu"

    def device(self) -> str:
        """Return "cuda:0" for every GPU: Ray shows each run only its own."""
        return self._device

    def start(self, job: Job) -> None:
        """Queue a job as the next trial.

        Raises:
            RuntimeError: all workers are busy.
        """
        if len(self._running) >= self.workers:
            raise RuntimeError(f"all {self.workers} workers are busy")
        self._running.add(job.run_id)
        self._send(_with_absolute_paths(job))

    def events(self, timeout: float) -> list[Event]:
        """Return the messages of the runs.

        Raises:
            EngineLost: Ray is gone, or a node cannot run any job.
        """
        events: list[Event] = []
        while self._trouble is None and self._pipe.poll(0 if events else timeout):
            message = self._receive()
            if isinstance(message, Lost | NodeUnfit):
                self._trouble = message.message
            elif not isinstance(message, Ready | Refused):
                if not isinstance(message, EpochDone | RunPlaced):
                    self._running.discard(message.run_id)
                events.append(message)
        if self._trouble is not None and not events:
            log.error("%s; the end of Ray's output:\n%s", self._trouble, self._output())
            raise EngineLost(self._trouble)
        return events

    def answer(self, run_id: int, go_on: bool) -> None:
        """Tell a waiting worker whether to continue; if it has died meanwhile, `events` reports that."""
        self._send(Answer(run_id, go_on))

    def kill(self, run_id: int) -> None:
        """Do nothing: the worker itself ends a run at its limits (`on_ray.run_job`)."""

    def stop(self) -> None:
        """End every run, the connection to Ray, and Ray itself if it was started here."""
        if not self._pipe.closed:
            self._send(Stop())
            wait([self._bridge.sentinel], STOP_SECONDS)
            assert self._bridge.pid is not None
            clear_up(self._bridge.pid, self._scratch)
            self._bridge.join()
            self._pipe.close()

    def _first_message(self) -> Ready:
        message = self._receive() if self._pipe.poll(START_SECONDS) else None
        if isinstance(message, Ready):
            return message
        if isinstance(message, Refused):
            raise EngineError(message.message)
        reason = f"it has not answered in {START_SECONDS:.0f} s" if message is None else "its process ended"
        raise EngineError(f"Ray cannot be used: {reason}. The end of its output:\n{self._output()[-500:]}")

    def _receive(self) -> FromBridge:
        try:
            message: FromBridge = self._pipe.recv()
        except (EOFError, OSError):  # the bridge ended between two messages, or in the middle of one
            return Lost("The Ray cluster is gone, or cannot be reached")
        return message

    def _send(self, message: Job | Answer | Stop) -> None:
        with contextlib.suppress(BrokenPipeError):  # `events` reports it
            self._pipe.send(message)

    def _output(self) -> str:
        with contextlib.suppress(OSError):
            return (self._scratch / "output").read_text(encoding="utf-8", errors="replace")[-SHOWN_OUTPUT:]
        return ""


def _scratch_folder() -> Path:
    """Make a folder with a short path: Ray's sockets are below it, and a socket's path has at most 107 characters."""
    return Path(tempfile.mkdtemp(prefix=f"mtbert-ray-{os.getpid()}-", dir="/tmp" if Path("/tmp").is_dir() else None))


def _with_absolute_paths(job: Job) -> Job:
    """Return the job with absolute paths, as a worker runs in another folder."""
    sharing, model = job.sharing, job.model_folder
    if sharing is not None and sharing.folder is not None:
        sharing = replace(sharing, folder=sharing.folder.absolute())
    return replace(
        job,
        prepared_folder=job.prepared_folder.absolute(),
        model_folder=None if model is None else model.absolute(),
        log=None if job.log is None else job.log.absolute(),
        sharing=sharing,
    )


def _show_token() -> None:
    """Make Ray send the user's token: it reads this variable when it is imported.

    `ray start` requires a token if it finds one, for example from an earlier local Ray, but a driver that connects
    does not send it by default. A cluster that requires no token accepts a driver that has one.
    """
    named = os.environ.get("RAY_AUTH_TOKEN") or os.environ.get("RAY_AUTH_TOKEN_PATH")
    if named or (Path.home() / ".ray" / "auth_token").is_file():
        os.environ.setdefault("RAY_AUTH_MODE", "token")


def _serve(pipe: Connection, settings: RaySettings) -> None:
    """Run the bridge in this process, the only one that imports Ray; its output goes to a file.

    The process leads a session: Ctrl-C reaches only the driver, and everything that Ray starts can be found.
    """
    os.setsid()
    let_through()
    usual_paths()
    os.environ[MARK] = "{}"  # Ray's workers on this machine import this project too
    output = os.open(settings.scratch / "output", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.update(QUIET)
    if settings.address is not None:
        _show_token()
    try:
        from study.engines.on_ray.bridge import serve
    except ImportError as error:
        pipe.send(Refused(f"Ray cannot be imported ({error}). Install it: pip install 'mtbert-study[ray]'"))
        return
    serve(pipe, settings)
