"""Custom trainers in tests: a function carried out as by a worker, studies of a file; all in the test's process."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Mapping
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any
from unittest import mock

from place import Place

from study.messages import EpochDone, Job, RunDone, RunFailed
from study.trainers.custom.worker import run_job

MODULE = "a_trainer_in_a_test"
SPACE = """
from search_spaces import Factor, Level, Range, Space

SPACE = Space(name="s", goal="Does depth help?", factors=(
    Factor("depth", "scientific", "one", (Level("one", {"depth_n": 1}), Level("two", {"depth_n": 2}))),
    Factor("rate", "nuisance", 0.1, range=Range("rate_value", 0.01, 1.0, log=True))))
"""
FLAGS = ("--space", "s.py", "--trainer", "t:train", "--trials", "3", "--seeds", "2", "--confirm", "1", "--epochs", "2",
         "--workers", "1", "--name", "x")  # fmt: skip


def carried_out(
    function: Callable[..., Any], epochs: int = 3, stop_at: float = 99, tasks: Mapping[str, Any] | None = None
) -> tuple[Any, list[EpochDone]]:
    """How a run of `function` ends, and the epochs it reported; from `stop_at` on it is told to stop.

    `tasks`: what its module declares of its tasks (TASKS).
    """
    told: list[EpochDone] = []

    def go_on(epoch: EpochDone) -> bool:
        told.append(epoch)
        return epoch.epoch < stop_at

    facts = {"function": f"{MODULE}:train", "epochs": epochs, "data": "d"}
    facts |= {"tasks": {"tasks": tasks or {}, "score": []}}
    job = Job(1, "train", {"choices": {"depth": "one"}, "set": {"depth_n": 1}}, Path("/nowhere"), seed=3, facts=facts)
    with mock.patch.dict(sys.modules, {MODULE: types.SimpleNamespace(train=function)}):
        return run_job(job, go_on), told


def returned(result: Any, tasks: Mapping[str, Any] | None = None) -> RunDone | RunFailed:
    """How a run ends whose function returns `result`."""
    found: RunDone | RunFailed = carried_out(lambda configuration, seed, report: result, tasks=tasks)[0]
    return found


class OwnStudy(Place):
    """A folder with a space `s.py` and a trainer `t.py`, and the study `x` of them."""

    def __init__(self, folder: Path, trainer: str) -> None:
        super().__init__(folder)
        self.write("s.py", SPACE)
        self.write("t.py", trainer)

    def write(self, name: str, text: str) -> None:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def launch(self, *more: str) -> CompletedProcess[str]:
        """Launch in this process; what the launch imports from the folder is forgotten afterwards."""
        return self.command_here(*FLAGS, *more)

    def command_here(self, *arguments: str, module: str = "study.launch") -> CompletedProcess[str]:
        before = set(sys.modules)
        with (
            mock.patch.object(sys, "path", [str(self.folder), *sys.path]),
            mock.patch.object(sys, "dont_write_bytecode", True),
        ):
            try:
                return self.call(*arguments, module=module)
            finally:
                for name in set(sys.modules) - before:
                    file = getattr(sys.modules[name], "__file__", None)
                    if file is not None and Path(file).is_relative_to(self.folder):
                        del sys.modules[name]
                sys.path_importer_cache.pop(str(self.folder), None)


def reports_once(configuration: Any, seed: int, report: Any) -> Any:
    """A trainer with one epoch."""
    report(1, 0.5)
    return {"scores": {"t": 0.5}}
