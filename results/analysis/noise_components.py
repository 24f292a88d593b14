"""The components of a study's noise by task, and those of the table that ships with the package.

The table has what was measured once on real data, by the part of the model that is trained
(`benchmarks/noise_components.py` writes it): plans of studies without runs use it.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from pydantic import TypeAdapter

from results.analysis.contrasts import SCORE, contrast
from results.analysis.leaderboard import baseline_digest, best_digest
from results.measurements.study_results import StudyResults
from results.statistics.noise_components import NoiseComponents, components_of

ALL = "all"  # fine-tuning of the whole encoder


@dataclass(frozen=True)
class MeasuredTask:
    """One task of the table: deviations s_S, s_R and s_E of a single change, in score units (`NoiseComponents`)."""

    seed_deviation: float
    residual_deviation: float
    example_deviation: float
    df: float


@dataclass(frozen=True)
class Measurement:
    """The study behind an entry of the table: `rows` single changes of a baseline; `train_examples` are per task."""

    date: str
    commit: str
    backbone: str
    train_examples: int
    dev_examples: int
    epochs: int
    learning_rate: str
    rows: int
    seeds: int
    tasks: Mapping[str, MeasuredTask]

    def components(self, task: str) -> NoiseComponents:
        """Return a task's components; those of a task that was not measured are the mean of the others' variances."""
        measured = [self.tasks[task]] if task in self.tasks else list(self.tasks.values())
        deviations = [(one.seed_deviation, one.residual_deviation, one.example_deviation) for one in measured]
        seeds, residual, examples = map(float, np.square(deviations).mean(axis=0))
        return NoiseComponents(seeds, residual, examples, self.dev_examples, min(one.df for one in measured))


def study_components(results: StudyResults, fewest_seeds: int = 2) -> dict[str, NoiseComponents]:
    """Return task -> components of the study's configurations minus the best, or else minus the baseline.

    The task is `SCORE` where runs kept no predictions. Only configurations with at least `fewest_seeds` fresh seeds in
    common with the reference count. Empty before there is one that differs.
    """
    reference = best_digest(results) or baseline_digest(results)
    if reference is None:
        return {}
    others = [digest for digest in results.measured() if digest != reference]
    for tasks in ([task for task in results.tasks() if results.units.decides(task)], [SCORE]):
        found = {task: _of_task(results, task, others, reference, fewest_seeds) for task in tasks}
        known = {task: components for task, components in found.items() if components is not None}
        if known:
            return known
    return {}


def _of_task(
    results: StudyResults, task: str, digests: Sequence[str], reference: str, fewest_seeds: int
) -> NoiseComponents | None:
    """Return one task's components; None if its predictions were not kept."""
    compared = [contrast(results, {task: {digest: 1.0, reference: -1.0}}) for digest in digests]
    kept = [one for one in compared if one is not None and len(one.seeds) >= fewest_seeds]
    if task != SCORE and any(one.over == "seeds" for one in kept):
        return None
    return components_of([one.row for one in kept])


@functools.cache
def table() -> Mapping[str, Measurement]:
    """Return the table of measured noise: trained part (`all`, `adapters`, `heads`) -> measurement."""
    text = files("results").joinpath("data/noise_components.json").read_text(encoding="utf-8")
    return TypeAdapter(dict[str, Measurement]).validate_python(json.loads(text))


def nearest(measured: Mapping[str, Measurement], trained: str) -> tuple[str, Measurement]:
    """Return the entry of the table for a trained part; if it was not measured, that of fine-tuning, else the first."""
    asked = {"adapters_and_heads": "adapters"}.get(trained, trained)
    part = next(each for each in (asked, ALL, *measured) if each in measured)
    return part, measured[part]
