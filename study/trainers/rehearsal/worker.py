"""Rehearsed runs: scores drawn around a response surface instead of training, in milliseconds and without torch.

score of a run = expected score (`response_surface`) + N(0, 0.7 points) of the seed + noise of the dev examples
                 + with `--vary train` that of the training sentences, N(0, 0.7 points) twice (`_sentence_noise`)
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtbert.data.subset import searched
from search_spaces.grammar import Choices
from study.messages import EpochDone, EvaluationDone, Job, Metrics, RunDone, RunFailed, TaskOutputs
from study.trainers.rehearsal.response_surface import PARAMETERS, RUN_SECONDS, Surface, rng

# Classes of the built-in tasks; None: a score from 0 to 5, measured by Pearson's r. Others have two classes.
CLASSES: Mapping[str, int | None] = {"sst": 5, "quora": 2, "sts": None, "sick": None, "cfimdb": 2, "rotten_tomatoes": 2}
SEED_NOISE = 0.007  # standard deviation of a run's score over seeds, at infinitely many examples
SENTENCE_NOISE = 0.007  # of the training sentences (--vary train): one for all configurations, one for each
EXAMPLE_SHARE = 0.8  # proportion of the variance of correctness that examples share in all runs
INFERENCE_MS, MEMORY = 5.0, 900_000_000
WAITED_SECONDS = 0.006  # real duration of a rehearsed run of the baseline


def facts(
    surface: Surface,
    *,
    seed: int,
    epochs: int,
    examples: int,
    faults: Mapping[str, float],
    seconds: float = WAITED_SECONDS,
) -> dict[str, Any]:
    """Return the data that a worker needs to rehearse runs.

    `faults` are rates by kind: a reason of `RunFailed`, "exit" or "hang". `seconds` is the duration of a baseline run.
    """
    planted = {"surface": asdict(surface), "faults": dict(faults)}
    return {**planted, "seed": seed, "epochs": epochs, "examples": examples, "seconds": seconds}


def run_job(job: Job, go_on: Callable[[EpochDone], bool]) -> RunDone | EvaluationDone | RunFailed:
    """Rehearse the job: the same job gives the same numbers."""
    surface, epochs = Surface.read(job.facts["surface"]), int(job.facts["epochs"])
    choices: Choices = job.config["choices"]
    name = hashlib.sha256(json.dumps([job.config, job.seed], sort_keys=True).encode()).hexdigest()
    common = job.config.get("common", {})
    noise = rng(job.facts["seed"], name).normal(0, SEED_NOISE)
    if "vary" in common:
        noise += _sentence_noise(job, common.get("subset_seed", job.seed))
    tasks = common.get("tasks", surface.tasks)  # a single-task reference has one
    expected = {task: value for task, value in surface.expected(choices).items() if task in tasks}
    reached = {task: min(max(value + noise, 0.01), 0.99) for task, value in expected.items()}
    seconds, parameters = surface.cost(choices)
    if job.kind == "test":
        metrics, outputs = _measured(job, reached, "test", name)
        return EvaluationDone(job.run_id, metrics, outputs)
    if (failed := _fault(job, name)) is not None:
        return failed
    metrics, outputs = _measured(job, reached, "search", name)
    epoch, last_score = _trained(job, go_on, metrics, seconds)
    score, share = last_score, epoch / epochs
    if share < 1:
        metrics = {("search", "", "score"): score, ("search", "", "leaderboard_score"): score}
    elif job.kind == "train":
        decided, outputs = _measured(job, reached, "dev", name)
        metrics, score = {**metrics, **decided}, decided["dev", "", "score"]
    return RunDone(
        run_id=job.run_id,
        stopped=share < 1,
        best_epoch=epoch,
        score=score,
        leaderboard_score=score,
        last_score=last_score,
        metrics=metrics,
        outputs=outputs if job.kind == "train" else {},
        train_seconds=0.9 * seconds * share,
        eval_seconds=0.1 * seconds * share,
        shared_seconds=0.0,
        trainable_parameters=parameters,
        total_parameters=max(parameters, PARAMETERS),
        peak_memory_bytes=MEMORY,
        inference_ms=INFERENCE_MS * seconds / RUN_SECONDS,
        stages=(),
    )


def _sentence_noise(job: Job, subset_seed: int) -> float:
    """Return the effect of the training sentences that a seed draws: on all configurations, and on this one."""
    text = json.dumps(job.config["choices"], sort_keys=True)
    names = (f"sentences {subset_seed}", f"sentences {subset_seed} {text}")
    return sum(float(rng(job.facts["seed"], name).normal(0, SENTENCE_NOISE)) for name in names)


def _trained(job: Job, go_on: Callable[[EpochDone], bool], metrics: Metrics, seconds: float) -> tuple[int, float]:
    """Report every epoch, and return the last one with its score."""
    score, epochs = metrics["search", "", "score"], int(job.facts["epochs"])
    for epoch in range(1, epochs):
        time.sleep(job.facts["seconds"] * seconds / RUN_SECONDS / epochs)
        now = score * (1 - 0.5 * math.exp(-1.5 * epoch))
        reported = {("search", "", "score"): now, ("train", "", "score"): min(1.0, now + 0.02 * epoch)}
        if not go_on(EpochDone(job.run_id, epoch, seconds / epochs, now, reported)):
            return epoch, now
    time.sleep(job.facts["seconds"] * seconds / RUN_SECONDS / epochs)
    whole = {**metrics, ("train", "", "score"): min(1.0, score + 0.02 * epochs)}
    go_on(EpochDone(job.run_id, epochs, seconds / epochs, score, whole))
    return epochs, score


def _fault(job: Job, name: str) -> RunFailed | None:
    """Return or perform a fault at the requested rates; configuration and seed decide which runs fail."""
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
    """Return predictions on a split that reach about these scores, and their metrics."""
    outputs, metrics, mains = {}, dict[tuple[str, str, str], float](), []
    for task, value in reached.items():
        size = int(job.facts["examples"])
        size = searched(size) if split == "search" else size
        shared, own = rng(job.facts["seed"], f"{split} {task}"), rng(job.facts["seed"], f"{split} {task} {name}")
        classes = CLASSES.get(task, 2)
        arrays = _scores(value, size, shared, own) if classes is None else _classes(value, size, classes, shared, own)
        ids = hashlib.sha256(f"{job.facts['seed']} {split} {task} {size}".encode()).hexdigest()
        outputs[split, task] = TaskOutputs(*arrays, ids)
        _, predictions, labels = arrays
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
    """Return outputs (examples, 1), predictions and labels with about the correlation `value`."""
    truth = shared.normal(size=size)
    noise = math.sqrt(EXAMPLE_SHARE) * shared.normal(size=size) + math.sqrt(1 - EXAMPLE_SHARE) * own.normal(size=size)
    guess = value * truth + math.sqrt(1 - value**2) * noise
    predictions, labels = ((2.5 + column).astype(np.float32) for column in (guess, truth))
    return predictions[:, None], predictions, labels
