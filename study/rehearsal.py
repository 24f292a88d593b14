"""A rehearsal: a seeded response surface instead of training. It needs only numpy and milliseconds per run.

The surface is made from the space and its true effects are known, so that a study of it shows what would be found:

    expected score of a task = base + sum over factors of effect(factor, level, task) + one interaction
    score of a run           = expected + N(0, 0.7 points) of the seed + that of finitely many dev examples

Two of five factors have no effect. A range has its best place, and loses quadratically away from it. Effects are in
proportions (0.01 is a point), drawn for each factor from (seed, factor): another factor leaves them as they are.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_spaces import Space
from search_spaces.grammar import Choice, Choices
from search_spaces.grammar.choices import places
from study.messages import EpochDone, EvaluationDone, Job, Metrics, RunDone, RunFailed, TaskOutputs

# Classes of the tasks that there are; None: a score from 0 to 5, measured by Pearson's r. Others have two classes.
CLASSES: Mapping[str, int | None] = {"sst": 5, "quora": 2, "sts": None, "sick": None, "cfimdb": 2, "rotten_tomatoes": 2}
BASE: Mapping[str, float] = {"sst": 0.45, "quora": 0.75, "sts": 0.70}
SEED_NOISE = 0.007  # standard deviation of a run's score over seeds, at infinitely many examples
NULL_FACTORS = 0.4  # the part of factors without effect
LEVEL_EFFECT, TASK_EFFECT = 0.012, 0.004  # standard deviations: of a level's effect on all tasks, and on one beside
RANGE_LOSS = 0.06  # at the far end of a range
INTERACTION = 0.015
EXAMPLE_SHARE = 0.8  # of the variance of who is right: the example's own, the same in all runs
RUN_SECONDS, INFERENCE_MS, PARAMETERS, MEMORY = 600.0, 5.0, 22_568_455, 900_000_000
FAULTS = (
    "nan_loss",
    "error",
    "out_of_memory",
    "exit",
    "hang",
)  # that tests plant: reasons, a worker that ends or hangs
WAITED_SECONDS = 0.006  # that a rehearsed run of the baseline really takes


@dataclass(frozen=True)
class Surface:
    """The planted effects.

    `levels[factor][level][task]`; `ranges[factor]` = (low, high, log, best place 0..1, loss); `interaction` = (factor,
    level, factor, level, effect), effective where both levels are chosen; `costs[factor][level]` = factors for the time
    and the trainable parameters.
    """

    tasks: tuple[str, ...]
    base: Mapping[str, float]
    levels: Mapping[str, Mapping[str, Mapping[str, float]]]
    ranges: Mapping[str, tuple[float, float, bool, float, float]]
    interaction: tuple[str, str, str, str, float] | None
    costs: Mapping[str, Mapping[str, tuple[float, float]]]

    def null_factors(self) -> list[str]:
        """Return the factors without any effect."""
        silent = [f for f, levels in self.levels.items() if not any(any(e.values()) for e in levels.values())]
        inside = self.interaction[:3:2] if self.interaction else ()
        return [factor for factor in silent if factor not in inside] + [f for f, r in self.ranges.items() if not r[4]]

    def expected(self, choices: Choices) -> dict[str, float]:
        """Return the expected score of each task, 0.02..0.98, over all seeds and examples."""
        total = {task: self.base[task] for task in self.tasks}
        for factor, choice in choices.items():
            for task in self.tasks:
                total[task] += self._effect(factor, choice, task)
        if self.interaction is not None:
            one, its, other, others, effect = self.interaction
            if choices.get(one) == its and choices.get(other) == others:
                total = {task: value + effect for task, value in total.items()}
        return {task: min(max(value, 0.02), 0.98) for task, value in total.items()}

    def score(self, choices: Choices) -> float:
        """Return the expected score: the mean over the tasks."""
        found = self.expected(choices)
        return sum(found.values()) / len(found)

    def cost(self, choices: Choices) -> tuple[float, int]:
        """Return the seconds of a run, and its trainable parameters."""
        seconds, parameters = RUN_SECONDS, float(PARAMETERS)
        for factor, choice in choices.items():
            times = self.costs.get(factor, {}).get(str(choice), (1.0, 1.0))
            seconds, parameters = seconds * times[0], parameters * times[1]
        return seconds, round(parameters)

    def _effect(self, factor: str, choice: Choice, task: str) -> float:
        if factor in self.levels:
            return self.levels[factor].get(str(choice), {}).get(task, 0.0)
        if factor not in self.ranges:
            return 0.0
        low, high, log, best, loss = self.ranges[factor]
        return -loss * (_place(float(choice), low, high, log) - best) ** 2

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Surface:
        """Return the surface from the JSON of its `asdict`."""
        inner = data["interaction"]
        told = {
            "tasks": tuple(data["tasks"]),
            "ranges": {factor: tuple(values) for factor, values in data["ranges"].items()},
            "costs": {f: {level: tuple(v) for level, v in levels.items()} for f, levels in data["costs"].items()},
            "interaction": None if inner is None else tuple(inner),
        }
        return cls(**{**data, **told})


def plant(space: Space, tasks: Sequence[str], seed: int) -> Surface:
    """Return a surface of a space. Baseline levels have no effect, so that effects are differences from them."""
    levels: dict[str, dict[str, dict[str, float]]] = {}
    ranges: dict[str, tuple[float, float, bool, float, float]] = {}
    costs: dict[str, dict[str, tuple[float, float]]] = {}
    for place in places(space.factors):
        factor, rng = place.factor, _rng(seed, place.name)
        silent = rng.random() < NULL_FACTORS
        if factor.range is not None:
            found = factor.range
            best, loss = rng.uniform(0.2, 0.8), 0.0 if silent else RANGE_LOSS * rng.uniform(0.3, 1.0)
            ranges[place.name] = (float(found.low), float(found.high), found.log, float(best), float(loss))
            continue
        effects: dict[str, dict[str, float]] = {}
        for level in factor.level_names():
            shared, own = rng.normal(0, LEVEL_EFFECT), rng.normal(0, TASK_EFFECT, len(tasks))
            none = silent or level == factor.baseline
            effects[level] = {t: 0.0 if none else float(shared + own[i]) for i, t in enumerate(tasks)}
        levels[place.name] = effects
        if rng.random() < 0.3:
            names = [level for level in factor.level_names() if level != factor.baseline]
            costs[place.name] = {n: (float(rng.uniform(0.6, 1.8)), float(rng.uniform(0.1, 1.4))) for n in names}
    base = {task: BASE.get(task, 0.7) for task in tasks}
    return Surface(tuple(tasks), base, levels, ranges, _interaction(space, levels, seed), costs)


def _interaction(
    space: Space, levels: Mapping[str, Mapping[str, Mapping[str, float]]], seed: int
) -> tuple[str, str, str, str, float] | None:
    """Draw a pair of levels of two factors that every configuration has and that have effects."""
    able = [
        f for f in space.factors
        if f.range is None and len(f.levels) > 1 and any(any(e.values()) for e in levels[f.name].values())
    ]  # fmt: skip
    if len(able) < 2:
        return None
    rng = _rng(seed, "interaction")
    first, second = (able[int(i)] for i in rng.choice(len(able), 2, replace=False))
    one, other = (rng.choice([n for n in f.level_names() if n != f.baseline]) for f in (first, second))
    return first.name, str(one), second.name, str(other), float(INTERACTION * rng.choice([-1, 1]))


def facts(
    surface: Surface,
    *,
    seed: int,
    epochs: int,
    examples: int,
    faults: Mapping[str, float],
    seconds: float = WAITED_SECONDS,
) -> dict[str, Any]:
    """Return what a worker needs to rehearse a run.

    `faults` are rates by kind: a reason of `RunFailed`, "exit" or "hang". `seconds` is the duration of a baseline run.
    """
    return {
        "surface": asdict(surface), "seed": seed, "epochs": epochs, "examples": examples, "faults": dict(faults),
        "seconds": seconds,
    }  # fmt: skip


def carry_out(job: Job, go_on: Callable[[EpochDone], bool]) -> RunDone | EvaluationDone | RunFailed:
    """Rehearse the job: the same job gives the same numbers."""
    surface, epochs = Surface.read(job.facts["surface"]), int(job.facts["epochs"])
    choices: Choices = job.config["choices"]
    name = hashlib.sha256(json.dumps([job.config, job.seed], sort_keys=True).encode()).hexdigest()
    rng = _rng(job.facts["seed"], name)
    noise = rng.normal(0, SEED_NOISE)
    expected = {task: value for task, value in surface.expected(choices).items() if task in _tasks(job, surface)}
    reached = {task: min(max(value + noise, 0.01), 0.99) for task, value in expected.items()}
    seconds, parameters = surface.cost(choices)
    if job.kind == "test":
        metrics, outputs = _measured(job, reached, "test", name)
        return EvaluationDone(job.run_id, metrics, outputs)
    failed = _fault(job, name)
    if failed is not None:
        return failed
    metrics, outputs = _measured(job, reached, "dev", name)
    epoch, score = _trained(job, go_on, metrics, seconds)
    if epoch < epochs:
        metrics, outputs = {("dev", "", "score"): score, ("dev", "", "leaderboard_score"): score}, {}
    part = epoch / epochs
    return RunDone(
        run_id=job.run_id,
        stopped=part < 1,
        best_epoch=epoch,
        score=score,
        leaderboard_score=metrics["dev", "", "leaderboard_score"],
        last_score=score,
        metrics=metrics,
        outputs=outputs,
        train_seconds=0.9 * seconds * part,
        eval_seconds=0.1 * seconds * part,
        shared_seconds=0.0,
        trainable_parameters=parameters,
        total_parameters=max(parameters, PARAMETERS),
        peak_memory_bytes=MEMORY,
        inference_ms=INFERENCE_MS * seconds / RUN_SECONDS,
        stages=(),
    )


def _trained(job: Job, go_on: Callable[[EpochDone], bool], metrics: Metrics, seconds: float) -> tuple[int, float]:
    """Report every epoch; return the last one and its score."""
    score, epochs = metrics["dev", "", "score"], int(job.facts["epochs"])
    for epoch in range(1, epochs):
        time.sleep(job.facts["seconds"] * seconds / RUN_SECONDS / epochs)
        now = score * (1 - 0.5 * math.exp(-1.5 * epoch))
        reported = {("dev", "", "score"): now, ("train", "", "score"): min(1.0, now + 0.02 * epoch)}
        if not go_on(EpochDone(job.run_id, epoch, seconds / epochs, now, reported)):
            return epoch, now
    time.sleep(job.facts["seconds"] * seconds / RUN_SECONDS / epochs)
    whole = {**metrics, ("train", "", "score"): min(1.0, score + 0.02 * epochs)}
    go_on(EpochDone(job.run_id, epochs, seconds / epochs, score, whole))
    return epochs, score


def _tasks(job: Job, surface: Surface) -> Sequence[str]:
    """Return the tasks of the configuration: all, or the one that a reference trains."""
    tasks: Sequence[str] = job.config.get("common", {}).get("tasks", surface.tasks)
    return tasks


def _fault(job: Job, name: str) -> RunFailed | None:
    """Return or perform a fault at the rates asked for; the runs that have one follow from configuration and seed."""
    draw = int(name[:12], 16) / 16**12
    for kind, rate in sorted(job.facts["faults"].items()):
        if draw < rate:
            if kind == "exit":
                os._exit(7)
            if kind == "hang":
                time.sleep(3600)
            return RunFailed(job.run_id, kind, "rehearsed")
        draw -= rate
    return None


def _measured(
    job: Job, reached: Mapping[str, float], split: str, name: str
) -> tuple[Metrics, dict[tuple[str, str], TaskOutputs]]:
    """Return the metrics of predictions on a split that reach about these scores, and the predictions."""
    outputs, metrics, mains = {}, dict[tuple[str, str, str], float](), []
    for task, value in reached.items():
        size = int(job.facts["examples"])
        shared, own = _rng(job.facts["seed"], f"{split} {task}"), _rng(job.facts["seed"], f"{split} {task} {name}")
        classes = CLASSES.get(task, 2)
        found = _scores(value, size, shared, own) if classes is None else _classes(value, size, classes, shared, own)
        ids = hashlib.sha256(f"{job.facts['seed']} {split} {task} {size}".encode()).hexdigest()
        outputs[split, task] = TaskOutputs(*found, ids)
        _, predictions, labels = found
        if classes is None:
            metric, measured = "pearson", float(np.corrcoef(predictions, labels)[0, 1])
        else:
            metric, measured = "accuracy", float((predictions == labels).mean())
        metrics[split, task, metric] = measured
        mains.append(measured)
    metrics[split, "", "score"] = metrics[split, "", "leaderboard_score"] = sum(mains) / len(mains)
    return metrics, outputs


Arrays = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]


def _classes(value: float, size: int, classes: int, shared: np.random.Generator, own: np.random.Generator) -> Arrays:
    """Return outputs (examples, classes), predictions and labels that reach about the accuracy `value`."""
    labels = shared.integers(0, classes, size)
    latent = math.sqrt(EXAMPLE_SHARE) * shared.normal(size=size) + math.sqrt(1 - EXAMPLE_SHARE) * own.normal(size=size)
    right = latent < NormalDist().inv_cdf(value)
    predictions = np.where(right, labels, (labels + own.integers(1, classes, size)) % classes)
    outputs = own.normal(0, 0.5, (size, classes)).astype(np.float32)
    outputs[np.arange(size), predictions] += 2.5
    return outputs, predictions.astype(np.float32), labels.astype(np.float32)


def _scores(value: float, size: int, shared: np.random.Generator, own: np.random.Generator) -> Arrays:
    """Return outputs, predictions and labels with about the correlation `value`."""
    truth = shared.normal(size=size)
    noise = math.sqrt(EXAMPLE_SHARE) * shared.normal(size=size) + math.sqrt(1 - EXAMPLE_SHARE) * own.normal(size=size)
    guess = value * truth + math.sqrt(1 - value**2) * noise
    predictions, labels = ((2.5 + column).astype(np.float32) for column in (guess, truth))
    return predictions[:, None], predictions, labels


def _place(value: float, low: float, high: float, log: bool) -> float:
    """Return the place of a number in its range, 0..1."""
    if low == high:
        return 0.5
    return math.log(value / low) / math.log(high / low) if log else (value - low) / (high - low)


def _rng(seed: int, name: str) -> np.random.Generator:
    return np.random.default_rng(int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:8], "little"))
