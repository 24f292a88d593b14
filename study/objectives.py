"""What a search optimizes: one number or several, their directions, and how a run's are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from results.rows import RunRow
from study.messages import Metrics, RunDone
from study.settings import SettingsError

Direction = Literal["maximize", "minimize"]

# Costs of a run as it would have them on its own, `train_seconds` with what it shared.
# Everything else is a task's metric on dev, or the score.
COSTS = ("trainable_parameters", "train_seconds", "inference_ms")
METRICS: Mapping[str, tuple[str, str]] = {
    "sst_accuracy": ("sst", "accuracy"),
    "quora_accuracy": ("quora", "accuracy"),
    "sts_pearson": ("sts", "pearson"),
}


def directions(names: Sequence[str]) -> list[Direction]:
    """Whether more or less is better, for each."""
    return ["minimize" if name in COSTS else "maximize" for name in names]


def check(names: Sequence[str], tasks: Sequence[str]) -> None:
    """Refuse what cannot be optimized: `SettingsError`."""
    known = ("score", *COSTS, *METRICS)
    strangers = [name for name in names if name not in known]
    if strangers or not names or len(set(names)) < len(names):
        told = ", ".join(strangers or names)
        raise SettingsError(f"--objectives takes each of {', '.join(known)} at most once, got '{told}'.")
    without = [name for name in names if name in METRICS and METRICS[name][0] not in tasks]
    if without:
        raise SettingsError(f"--objectives {without[0]} needs the task {METRICS[without[0]][0]} among --tasks.")


def of_event(names: Sequence[str], done: RunDone) -> list[float]:
    """The values of a run that has just ended."""
    costs = _costs(done.trainable_parameters, done.own_train_seconds(), done.inference_ms)
    return [_value(name, done.score, costs, done.metrics) for name in names]


def of_row(names: Sequence[str], row: RunRow, metrics: Metrics) -> list[float] | None:
    """The same from the database; None for a run without a score."""
    if row.score is None:
        return None
    costs = _costs(row.trainable_parameters, row.own_train_seconds(), row.inference_ms)
    return [_value(name, row.score, costs, metrics) for name in names]


def _costs(*values: float | None) -> dict[str, float]:
    """The costs by name; one that was not measured is no number, and the trial a failure."""
    return {name: float("nan") if value is None else float(value) for name, value in zip(COSTS, values, strict=True)}


def _value(name: str, score: float, costs: Mapping[str, float], metrics: Metrics) -> float:
    if name == "score":
        return score
    if name in costs:
        return costs[name]
    task, metric = METRICS[name]
    return metrics.get(("dev", task, metric), float("nan"))


def by_front(points: Sequence[Sequence[float]], names: Sequence[str]) -> list[int]:
    """The rank of each point: 0 on the Pareto front, 1 on the front of the rest, and so on."""
    from results.fronts import front

    ranks, left, rank = [0] * len(points), list(range(len(points))), 0
    while left:
        mask = front([points[i] for i in left], directions(names))
        members = [i for i, member in zip(left, mask, strict=True) if member] or left  # NaN is never on a front
        for i in members:
            ranks[i] = rank
        left = [i for i in left if i not in members]
        rank += 1
    return ranks
