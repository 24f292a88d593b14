"""The `ray` engine: runs as trials of Ray Tune, on this machine or on a cluster.

The driver's process knows nothing of Ray; it talks over a pipe to the bridge (`on_ray.bridge`), which is Ray's driver.
The driver decides everything: what runs, what is pruned, what is tried again.
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
# Told to Ray before it is imported.
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    "TUNE_GLOBAL_CHECKPOINT_S": "1000000000",
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
}


class RayEngine(AbstractEngine):
    """Runs on Ray: at `address` ("auto", "HOST:PORT"); None: on this machine, where `stop` ends what is started now.

    `workers` runs at a time, else as many as the cluster has room for; each takes a CPU, and `gpus_per_run` of a GPU
    where the cluster has GPUs. Raises `EngineError` when Ray cannot be used.
    """

    name = "ray"
    keeps_limits = True

    def __init__(self, *, address: str | None, workers: int | None, gpus_per_run: float | None) -> None:
        self._scratch = _scratch_folder()
        settings = RaySettings(address, workers, gpus_per_run, self._scratch, Path.cwd())
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._bridge = context.Process(target=_serve, args=(theirs, settings), name="ray-bridge", daemon=True)
        with held():
            self._bridge.start()
        theirs.close()  # so that the pipe ends when the bridge does
        self._running: set[int] = set()
        self._trouble: str | None = None
        try:
            ready = self._first_word()
        except BaseException:
            self.stop()
            raise
        self._workers, self._device = ready.workers, "cuda:0" if ready.gpus_per_run else "cpu"

    @property
    def workers(self) -> int:
        """How many jobs run at a time."""
        return self._workers

    def device(self) -> str:
        """Ray shows a run its own GPU alone, as the first one."""
        return self._device

    def start(self, job: Job) -> None:
        """Queue a job as the next trial."""
        if len(self._running) >= self._workers:
            raise RuntimeError(f"all {self._workers} workers are busy")
        self._running.add(job.run_id)
        self._send(_with_whole_paths(job))

    def events(self, timeout: float) -> list[Event]:
        """Return what the runs have said; `EngineLost` when Ray is gone."""
        events: list[Event] = []
        while self._trouble is None and self._pipe.poll(0 if events else timeout):
            message = self._receive()
            if isinstance(message, Lost | NodeUnfit):
                self._trouble = message.why
            elif not isinstance(message, Ready | Refused):
                if not isinstance(message, EpochDone | RunPlaced):
                    self._running.discard(message.run_id)
                events.append(message)
        if self._trouble is not None and not events:
            log.error("%s; the end of Ray's output:\n%s", self._trouble, self._output())
            raise EngineLost(self._trouble)
        return events

    def answer(self, run_id: int, go_on: bool) -> None:
        """Tell a waiting worker; one that has died meanwhile is told of by `events`."""
        self._send(Answer(run_id, go_on))

    def kill(self, run_id: int) -> None:
        """Not from here: the worker that carries a run ends it at its limits (`on_ray.carry`)."""

    def stop(self) -> None:
        """End every run, the connection to Ray, and Ray itself where it was started here."""
        if not self._pipe.closed:
            self._send(Stop())
            wait([self._bridge.sentinel], STOP_SECONDS)
            assert self._bridge.pid is not None
            clear_up(self._bridge.pid, self._scratch)
            self._bridge.join()
            self._pipe.close()

    def _first_word(self) -> Ready:
        found = self._receive() if self._pipe.poll(START_SECONDS) else None
        if isinstance(found, Ready):
            return found
        if isinstance(found, Refused):
            raise EngineError(found.why)
        told = f"it has not answered in {START_SECONDS:.0f} s" if found is None else "its process ended"
        raise EngineError(f"Ray cannot be used: {told}. The end of its output:\n{self._output()[-500:]}")

    def _receive(self) -> FromBridge:
        try:
            found: FromBridge = self._pipe.recv()
        except (EOFError, OSError):  # it ended between two messages, or in the middle of one
            return Lost("The Ray cluster is gone, or cannot be reached")
        return found

    def _send(self, message: Job | Answer | Stop) -> None:
        with contextlib.suppress(BrokenPipeError):  # `events` tells
            self._pipe.send(message)

    def _output(self) -> str:
        with contextlib.suppress(OSError):
            return (self._scratch / "output").read_text(encoding="utf-8", errors="replace")[-SHOWN_OUTPUT:]
        return ""


def _scratch_folder() -> Path:
    """Return a short path with the driver's id: Ray's sockets are below it, and a socket's path has at most 107
    characters.
    """
    return Path(tempfile.mkdtemp(prefix=f"mtbert-ray-{os.getpid()}-", dir="/tmp" if Path("/tmp").is_dir() else None))


def _with_whole_paths(job: Job) -> Job:
    """Return a worker's folder is another one."""
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
    """Have Ray send the token that is at hand: it reads these variables when it is imported.

    `ray start` asks for a token where it finds one, as Ray on this machine alone leaves it; a driver that connects
    sends none by itself. A cluster that asks for none takes a driver that has one.
    """
    named = os.environ.get("RAY_AUTH_TOKEN") or os.environ.get("RAY_AUTH_TOKEN_PATH")
    if named or (Path.home() / ".ray" / "auth_token").is_file():
        os.environ.setdefault("RAY_AUTH_MODE", "token")


def _serve(pipe: Connection, settings: RaySettings) -> None:
    """The bridge's process: what Ray prints goes to a file, and Ray is imported here alone.

    It leads a session of its own: Ctrl-C reaches the driver, which decides what ends; and what Ray leaves is found.
    """
    os.setsid()
    let_through()
    usual_paths()
    os.environ[MARK] = "{}"  # for Ray's workers on this machine, which import this project too
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
