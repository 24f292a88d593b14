"""Every run of a study as one wide row: its choices, a typed column per factor, its score, and its costs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, get_args

import pandas as pd

from results.database.rows import Phase, RunRow, RunStatus, StudyRow
from results.measurements.natural_tables import in_natural_units
from results.measurements.study_results import StudyResults

# Columns of the table `run`, with the types of the frame; the categories are in the order of a study's phases.
FIRST: Mapping[str, Any] = {
    "trial_number": "Int64",
    "phase": pd.CategoricalDtype(list(get_args(Phase))),
    "status": pd.CategoricalDtype(list(get_args(RunStatus))),
    "reason": "str",
    "seed": "int64",
    "config_digest": "str",
}
SCORES = {"score": "float64", "last_score": "float64"}
COSTS = {
    **dict.fromkeys(("train_seconds", "eval_seconds", "shared_seconds", "inference_ms"), "float64"),
    **dict.fromkeys(("trainable_parameters", "total_parameters", "peak_memory_bytes"), "Int64"),
}
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
    runs, decided = results.runs, results.study.decisions_json
    digests = [run.config_digest for run in runs]
    counted = {run.id for digest in dict.fromkeys(digests) for run in results.results_of(digest).values()}
    seeds = Counter(run.config_digest for run in runs if run.id in counted)
    fractions = any(isinstance(run.best_epoch, float) for run in runs)
    before = {
        "run_id": pd.Series([run.id for run in runs], dtype="int64"),
        **_columns(runs, FIRST),
        "is_baseline": pd.Series([digest == decided.get("baseline") for digest in digests], dtype="bool"),
        "is_best": pd.Series([digest == decided.get("best") for digest in digests], dtype="bool"),
        "is_result": pd.Series([run.id in counted for run in runs], dtype="bool"),
        "seeds": pd.Series([seeds[digest] for digest in digests], dtype="int64"),
    }
    after = {
        **_columns(runs, SCORES),
        **{f"dev_{task}": _main(results, task) for task in results.tasks()},
        **_columns(runs, {"best_epoch": "Float64" if fractions else "Int64", **COSTS}),
    }
    taken = {*before, *after}
    factors = {
        f"{_PREFIX}{factor}" if factor in taken else factor: series
        for factor, series in _factors(results.study, runs).items()
    }
    return in_natural_units("trials", pd.DataFrame({**before, **factors, **after}), results.units)


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


def _columns(runs: Sequence[RunRow], types: Mapping[str, Any]) -> dict[str, pd.Series[Any]]:
    return {name: pd.Series([getattr(run, name) for run in runs], dtype=kind) for name, kind in types.items()}


def _main(results: StudyResults, task: str) -> pd.Series[Any]:
    """Return the main metric of a task on dev, of every run."""
    values = [results.metric(run.id, "dev", task, results.main_metric(run.id, "dev", task)) for run in results.runs]
    return pd.Series(values, dtype="float64")
