"""What a whole study costs against the same configurations run one by one with a starter-style loop at full length.

    python benchmarks/whole_study.py [--backbone minilm] [--trials 40] [--epochs 9] [--examples 64] [--precision P]

(`study.py` in this folder would hide the package `study` from the other benchmarks.)

Ours: the command `study.launch` with `full_ablation`, `--pruner asha` and two workers, from nothing to the report:
search, confirm, ablate, test. Its processor seconds are the user and system time of every process it started, to the
last: this process adopts those whose parent ends before them (Linux alone can), so that the fork server, which has
waited for its workers, is waited for here, and the kernel's own sums are complete. Loading libraries, the data, the
search and the report are in it. What SQL has as seconds of training and evaluation (wall time of workers) is printed
beside it.

The peer: each run of the study that did not fail, that is each distinct configuration and seed, paused and pruned ones
too, with all its stages and all its epochs. Its batches, steps of the optimizer and examples to evaluate are counted
with `study.trainers.bert.workload`, and multiplied by the time that the loop of `starter.py` takes for them: processor
seconds of one thread, medians, of the same encoder, on the study's sentences, in batches of the same size, with as
much frozen. The baseline is measured before the study and after it, all else after it, corrected by the mean of both.

SMART is written into the loop too: a run that has it makes three passes a batch there as here. In favour of the peer:
all other techniques cost it nothing (adapters, surgery, balancers, Bregman's teacher, other heads' arithmetic); masked
language modelling is counted as training on single sentences, without its product with the vocabulary; SimCSE as
training on pairs, for triplets too; it starts no processes, reads and writes nothing, chooses nothing, and is not asked
for test. It evaluates what we evaluate: search examples and a sample of train after each epoch, dev at the end.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import torch
from starter import StarterLoop

from mtbert.assembly import build_model
from mtbert.config import RunConfig, parse
from mtbert.config.parts import TrainableConfig
from mtbert.data.tokenize import Prepared
from mtbert.regularizers.smart import SmartRegularizer
from mtbert.stages import fine_tune_first, mlm, multitask, simcse_supervised, simcse_unsupervised, single_task
from mtbert.training.trainer import sizes_of
from results.database.database import open_database
from results.database.rows import RunRow
from study.resolve import resolve
from study.trainers.bert.preparation import check_all, prepare
from study.trainers.bert.workload import DECIDING, Work, together, workload

ROOT = Path(__file__).resolve().parents[1]
NAME = "whole"
TURNS = 5
ALL, HEADS = TrainableConfig(), TrainableConfig(name="heads")
# The task whose examples cost as much as those of a stage that has sentences of its own.
STANDS_FOR = {mlm.NAME: "sst", simcse_unsupervised.NAME: "quora", simcse_supervised.NAME: "quora"}
BECOME_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of <linux/prctl.h>


class Cost(NamedTuple):
    """Processor seconds of training and of evaluation."""

    training: float
    evaluation: float


class Loop:
    """A starter-style loop with one encoder and one choice of what is trained; each cost is measured once."""

    def __init__(self, config: RunConfig, trainable: TrainableConfig, data: Prepared) -> None:
        self._data = data
        encoder = build_model(config.model_copy(update={"adapters": ()}), data.vocabulary_size).encoder
        self._loop = StarterLoop(encoder, {task: data.splits[task, "train"] for task in config.tasks}, trainable)
        self._backward: dict[tuple[str, int, bool], float] = {}
        self._forward: dict[tuple[str, int], float] = {}

    def backward(self, task: str, size: int, smart: SmartRegularizer | None = None) -> float:
        """Seconds of an example trained on, in batches of `size`, the optimizer aside."""
        kind = (task, size, smart is not None)
        if kind not in self._backward:
            self._backward[kind] = median_seconds(lambda: self._loop.backward(task, size, smart)) / size
        return self._backward[kind]

    @cached_property
    def update(self) -> float:
        """Seconds of a step of the optimizer."""
        task = next(iter(self._loop.splits))
        return median_seconds(self._loop.update, before=lambda: self._loop.backward(task, 1))

    def forward(self, task: str, size: int) -> float:
        """Seconds of an example evaluated."""
        if (task, size) not in self._forward:
            split = self._data.splits[task, "dev"]
            size_here = min(size, len(split))
            measured = median_seconds(lambda: self._loop.outputs(task, split, size_here))
            self._forward[task, size] = measured / size_here
        return self._forward[task, size]


class Peer:
    """What runs would cost with the starter-style loop."""

    def __init__(self, data: Prepared) -> None:
        self._data = data
        self._loops: dict[tuple[object, ...], Loop] = {}

    def cost(self, config: RunConfig, *, decides: bool = True) -> Cost:
        """Of one run at full length; one of the search is not evaluated on the examples that decide."""
        training = evaluation = 0.0
        for stage, work in workload(config, self._data).items():
            if stage == multitask.NAME:
                training += self._together(config)
            elif stage == single_task.NAME:
                training += self._alone(config)
            elif stage == DECIDING:
                work = work if decides else Work(0)
            else:
                training += self._before(config, stage, work.trained)
            evaluation += work.evaluated * self._evaluated(config)
        return Cost(training, evaluation)

    def _loop(self, config: RunConfig, trainable: TrainableConfig) -> Loop:
        trainable = HEADS if trainable.name == "adapters_and_heads" else trainable
        key = (config.backbone, config.encoder.layers, trainable.name, trainable.layers)
        if key not in self._loops:
            self._loops[key] = Loop(config, trainable, self._data)
        return self._loops[key]

    def _together(self, config: RunConfig) -> float:
        total, smart = 0.0, SmartRegularizer() if config.multitask.regularizer is not None else None
        for epoch in together(config, self._data):
            loop = self._loop(config, HEADS if epoch.own else config.multitask.trainable)
            for task, examples in epoch.examples.items():
                total += examples * loop.backward(task, max(1, round(examples / epoch.batches[task])), smart)
            total += epoch.steps / config.multitask.accumulation * loop.update
        return total

    def _alone(self, config: RunConfig) -> float:
        assert config.single_task is not None
        loop, total = self._loop(config, HEADS), 0.0
        for task in config.tasks:
            rows = len(self._data.splits[task, "train"])
            size = min(config.single_task.batch_size, rows)
            total += rows * loop.backward(task, size) + rows / size * loop.update
        return config.single_task.epochs * total

    def _before(self, config: RunConfig, stage: str, examples: float) -> float:
        """Of a stage that trains the whole encoder on sentences of its own, or on one task."""
        part, first = getattr(config, stage), config.fine_tune_first
        task = first.task if first is not None and stage == fine_tune_first.NAME else STANDS_FOR[stage]
        batch_size: int = part.batch_size
        size, loop = min(batch_size, len(self._data.splits[task, "train"])), self._loop(config, ALL)
        return examples * loop.backward(task, size) + examples / batch_size * loop.update

    def _evaluated(self, config: RunConfig) -> float:
        """Of an example, the mean of the tasks."""
        splits = {task: self._data.splits[task, "dev"] for task in config.tasks}
        _, sizes = sizes_of(splits, config.tasks, config.multitask.batch_size)
        loop = self._loop(config, config.multitask.trainable)
        return statistics.fmean(loop.forward(task, size) for task, size in sizes.items())


def median_seconds(work: Callable[[], object], before: Callable[[], None] | None = None) -> float:
    """The median processor seconds of some calls, after one to warm up; `before` each, unmeasured."""
    found = []
    for _ in range(TURNS + 1):
        if before is not None:
            before()
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return statistics.median(found[1:])


class Spent(NamedTuple):
    """Processor seconds of a command with all its processes, and its wall time."""

    processor: float
    wall: float


def launch(flags: Sequence[str], log: Path) -> Spent:
    """Run `study.launch` and wait for every process that came of it."""
    if ctypes.CDLL(None, use_errno=True).prctl(BECOME_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "PR_SET_CHILD_SUBREAPER")
    began = time.perf_counter()
    with log.open("w") as file:
        command = [sys.executable, "-m", "study.launch", *flags]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        started = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=file, stderr=file)
    processor = 0.0
    while True:
        try:
            ended, status, usage = os.wait4(-1, 0)
        except ChildProcessError:  # none is left
            break
        processor += usage.ru_utime + usage.ru_stime  # with that of all it has waited for itself
        if ended == started.pid:
            started.returncode = os.waitstatus_to_exitcode(status)
    if started.returncode not in (0, 3):  # 3: some runs failed
        raise SystemExit(log.read_text())
    return Spent(processor, time.perf_counter() - began)


def runs_of(storage: str) -> list[RunRow]:
    """All runs of the study that did not fail."""
    with open_database(storage) as database:
        found = database.runs.of_study(NAME)
    ends = Counter((run.phase, run.status) for run in found)
    print("runs: " + ", ".join(f"{phase} {status} {count}" for (phase, status), count in sorted(ends.items())))
    failed = sum(run.status == "failed" for run in found)
    if failed:
        print(f"{failed} failed runs are counted for us and not for the peer")
    return [run for run in found if run.status != "failed"]


def measure(asked: argparse.Namespace, folder: Path) -> None:
    """Study and peer, and what came of it."""
    given = {
        "space": "full_ablation", "data": asked.data, "backbone": asked.backbone, "trials": asked.trials,
        "epochs": asked.epochs, "train_examples": asked.examples, "seeds": asked.seeds, "pruner": "asha",
        "budget": asked.budget, "precision": asked.precision,
    }  # fmt: skip
    settings = resolve(given, None)
    checked = check_all(settings)
    data = prepare(checked, folder / "data")
    before = sum(Peer(data).cost(checked.baseline))

    storage = f"sqlite:///{folder}/studies.db"
    flags = [text for name, value in given.items() for text in (f"--{name.replace('_', '-')}", str(value))]
    flags += ["--workers", str(asked.workers), "--name", NAME, "--out", str(folder), "--storage", storage]
    print("python -m study.launch " + " ".join(flags), flush=True)
    spent = launch(flags, folder / "launch.txt")

    runs = runs_of(storage)
    peer = Peer(data)
    after = sum(peer.cost(checked.baseline))
    drift = (before + after) / 2 / after
    costs = [peer.cost(parse(run.config_json), decides=run.phase != "search") for run in runs]
    training, evaluation = (drift * sum(part) for part in zip(*costs, strict=True))
    told = f"{before:.1f} s before the study, {after:.1f} s after it"
    print(f"a run of the baseline with the starter-style loop: {told}")
    _print_phases(runs, [drift * sum(cost) for cost in costs])
    print(f"ours: {spent.processor:.0f} processor seconds, all processes of the command; wall {spent.wall:.0f} s")
    ahead = f"{training:.0f} of training, {evaluation:.0f} of evaluation"
    print(f"peer: {training + evaluation:.0f} processor seconds for {len(runs)} runs at full length: {ahead}")
    print(f"the peer takes {(training + evaluation) / spent.processor:.2f} times as many processor hours")


def _print_phases(runs: Sequence[RunRow], of_peer: Sequence[float]) -> None:
    """What SQL has of our workers' seconds, beside the peer's, a phase a line, and how many runs use SMART."""
    for phase in dict.fromkeys(run.phase for run in runs):
        here = [(run, seconds) for run, seconds in zip(runs, of_peer, strict=True) if run.phase == phase]
        train = sum(run.train_seconds or 0.0 for run, _ in here)
        evaluation = sum(run.eval_seconds or 0.0 for run, _ in here)
        saved = sum(run.shared_seconds or 0.0 for run, _ in here)
        smart = sum(parse(run.config_json).multitask.regularizer is not None for run, _ in here)
        print(
            f"{phase}: {len(here)} runs ({smart} with SMART), {train:.0f} s of training, {evaluation:.0f} s of "
            f"evaluation, {saved:.0f} s saved by sharing stages; peer {sum(seconds for _, seconds in here):.0f} s"
        )


def main() -> None:
    """Measure and print."""
    asked = _options()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        measure(asked, Path(folder))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--backbone", default="minilm")
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--epochs", type=int, default=9)
    parser.add_argument("--examples", type=int, default=64, help="training examples a task")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--budget", default="quick", help="dev examples; how much is confirmed and ablated")
    parser.add_argument("--precision", default="float32", help="ours; the starter-style loop has float32")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--data", default=os.environ.get("MTBERT_DATA", str(ROOT.parent / "shared" / "data")))
    return parser.parse_args()


if __name__ == "__main__":
    main()
