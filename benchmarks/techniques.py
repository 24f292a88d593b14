"""What each technique costs: a training step's time and peak memory relative to the baseline, trainable parameters.

    python benchmarks/techniques.py [--data FOLDER] [--backbone minilm] [--only REGEX]

For every level of `full_ablation`'s factors, conditional ones included, the baseline with that one level changed; and
for settings that no factor varies. A level that needs another (adapters to be trained, losses of all tasks in a step)
is compared with the baseline that has this other one too.

Time: the two train the same sentences in one process, in turns, an epoch each; the median over turns of the ratio of
their CPU seconds a batch (one task's), and half of its 95 % interval. On a noisy machine there are more turns, in
further processes, until that is small. A stage before or after the multitask stage has steps of its own, of its own
batch size: one of these against a batch of the baseline (marked `own`). Memory: the most that a process held which
trains this configuration alone, interpreter and libraries included. The targets are judged at the end; the exit code
is 1 where one is missed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
from step_cost import STAGES, Alone, Contestant, alone, in_turns

import search_spaces
from mtbert.config import RunConfig, parse
from mtbert.data.load import load_corpus
from mtbert.data.prepared import save_prepared
from mtbert.data.texts import needs_of, read_texts, together
from mtbert.errors import ConfigurationError
from mtbert.run import prepare_data
from search_spaces import Space
from search_spaces.grammar.choices import places
from study.resolve import resolve
from study.settings import Settings
from study.trainers.bert.configuration import SENTENCES, to_config
from study.trainers.bert.pretraining_texts import with_sentences

BATCH_SIZE, BATCHES = 8, 2  # batches of each task in an epoch
STAGE_BATCHES = 3
TURNS, PROCESSES = 4, (2, 6)  # turns in a process; at least and at most so many processes
PRECISION = 0.03  # of a ratio that was measured in few enough turns
# What a level may need beside it, tried in this order; what compares the tasks of a step is measured where it does.
NEEDS: tuple[dict[str, str], ...] = ({}, {"sampler": "joint"}, {"adapter": "low_rank"})
COMPARES_TASKS = ("balancer", "surgery")
# Settings that docs/techniques.md names and no factor varies.
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "bregman": {"multitask": {"regularizer": {"name": "smart", "bregman": True}}},
    "accumulation=2": {"multitask": {"accumulation": 2}},
    "encoder.shared=false": {"encoder": {"shared": False}},
    "shared_pair_layer": {"shared_pair_layer": True},
    "backbone=bilstm": {"backbone": "bilstm"},
}
# How many times the peer's step one may take; the first pattern that fits. SMART: one more forward with a backward to
# the inputs and one more of both are 2.7 times already. A sum of adapters may cost what its parts may.
TARGETS = (
    (r"adapter[=.]\w+\+top_layer", 1.95),
    (r"adapter[=.]top_layer", 1.6),
    (r"adapter[=.]", 1.35),
    (r"smart[=.]", 3.2),
    (r"surgery=pcgrad", 1.5),
    (r"balancer=gradnorm", 1.3),
    (r"balancer=", 1.05),
)
Result = TypeVar("Result")


class Case(NamedTuple):
    """A level, in words, what stands beside it, and the two configurations to compare."""

    level: str
    beside: str
    peer: Contestant
    changed: Contestant


class Time(NamedTuple):
    """How many times the peer's step a step takes, and half of the 95 % interval."""

    ratio: float
    margin: float


class Bench:
    """One benchmark: which cases there are, and what is measured in processes of their own."""

    def __init__(self, data: str, backbone: str, folder: Path) -> None:
        sizes = {"train_examples": BATCH_SIZE * BATCHES, "dev_examples": BATCH_SIZE, "epochs": 2 * (TURNS + 1)}
        self.settings: Settings = resolve({"backbone": backbone, "data": data, **sizes}, None)
        whole = search_spaces.load("full_ablation")
        self.corpus = load_corpus(data, tuple(to_config(whole, whole.baseline(), self.settings).tasks))
        # Without the levels whose sentences the data does not have.
        self.space: Space = with_sentences(whole, self.settings, self.corpus).space
        self.folder = folder
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(["step_cost", "torch._dynamo"])
        self._alone: dict[str, Alone] = {}

    def cases(self) -> Iterator[Case]:
        """Every level but the baseline's of every factor that has levels, and the settings."""
        for place in places(self.space.factors):
            above = {condition.factor: condition.level for condition in place.conditions}
            for level in place.factor.level_names():
                if level != place.factor.baseline:
                    yield self._case(place.name, level, above)
        for told, setting in SETTINGS.items():
            peer = to_config(self.space, self.space.baseline(), self.settings).model_dump(mode="json")
            yield Case(told, "", *(self._contestant(parse(_over(peer, over))) for over in ({}, setting)))

    def _case(self, factor: str, level: str, above: Mapping[str, str]) -> Case:
        for needed in sorted(NEEDS, key=lambda needed: "sampler" not in needed) if factor in COMPARES_TASKS else NEEDS:
            try:
                choices = self.space.complete({**needed, **above, factor: level})
                changed = to_config(self.space, choices, self.settings)
                peer = to_config(self.space, self.space.complete(needed), self.settings)
            except (ConfigurationError, search_spaces.SpaceError):
                continue
            stage = next((name for name in STAGES if getattr(changed, name) != getattr(peer, name)), "multitask")
            beside = ", ".join(f"{name}={choice}" for name, choice in needed.items())
            return Case(f"{factor}={level}", beside, self._contestant(peer), self._contestant(changed, stage))
        raise SystemExit(f"{factor}={level} goes with none of {NEEDS}: add there what it needs.")

    def _contestant(self, config: RunConfig, stage: str = "multitask") -> Contestant:
        return Contestant(_short(config, stage), stage, self._prepared(config.backbone))

    def _prepared(self, backbone: str) -> str:
        """The folder of the data as a backbone reads it, with the sentences of every stage."""
        folder = self.folder / backbone.replace("/", "_")
        if folder.is_dir():
            return str(folder)
        baseline = to_config(self.space, self.space.baseline(), self.settings).model_copy(update={"backbone": backbone})
        stages = [
            to_config(self.space, o.choices, self.settings) for o in self.space.alternatives(self.space.baseline())
        ]
        wanted = dict.fromkeys(together(need for config in stages for need in needs_of(config).values()), None)
        save_prepared(prepare_data(baseline, self.corpus, read_texts(self.corpus, wanted, None)), folder)
        return str(folder)

    def time(self, case: Case) -> Time:
        """The changed configuration's seconds a batch over the peer's: the median over turns."""
        ratios: list[float] = []
        for process in range(1, PROCESSES[1] + 1):
            peer, changed = self._apart(in_turns, (case.peer, case.changed), TURNS)
            ratios += [mine / theirs for mine, theirs in zip(changed, peer, strict=True)]
            low, median, high = np.quantile(ratios, (0.25, 0.5, 0.75))
            margin = 1.57 * (high - low) / np.sqrt(len(ratios))  # of a median, 95 %: McGill, Tukey & Larsen 1978
            if process >= PROCESSES[0] and margin <= PRECISION * median:
                break
        return Time(float(median), float(margin))

    def alone(self, contestant: Contestant) -> Alone:
        """Memory and parameters of one configuration."""
        key = f"{contestant.config.digest()} {contestant.stage}"
        if key not in self._alone:
            self._alone[key] = self._apart(alone, contestant)
        return self._alone[key]

    def _apart(self, work: Callable[..., Result], *arguments: object) -> Result:
        with ProcessPoolExecutor(1, mp_context=self.context) as process:
            return process.submit(work, *arguments).result()


def _short(config: RunConfig, stage: str) -> RunConfig:
    """The same with one epoch of the stage on a few whole batches of its own size."""
    if stage == "multitask":
        return config
    data = config.model_dump(mode="json")
    data[stage]["epochs"] = 1
    for field in SENTENCES:
        if field in data[stage]:
            data[stage][field] = STAGE_BATCHES * data[stage]["batch_size"]
    return parse(data)


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = {key: _over(below[key], value) for key, value in above.items() if isinstance(below.get(key), dict)}
    return {**below, **above, **merged}


def target(level: str) -> float | None:
    """How many times the peer's step a level may take; None where nothing is asked."""
    return next((limit for pattern, limit in TARGETS if re.match(pattern, level)), None)


def main() -> None:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description="What each technique costs, relative to the baseline.")
    parser.add_argument("--data", default="demo", help="demo, or a folder of real sentences")
    parser.add_argument("--backbone", default="minilm")
    parser.add_argument("--only", default="", help="levels that match this regular expression")
    asked = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    verdicts: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(asked.data, asked.backbone, Path(folder))
        print(f"{'level':36} {'time':>6} {'':5}     {'memory':>6} {'':>9} {'trainable':>11}  beside")
        for case in bench.cases():
            if re.search(asked.only, case.level):
                found = bench.time(case)
                print(_line(case, found, bench.alone(case.peer), bench.alone(case.changed)), flush=True)
                limit = target(case.level)
                if limit is not None:
                    verdicts.append(_verdict(case.level, found, limit))
    missed = [verdict for verdict in verdicts if verdict]
    print("\n".join([*missed, f"targets met: {len(verdicts) - len(missed)} of {len(verdicts)}"]))
    sys.exit(1 if missed else 0)


def _line(case: Case, time: Time, peer: Alone, changed: Alone) -> str:
    own = "   " if case.changed.stage == "multitask" else "own"
    memory = f"{changed.peak_bytes / peer.peak_bytes:5.2f}x {(changed.peak_bytes - peer.peak_bytes) / 1e6:+6.0f} MB"
    told = f"{time.ratio:5.2f}x ±{time.margin:.2f} {own} {memory} {changed.trainable:11,}"
    return f"{case.level:36} {told}  {case.beside}"


def _verdict(level: str, time: Time, limit: float) -> str:
    """What there is to say where a target is missed; nothing where it is met."""
    if round(time.ratio, 2) <= limit:
        return ""
    sure = "missed" if time.ratio - time.margin > limit else "missed, but within the noise"
    return f"{level}: {time.ratio:.2f}x ±{time.margin:.2f}, at most {limit:.2f}x: {sure}"


if __name__ == "__main__":
    main()
