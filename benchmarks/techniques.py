"""What each technique costs: a training step's time and peak memory relative to the baseline, trainable parameters.

    python benchmarks/techniques.py [--backbone minilm] [--batches 8] [--turns 3] [--only REGEX]

For every level of `full_ablation`'s factors the baseline with that one level changed. A level that needs another (a
balancer that needs all losses, adapters to be trained) is compared with the baseline that has this other one too.

Time: both configurations train in one process, in turns, on the same made-up examples; the median over epochs of an
epoch's seconds divided by its batches, a batch being one task's. The first epoch of each run warms up. A stage before
or after the multitask stage has steps of its own: there it is the seconds of the whole training (marked `run`).
Memory: each configuration in a process of its own, the most it ever held, interpreter and libraries included.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch

import search_spaces
from mtbert import components
from mtbert.config import RunConfig, parse
from mtbert.data.load import load_corpus
from mtbert.data.tokenize import Prepared
from mtbert.errors import ConfigurationError
from mtbert.run import RunOutcome, prepare_data, run
from mtbert.trainer import sizes_of
from search_spaces import Space
from study.configuration import to_config
from study.settings import Settings, resolve

EPOCHS = 3  # one to warm up; one odd and one even for the hybrid curriculum
STAGES = ("mlm", "simcse_unsupervised", "simcse_supervised", "fine_tune_first", "single_task")
# What a level may need beside it, tried in this order.
COMPANIONS: tuple[dict[str, str], ...] = ({}, {"sampler": "joint"}, {"adapter": "low_rank"})


class Case(NamedTuple):
    """A level, in words, and the two configurations to compare."""

    level: str
    beside: str
    peer: RunConfig
    changed: RunConfig


class Cost(NamedTuple):
    """What one configuration takes."""

    batch_seconds: float
    run_seconds: float
    peak_bytes: int
    trainable: int


def cases(space: Space, settings: Settings, only: str) -> Iterator[Case]:
    """Every level but the baseline's that matches `only`; conditional factors stay at their baseline."""
    for name, factor in space.active(space.baseline()):
        for level in factor.level_names():
            told = f"{name}={level}"
            if level != factor.baseline and re.search(only, told):
                yield _case(space, settings, name, level)


def _case(space: Space, settings: Settings, factor: str, level: str) -> Case:
    for companion in COMPANIONS:
        try:
            changed = to_config(space, space.complete({**companion, factor: level}), settings)
            peer = to_config(space, space.complete(companion), settings)
        except (ConfigurationError, search_spaces.SpaceError):
            continue
        beside = ", ".join(f"{name}={choice}" for name, choice in companion.items())
        return Case(f"{factor}={level}", beside, _short(peer), _short(changed))
    raise SystemExit(f"{factor}={level} goes with none of {COMPANIONS}: add there what it needs.")


def _short(config: RunConfig) -> RunConfig:
    """The same with no more steps an epoch than the tasks have batches, where the sampler counts its own."""
    if "steps" not in config.multitask.sampler.settings:
        return config
    data = config.model_dump(mode="json")
    data["multitask"]["sampler"]["steps"] = None
    return parse(data)


def batches_of(config: RunConfig, data: Prepared, epoch: int) -> int:
    """How many batches, each of one task, an epoch has."""
    sampler = components.build("samplers", config.multitask.sampler.name, config.multitask.sampler.settings)
    splits = {name: data.splits[name, "train"] for name in config.tasks}
    sizes, batch_sizes = sizes_of(splits, config.tasks, config.multitask.batch_size)
    counts = {name: -(-sizes[name] // batch_sizes[name]) for name in config.tasks}
    order = sampler.epoch(counts, epoch=epoch, epochs=config.multitask.epochs, rng=np.random.default_rng(0))
    return sum(len(step) for step in order)


def measure(configs: Sequence[RunConfig], turns: int) -> list[Cost]:
    """The costs of configurations that train in turns in this process."""
    torch.set_num_threads(1)
    data = prepare_data(configs[-1], load_corpus("demo", tuple(configs[-1].tasks)))
    outcomes: list[list[RunOutcome]] = [[] for _ in configs]
    for _ in range(turns):
        for found, config in zip(outcomes, configs, strict=True):
            found.append(run(config, data, lambda _: True))
    return [_cost(config, data, found) for config, found in zip(configs, outcomes, strict=True)]


def _cost(config: RunConfig, data: Prepared, outcomes: Sequence[RunOutcome]) -> Cost:
    epochs = [e for o in outcomes for e in o.epochs if 1 < e.epoch <= config.multitask.epochs]
    return Cost(
        batch_seconds=statistics.median(e.train_seconds / batches_of(config, data, e.epoch) for e in epochs),
        run_seconds=statistics.median(outcome.train_seconds for outcome in outcomes),
        peak_bytes=outcomes[-1].peak_memory_bytes,
        trainable=outcomes[-1].trainable_parameters,
    )


def apart(configs: Sequence[RunConfig], turns: int) -> list[Cost]:
    """`measure` in a process of its own."""
    told = json.dumps({"configs": [config.model_dump(mode="json") for config in configs], "turns": turns})
    done = subprocess.run(
        [sys.executable, __file__, "--measure"], input=told, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return [Cost(*values) for values in json.loads(done.stdout)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="What each technique costs, relative to the baseline.")
    parser.add_argument("--backbone", default="minilm")
    parser.add_argument("--batches", type=int, default=8, help="batches of 8 a task in an epoch")
    parser.add_argument("--turns", type=int, default=3, help="how often the two configurations take turns")
    parser.add_argument("--only", default="", help="levels that match this regular expression")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        told = json.load(sys.stdin)
        print(json.dumps(measure([parse(config) for config in told["configs"]], told["turns"])))
        return
    sizes = {"train_examples": 8 * asked.batches, "dev_examples": 8, "epochs": EPOCHS}
    settings = resolve({"backbone": asked.backbone, **sizes}, None)
    peaks: dict[str, int] = {}
    print(f"{'level':40} {'time':>6}     {'memory':>6} {'':>9} {'trainable':>12}  compared with the baseline and")
    for case in cases(search_spaces.load("full_ablation"), settings, asked.only):
        key = case.peer.digest()
        if key not in peaks:
            peaks[key] = apart([case.peer], 1)[0].peak_bytes
        print(_line(case, apart([case.peer, case.changed], asked.turns), peaks[key]), flush=True)


def _line(case: Case, costs: Sequence[Cost], peer_peak: int) -> str:
    peer, changed = costs
    stage = any(getattr(case.changed, name) != getattr(case.peer, name) for name in STAGES)
    time = changed.run_seconds / peer.run_seconds if stage else changed.batch_seconds / peer.batch_seconds
    peak = apart([case.changed], 1)[0].peak_bytes
    memory = f"{peak / peer_peak:5.2f}x {(peak - peer_peak) / 1e6:+6.0f} MB"
    return f"{case.level:40} {time:5.2f}x {'run' if stage else '   '} {memory} {changed.trainable:12,}  {case.beside}"


if __name__ == "__main__":
    main()
