"""The table of noise components that ships with the package, measured on real data by the trained part of the model.

`benchmarks/noise_components.py` writes it; plans of studies without runs use it.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from pydantic import TypeAdapter

from results.statistics.noise_components import NoiseComponents

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
