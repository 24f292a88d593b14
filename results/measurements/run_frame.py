"""Every run of a study as one wide row: a typed column per factor, its scores, and its costs."""

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
_PREFIX = "factor_"  # for a factor whose name is also another column's
_NUMBER = re.compile(r"-?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


def trial_frame(results: StudyResults) -> pd.DataFrame:
    """Return the runs of a study in the order they began, one row each.

    Columns: run_id, trial_number, phase, status, reason, seed, config_digest; is_baseline, is_best; is_result (whether
    it is complete with a fresh seed) and seeds (the number of results of its configuration); a column per factor;
    score, last_score, `dev_TASK` (the main metric of each task on dev; missing if a run of the search read only a part
    of it), best_epoch; then the costs, in seconds, bytes, milliseconds per example and numbers of parameters.

    A factor's column is float64 or Int64 if its levels are numbers, boolean if they are on and off, else a categorical
    in the order of the space; missing if a configuration does not have the factor. The prefix `factor_` marks a factor
    whose name is also another column's.
    """
    runs, decisions = results.runs, results.study.decisions_json
    digests = [run.config_digest for run in runs]
    result_ids = {run.id for digest in dict.fromkeys(digests) for run in results.results_of(digest).values()}
    seeds = Counter(run.config_digest for run in runs if run.id in result_ids)
    fractions = any(isinstance(run.best_epoch, float) for run in runs)
    before = {
        "run_id": pd.Series([run.id for run in runs], dtype="int64"),
        **_columns(runs, FIRST),
        "is_baseline": pd.Series([digest == decisions.get("baseline") for digest in digests], dtype="bool"),
        "is_best": pd.Series([digest == decisions.get("best") for digest in digests], dtype="bool"),
        "is_result": pd.Series([run.id in result_ids for run in runs], dtype="bool"),
        "seeds": pd.Series([seeds[digest] for digest in digests], dtype="int64"),
    }
    after = {
        **_columns(runs, SCORES),
        **{f"dev_{task}": _main(results, task) for task in results.tasks()},
        **_columns(runs, {"best_epoch": "Float64" if fractions else "Int64", **COSTS}),
    }
    factors = _factors(results.study, runs).items()
    named = {f"{_PREFIX}{name}" if name in before or name in after else name: column for name, column in factors}
    return in_natural_units("trials", pd.DataFrame({**before, **named, **after}), results.units)


def _factors(study: StudyRow, runs: Sequence[RunRow]) -> dict[str, pd.Series[Any]]:
    """Return factor -> column, in the order of the space; factors that the space no longer has are last."""
    descriptions = {factor["name"]: factor for factor in study.space_json.get("factors", ())}
    names = dict.fromkeys([*descriptions, *(name for run in runs for name in run.choices_json)])
    return {name: _factor([run.choices_json.get(name) for run in runs], descriptions.get(name, {})) for name in names}


def _factor(values: Sequence[Any], description: Mapping[str, Any]) -> pd.Series[Any]:
    """Return a factor's choices in the narrowest type of its levels; None if a run does not have the factor."""
    texts = [None if value is None else str(value) for value in values]
    described = [str(level) for level in description.get("levels") or ()]
    levels = list(dict.fromkeys([*described, *(text for text in texts if text is not None)]))
    limits = description.get("range")
    if (limits and not described) or (levels and all(_NUMBER.fullmatch(level) for level in levels)):
        return _numbers(values, whole=bool(limits and limits.get("integer")))
    if levels and {level.lower() for level in levels} <= TRUE | FALSE:
        return pd.Series(pd.array([None if text is None else text.lower() in TRUE for text in texts], dtype="boolean"))
    return pd.Series(pd.Categorical(texts, categories=levels))


def _numbers(values: Sequence[Any], *, whole: bool) -> pd.Series[Any]:
    present = [value for value in values if value is not None]
    if whole or (present and all(float(value).is_integer() and "." not in str(value) for value in present)):
        return pd.Series(pd.array([None if value is None else int(float(value)) for value in values], dtype="Int64"))
    return pd.Series([None if value is None else float(value) for value in values], dtype="float64")


def _columns(runs: Sequence[RunRow], types: Mapping[str, Any]) -> dict[str, pd.Series[Any]]:
    return {name: pd.Series([getattr(run, name) for run in runs], dtype=kind) for name, kind in types.items()}


def _main(results: StudyResults, task: str) -> pd.Series[Any]:
    """Return every run's main metric of a task on dev."""
    values = [results.metric(run.id, "dev", task, results.main_metric(run.id, "dev", task)) for run in results.runs]
    return pd.Series(values, dtype="float64")
