"""The objectives of a search: their names, their directions, and their values for a run.

score | a cost: trainable_parameters, train_seconds, inference_ms, or one of a custom trainer
      | a metric on dev, of the search's examples: TASK.METRIC      with :lower or :higher to change the direction
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from results.database.rows import RunRow
from study.messages import Metrics, RunDone
from study.settings import MTBERT, REHEARSAL, SettingsError

Direction = Literal["maximize", "minimize"]

# Costs of a run without any sharing: `train_seconds` includes the seconds that it was spared.
COSTS = ("trainable_parameters", "train_seconds", "inference_ms")
METRICS: Mapping[str, tuple[str, str]] = {
    "sst_accuracy": ("sst", "accuracy"),
    "quora_accuracy": ("quora", "accuracy"),
    "sts_pearson": ("sts", "pearson"),
}
_SUFFIXES: Mapping[str, Direction] = {":lower": "minimize", ":higher": "maximize"}


def directions(names: Sequence[str]) -> list[Direction]:
    """Return the direction of each objective: its suffix's, else costs are minimized and the rest is maximized."""
    return [_split(name)[1] or ("minimize" if _is_cost(name) else "maximize") for name in names]


def check(names: Sequence[str], tasks: Sequence[str], trainer: str = MTBERT) -> None:
    """Check the values of `--objectives`. A custom trainer's metrics are not known before its first run.

    Raises:
        SettingsError: a name is unknown, given twice, or of a task that the study does not have.
    """
    bare = [_bare(name) for name in names]
    builtin = ("score", *COSTS, *METRICS)
    custom = trainer not in (MTBERT, REHEARSAL)
    unknown = [name for name in bare if name not in builtin and "." not in name and not custom]
    if unknown or not all(bare) or not names or len(set(bare)) < len(bare):
        forms = ", ".join((*builtin, "TASK.METRIC", *["COST"] * custom))
        raise SettingsError(f"--objectives takes each of {forms} at most once, got '{', '.join(unknown or names)}'.")
    if any(name.startswith("score:") for name in names):
        raise SettingsError("--objectives always maximizes the score. Write it without a direction: score")
    if custom:
        return
    needed = {name: METRICS[name][0] if name in METRICS else name.partition(".")[0] for name in bare}
    without = [name for name, task in needed.items() if (name in METRICS or "." in name) and task not in tasks]
    if without:
        raise SettingsError(f"--objectives {without[0]} needs the task {needed[without[0]]} among --tasks.")


def of_event(names: Sequence[str], done: RunDone) -> list[float]:
    """Return the objectives of a run that has just ended; NaN for those it did not measure."""
    values = _measured(done, done.score, done.metrics)
    return [values.get(_bare(name), float("nan")) for name in names]


def of_row(names: Sequence[str], row: RunRow, metrics: Metrics) -> list[float] | None:
    """Return the objectives of a run from the database, or None for a run without a score."""
    if row.score is None:
        return None
    values = _measured(row, row.score, metrics)
    return [values.get(_bare(name), float("nan")) for name in names]


def not_measured(names: Sequence[str], done: RunDone) -> str | None:
    """Return a message if a run did not measure an objective, else None."""
    values = _measured(done, done.score, done.metrics)
    missing = [_bare(name) for name in names if _bare(name) not in values]
    if not missing:
        return None
    return (
        f"--objectives names '{missing[0]}', which was not measured. The run measured {', '.join(values)}. Return it "
        "as {'metrics': {TASK: {METRIC: number}}} (named TASK.METRIC) or {'costs': {COST: number}}, or start a study "
        "with other --objectives"
    )


def _measured(run: RunDone | RunRow, score: float, metrics: Metrics) -> dict[str, float]:
    """Return every value of a run that can be an objective, by its name."""
    costs = (run.trainable_parameters, run.own_train_seconds(), run.inference_ms)
    values = {"score": score}
    values |= {name: float(cost) for name, cost in zip(COSTS, costs, strict=True) if cost is not None}
    read = "search" if any(split == "search" for split, *_ in metrics) else "dev"  # a custom trainer has no parts
    for (split, task, metric), value in metrics.items():
        if split == read and (task or metric not in ("score", "leaderboard_score")):
            values[f"{task}.{metric}" if task else metric] = value
    values.update({name: values[f"{t}.{m}"] for name, (t, m) in METRICS.items() if f"{t}.{m}" in values})
    return values


def _split(name: str) -> tuple[str, Direction | None]:
    """Return the name without its suffix, and the direction of the suffix."""
    endings = (end for end in _SUFFIXES if name.endswith(end))
    return next(((name.removesuffix(end), _SUFFIXES[end]) for end in endings), (name, None))


def _bare(name: str) -> str:
    return _split(name)[0]


def _is_cost(name: str) -> bool:
    return name in COSTS or ("." not in name and name != "score" and name not in METRICS)


def by_front(points: Sequence[Sequence[float]], names: Sequence[str]) -> list[int]:
    """Return the rank of each point: 0 on the Pareto front, 1 on the front of the rest, and so on."""
    from results.statistics.pareto import front

    ranks, unranked, rank = [0] * len(points), list(range(len(points))), 0
    while unranked:
        mask = front([points[i] for i in unranked], directions(names))
        members = [i for i, member in zip(unranked, mask, strict=True) if member] or unranked  # NaN is never on a front
        for i in members:
            ranks[i] = rank
        unranked = [i for i in unranked if i not in members]
        rank += 1
    return ranks
