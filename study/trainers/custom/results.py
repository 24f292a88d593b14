"""Checks of what a trainer's function returns: its shape, its names, and that examples match their score."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from study.trainers.custom.plain_values import (
    BadResult,
    count,
    described,
    finite,
    listed,
    number,
    numbers,
    resolution,
    table,
)

KEYS = ("scores", "examples", "metrics", "costs")
WHOLE = ("trainable_parameters", "total_parameters", "peak_memory_bytes")  # costs that are counts
TIMES = ("train_seconds", "inference_ms")
SCORES, METRICS = "{task: number}", "{task: {name: number}}"
DIGITS = 3  # a score may be rounded to this many significant digits, which changes no table
RELATIVE = 1e-6  # the difference between float32 sums in another order


@dataclass(frozen=True, eq=False)
class Returned:
    """The results of a run in plain Python.

    `scores` by task, `examples` by task (examples,), `metrics` by task and name (NaN: not measured), `costs` by name:
    those of `WHOLE` and `TIMES` are columns of a run, others are the function's own.
    """

    scores: Mapping[str, float]
    examples: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    metrics: Mapping[tuple[str, str], float] = field(default_factory=dict)
    costs: Mapping[str, float] = field(default_factory=dict)


def read(result: Any, function: str) -> Returned:
    """Check and convert what `function` returned.

    Raises:
        BadResult: it has another shape, a name is unusable, or the mean of a task's examples is not its score.
        FloatingPointError: a score is not finite.
    """
    if not isinstance(result, Mapping) or "scores" not in result:
        raise BadResult(f'{function} must return {{"scores": {SCORES}, ...}}, got {described(result)}')
    unknown = [key for key in result if key not in KEYS]
    if unknown:
        raise BadResult(f"{function} returned '{unknown[0]!s:.80}'; known are {', '.join(KEYS)}")
    scores = _scores(result["scores"])
    return Returned(scores, _examples(result, scores), _metrics(result), _costs(result))


def _scores(returned: Any) -> dict[str, float]:
    scores = table(returned, "scores", SCORES)
    if not scores:
        raise BadResult(f"scores must be {SCORES} with at least one task, got none")
    return {task: finite(score, f"scores['{task}']") for task, score in scores.items()}


def _examples(result: Mapping[Any, Any], scores: Mapping[str, float]) -> dict[str, NDArray[np.float64]]:
    returned = _part(result, "examples", "{task: [number, ...]}")
    unknown = [task for task in returned if task not in scores]
    if unknown:
        raise BadResult(f"examples has the task '{unknown[0]}', which is not in scores: {listed(scores)}")
    examples = {}
    for task, values in returned.items():
        examples[task] = numbers(values, f"examples['{task}']")
        mean = float(examples[task].mean())
        if not _is_mean(scores[task], mean, resolution(table(result["scores"], "scores", SCORES)[task])):
            raise BadResult(
                f"scores['{task}'] is {scores[task]:.6g} and the mean of examples['{task}'] is {mean:.6g}: its "
                "interval would not be that of the score. Return the examples of this score, or the mean as the score "
                f"(and the other number as metrics['{task}']), or leave examples['{task}'] out"
            )
    return examples


def _is_mean(score: float, mean: float, rounding: float) -> bool:
    """Return whether the score is the mean of its examples, up to rounding."""
    if abs(score - mean) <= max(RELATIVE, 2 * rounding) * max(abs(score), abs(mean), RELATIVE):
        return True
    if mean == 0 or score == 0:
        return False
    most = 15 - math.ceil(math.log10(abs(mean)))
    first = DIGITS - math.ceil(math.log10(abs(mean)))
    return any(
        abs(score - round(score, places)) <= 1e-12 * abs(score) and abs(score - mean) <= 0.5000001 * 10.0**-places
        for places in range(first, min(most, first + 8))
    )


def _metrics(result: Mapping[Any, Any]) -> dict[tuple[str, str], float]:
    metrics = {}
    for task, of_task in _part(result, "metrics", METRICS).items():
        if not isinstance(of_task, Mapping) and not hasattr(of_task, "to_dict"):
            raise BadResult(f"metrics must be {METRICS}, got {described(result['metrics'])}: '{task}' has no names")
        for metric, value in table(of_task, f"metrics['{task}']", "{name: number}").items():
            measured = math.nan if value is None else number(value, f"metrics['{task}']['{metric}']")
            metrics[task, metric] = measured if math.isfinite(measured) else math.nan
            if metric == "score":
                raise BadResult(f"metrics['{task}'] has a metric 'score': return the task's score in scores")
    return metrics


def _costs(result: Mapping[Any, Any]) -> dict[str, float]:
    costs: dict[str, float] = {}
    for cost, value in _part(result, "costs", "{name: number}").items():
        what = f"costs['{cost}']"
        if cost in ("score", "leaderboard_score"):
            raise BadResult(f"{what}: '{cost}' is not a cost")
        costs[cost] = count(value, what) if cost in WHOLE else number(value, what)
        if not math.isfinite(costs[cost]) or (cost in TIMES and costs[cost] < 0):
            raise BadResult(f"{what} must be a finite number{' from 0' * (cost in TIMES)}, got {described(value)}")
    return costs


def _part(result: Mapping[Any, Any], key: str, shape: str) -> dict[str, Any]:
    """Return an optional part of the result, empty where it is missing or None."""
    return {} if result.get(key) is None else table(result[key], key, shape)
