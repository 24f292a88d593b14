"""What a search optimizes: one number or several, their directions, and how a run's are read.

score | a cost: trainable_parameters, train_seconds, inference_ms, or one of a custom trainer
      | a metric on dev: TASK.METRIC                                with :lower or :higher where that is not usual
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from results.database.rows import RunRow
from study.messages import Metrics, RunDone
from study.settings import MTBERT, REHEARSAL, SettingsError

Direction = Literal["maximize", "minimize"]

# Costs of a run as it would have them on its own, `train_seconds` with what it shared.
# Everything else is a task's metric on dev, or the score.
COSTS = ("trainable_parameters", "train_seconds", "inference_ms")
METRICS: Mapping[str, tuple[str, str]] = {
    "sst_accuracy": ("sst", "accuracy"),
    "quora_accuracy": ("quora", "accuracy"),
    "sts_pearson": ("sts", "pearson"),
}
_SUFFIXES: Mapping[str, Direction] = {":lower": "minimize", ":higher": "maximize"}


def directions(names: Sequence[str]) -> list[Direction]:
    """Return whether more or less is better, for each: as the name says, else less of a cost and more of anything
    else.
    """
    return [_told_direction(name) or ("minimize" if _is_cost(name) else "maximize") for name in names]


def check(names: Sequence[str], tasks: Sequence[str], trainer: str = MTBERT) -> None:
    """Refuse what cannot be optimized. What a custom trainer measures is known from its first run.

    Raises:
        SettingsError: a name is unknown, given twice, or of a task that the study does not have.
    """
    bare = [_bare(name) for name in names]
    known = ("score", *COSTS, *METRICS)
    custom = trainer not in (MTBERT, REHEARSAL)
    strangers = [name for name in bare if name not in known and "." not in name and not custom]
    if strangers or not all(bare) or not names or len(set(bare)) < len(bare):
        told = ", ".join(strangers or names)
        more = "TASK.METRIC" + (", COST" if custom else "")
        raise SettingsError(f"--objectives takes each of {', '.join(known)}, {more} at most once, got '{told}'.")
    if any(name.startswith("score:") for name in names):
        raise SettingsError("--objectives: of the score more is better, which cannot be changed. Write it as: score")
    if custom:
        return
    needed = {name: METRICS[name][0] if name in METRICS else name.partition(".")[0] for name in bare}
    without = [name for name, task in needed.items() if (name in METRICS or "." in name) and task not in tasks]
    if without:
        raise SettingsError(f"--objectives {without[0]} needs the task {needed[without[0]]} among --tasks.")


def of_event(names: Sequence[str], done: RunDone) -> list[float]:
    """Return the values of a run that has just ended; NaN for what it did not measure."""
    found = _of_event(done)
    return [found.get(_bare(name), float("nan")) for name in names]


def of_row(names: Sequence[str], row: RunRow, metrics: Metrics) -> list[float] | None:
    """Return the same from the database; None for a run without a score."""
    if row.score is None:
        return None
    costs = _costs(row.trainable_parameters, row.own_train_seconds(), row.inference_ms)
    found = _measured(row.score, costs, metrics)
    return [found.get(_bare(name), float("nan")) for name in names]


def not_measured(names: Sequence[str], done: RunDone) -> str | None:
    """Return a sentence where a run did not measure what is optimized, with what it did measure; else None."""
    found = _of_event(done)
    missing = [_bare(name) for name in names if _bare(name) not in found]
    if not missing:
        return None
    return (
        f"--objectives names '{missing[0]}', which was not measured. Measured were {', '.join(found)}. Return it "
        "as {'metrics': {TASK: {METRIC: number}}} (named TASK.METRIC) or {'costs': {COST: number}}, or begin a study "
        "with other --objectives"
    )


def _of_event(done: RunDone) -> dict[str, float]:
    costs = _costs(done.trainable_parameters, done.own_train_seconds(), done.inference_ms)
    return _measured(done.score, costs, done.metrics)


def _costs(*values: float | None) -> dict[str, float]:
    """Return the costs by name, without those that were not measured."""
    return {name: float(value) for name, value in zip(COSTS, values, strict=True) if value is not None}


def _measured(score: float, costs: Mapping[str, float], metrics: Metrics) -> dict[str, float]:
    """Return everything that can be an objective, by its name."""
    found = {"score": score, **costs}
    for (split, task, metric), value in metrics.items():
        if split == "dev" and (task or metric not in ("score", "leaderboard_score")):
            found[f"{task}.{metric}" if task else metric] = value
    found.update({name: found[f"{t}.{m}"] for name, (t, m) in METRICS.items() if f"{t}.{m}" in found})
    return found


def _bare(name: str) -> str:
    """Return the name without its direction."""
    return next((name.removesuffix(suffix) for suffix in _SUFFIXES if name.endswith(suffix)), name)


def _told_direction(name: str) -> Direction | None:
    return next((direction for suffix, direction in _SUFFIXES.items() if name.endswith(suffix)), None)


def _is_cost(name: str) -> bool:
    return name in COSTS or ("." not in name and name != "score" and name not in METRICS)


def by_front(points: Sequence[Sequence[float]], names: Sequence[str]) -> list[int]:
    """Return the rank of each point: 0 on the Pareto front, 1 on the front of the rest, and so on."""
    from results.statistics.pareto import front

    ranks, left, rank = [0] * len(points), list(range(len(points))), 0
    while left:
        mask = front([points[i] for i in left], directions(names))
        members = [i for i, member in zip(left, mask, strict=True) if member] or left  # NaN is never on a front
        for i in members:
            ranks[i] = rank
        left = [i for i in left if i not in members]
        rank += 1
    return ranks
