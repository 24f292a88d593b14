"""Every run of a study as one wide row: its choices, a typed column per factor, its score, and its costs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from results.natural_tables import natural
from results.rows import RunRow, StudyRow
from results.study_results import StudyResults

# Of each run, as the table `run` has it; the categories are in the order in which a study goes through them.
CATEGORIES: Mapping[str, tuple[str, ...]] = {
    "phase": ("search", "confirm", "ablate"),
    "status": ("running", "complete", "pruned", "failed", "interrupted"),
}
NUMBERS = ("score", "last_score", "train_seconds", "eval_seconds", "shared_seconds", "inference_ms")
WHOLE = ("trial_number", "best_epoch", "trainable_parameters", "total_parameters", "peak_memory_bytes")
TRUE, FALSE = frozenset({"on", "true", "yes"}), frozenset({"off", "false", "no"})
_PREFIX = "factor_"  # of a factor that is called like a column of its run
_NUMBER = re.compile(r"-?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


def trial_frame(results: StudyResults) -> pd.DataFrame:
    """Return the runs of a study in the order they began, one row each.

    Columns: run_id, trial_number, phase, status, reason, seed, config_digest; is_baseline, is_best; is_result (whether
    it counts: complete, with a fresh seed) and seeds (how many results its configuration has); a column per factor;
    score, last_score, `dev_TASK` (the main metric of each task on dev), best_epoch; then the costs, in seconds, bytes,
    milliseconds per example and numbers of parameters.

    A factor's column is float64 or Int64 where its levels are numbers, boolean where they are on and off, else an
    ordered-as-in-the-space categorical; missing where a configuration does not have the factor. A factor that is called
    like another column has `factor_` before its name.
    """
    runs = results.runs
    counted = {run.id for digest in _digests(runs) for run in results.results_of(digest).values()}
    decided = results.study.decisions_json
    before = {
        "run_id": [run.id for run in runs],
        **{column: [getattr(run, column) for run in runs] for column in ("trial_number", "phase", "status", "reason")},
        **{column: [getattr(run, column) for run in runs] for column in ("seed", "config_digest")},
        "is_baseline": [run.config_digest == decided.get("baseline") for run in runs],
        "is_best": [run.config_digest == decided.get("best") for run in runs],
        "is_result": [run.id in counted for run in runs],
        "seeds": _seeds(runs, counted),
    }
    after = {"score": [run.score for run in runs], "last_score": [run.last_score for run in runs]}
    after |= {f"dev_{task}": [_main(results, run.id, task) for run in runs] for task in results.tasks()}
    after |= {column: [getattr(run, column) for run in runs] for column in (*WHOLE[1:2], *NUMBERS[2:], *WHOLE[2:])}
    taken = {*before, *after}
    factors = {
        f"{_PREFIX}{factor}" if factor in taken else factor: series
        for factor, series in _factors(results.study, runs).items()
    }
    return natural("trials", pd.DataFrame({**_typed(before), **factors, **_typed(after)}), results.units)


def _factors(study: StudyRow, runs: Sequence[RunRow]) -> dict[str, pd.Series[Any]]:
    """Return factor -> column, in the order of the space; factors that only older runs have are last."""
    described = {factor["name"]: factor for factor in study.space_json.get("factors", ())}
    names = dict.fromkeys([*described, *(name for run in runs for name in run.choices_json)])
    return {name: _factor([run.choices_json.get(name) for run in runs], described.get(name, {})) for name in names}


def _factor(values: Sequence[Any], described: Mapping[str, Any]) -> pd.Series[Any]:
    """Return a factor's choices in the narrowest type of its levels; None where a run does not have it."""
    levels = [str(level) for level in described.get("levels") or ()]
    seen = dict.fromkeys(str(value) for value in values if value is not None)
    every = [*levels, *(level for level in seen if level not in levels)]
    limits = described.get("range")
    if (limits and not levels) or (every and all(_NUMBER.fullmatch(level) for level in every)):
        return _numbers(values, whole=bool(limits and limits.get("integer")))
    if every and {level.lower() for level in every} <= TRUE | FALSE:
        truths = [None if value is None else str(value).lower() in TRUE for value in values]
        return pd.Series(pd.array(truths, dtype="boolean"))
    shown = [None if value is None else str(value) for value in values]
    return pd.Series(pd.Categorical(shown, categories=every))


def _numbers(values: Sequence[Any], *, whole: bool) -> pd.Series[Any]:
    numbers = [None if value is None else float(value) for value in values]
    there = [number for number in numbers if number is not None]
    if whole or (there and all(number.is_integer() and "." not in str(value) for number, value in _pairs(values))):
        return pd.Series(pd.array([None if one is None else int(one) for one in numbers], dtype="Int64"))
    return pd.Series(numbers, dtype="float64")


def _pairs(values: Sequence[Any]) -> list[tuple[float, Any]]:
    return [(float(value), value) for value in values if value is not None]


def _typed(columns: Mapping[str, Sequence[Any]]) -> dict[str, pd.Series[Any]]:
    found: dict[str, pd.Series[Any]] = {}
    for name, values in columns.items():
        if name in CATEGORIES:
            found[name] = pd.Series(pd.Categorical(values, categories=CATEGORIES[name]))
        elif name in WHOLE:
            fractions = any(isinstance(value, float) for value in values)  # of epochs
            found[name] = pd.Series(pd.array(list(values), dtype="Float64" if fractions else "Int64"))
        elif name in NUMBERS or name.startswith("dev_"):
            found[name] = pd.Series(list(values), dtype="float64")
        elif name in ("reason", "config_digest"):
            found[name] = pd.Series(list(values), dtype="str")
        else:
            found[name] = pd.Series(list(values), dtype="bool" if name.startswith("is_") else "int64")
    return found


def _digests(runs: Sequence[RunRow]) -> dict[str, None]:
    return dict.fromkeys(run.config_digest for run in runs)


def _seeds(runs: Sequence[RunRow], counted: set[int]) -> list[int]:
    results = Counter(run.config_digest for run in runs if run.id in counted)
    return [results[run.config_digest] for run in runs]


def _main(results: StudyResults, run: int, task: str) -> float | None:
    return results.metric(run, "dev", task, results.main_metric(run, "dev", task))
