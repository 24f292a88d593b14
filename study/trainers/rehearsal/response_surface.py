"""A response surface with known effects, made from a space: a rehearsal measures it instead of training.

    expected score of a task = base + sum over factors of effect(factor, level, task) + one interaction

Two of five factors have no effect. A range has one best place and loses quadratically away from it. Effects are
proportions (0.01 is a point), drawn from (seed, factor), so that adding a factor does not change the others.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from search_spaces import Space
from search_spaces.grammar import Choice, Choices
from search_spaces.grammar.choices import places

BASE: Mapping[str, float] = {"sst": 0.45, "quora": 0.75, "sts": 0.70}
NULL_FACTORS = 0.4  # the proportion of factors without effect
LEVEL_EFFECT, TASK_EFFECT = 0.012, 0.004  # standard deviations of a level's effect: shared, and per task
RANGE_LOSS = 0.06  # at the far end of a range
INTERACTION = 0.015
RUN_SECONDS, PARAMETERS = 600.0, 22_568_455  # of the baseline


@dataclass(frozen=True)
class Surface:
    """The planted effects.

    `levels[factor][level][task]`; `ranges[factor]` = (low, high, log, best place 0..1, loss); `interaction` = (factor,
    level, factor, level, effect), where both levels are chosen; `costs[factor][level]` multiply time and trainable
    parameters.
    """

    tasks: tuple[str, ...]
    base: Mapping[str, float]
    levels: Mapping[str, Mapping[str, Mapping[str, float]]]
    ranges: Mapping[str, tuple[float, float, bool, float, float]]
    interaction: tuple[str, str, str, str, float] | None
    costs: Mapping[str, Mapping[str, tuple[float, float]]]

    def null_factors(self) -> list[str]:
        """Return the factors without any effect."""
        silent = [f for f, levels in self.levels.items() if not any(any(e.values()) for e in levels.values())]
        inside = self.interaction[:3:2] if self.interaction else ()
        return [factor for factor in silent if factor not in inside] + [f for f, r in self.ranges.items() if not r[4]]

    def expected(self, choices: Choices) -> dict[str, float]:
        """Return the expected score of each task, 0.02..0.98, over all seeds and examples."""
        total = {task: self.base[task] for task in self.tasks}
        for factor, choice in choices.items():
            for task in self.tasks:
                total[task] += self._effect(factor, choice, task)
        if self.interaction is not None:
            first, first_level, second, second_level, effect = self.interaction
            if choices.get(first) == first_level and choices.get(second) == second_level:
                total = {task: value + effect for task, value in total.items()}
        return {task: min(max(value, 0.02), 0.98) for task, value in total.items()}

    def score(self, choices: Choices) -> float:
        """Return the expected score: the mean over the tasks."""
        scores = self.expected(choices)
        return sum(scores.values()) / len(scores)

    def cost(self, choices: Choices) -> tuple[float, int]:
        """Return the seconds and the trainable parameters of a run."""
        seconds, parameters = RUN_SECONDS, float(PARAMETERS)
        for factor, choice in choices.items():
            times = self.costs.get(factor, {}).get(str(choice), (1.0, 1.0))
            seconds, parameters = seconds * times[0], parameters * times[1]
        return seconds, round(parameters)

    def _effect(self, factor: str, choice: Choice, task: str) -> float:
        if factor in self.levels:
            return self.levels[factor].get(str(choice), {}).get(task, 0.0)
        if factor not in self.ranges:
            return 0.0
        low, high, log, best, loss = self.ranges[factor]
        return -loss * (_place(float(choice), low, high, log) - best) ** 2

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Surface:
        """Return the surface from the JSON of its `asdict`."""
        interaction = data["interaction"]
        tuples = {
            "tasks": tuple(data["tasks"]),
            "ranges": {factor: tuple(values) for factor, values in data["ranges"].items()},
            "costs": {f: {level: tuple(v) for level, v in levels.items()} for f, levels in data["costs"].items()},
            "interaction": None if interaction is None else tuple(interaction),
        }
        return cls(**{**data, **tuples})


def plant(space: Space, tasks: Sequence[str], seed: int) -> Surface:
    """Return a surface for a space. Baseline levels have no effect, so that effects are differences from them."""
    levels: dict[str, dict[str, dict[str, float]]] = {}
    ranges: dict[str, tuple[float, float, bool, float, float]] = {}
    costs: dict[str, dict[str, tuple[float, float]]] = {}
    for place in places(space.factors):
        factor, random = place.factor, rng(seed, place.name)
        silent = random.random() < NULL_FACTORS
        if factor.range is not None:
            span = factor.range
            best, loss = random.uniform(0.2, 0.8), 0.0 if silent else RANGE_LOSS * random.uniform(0.3, 1.0)
            ranges[place.name] = (float(span.low), float(span.high), span.log, float(best), float(loss))
            continue
        effects: dict[str, dict[str, float]] = {}
        for level in factor.level_names():
            shared, own = random.normal(0, LEVEL_EFFECT), random.normal(0, TASK_EFFECT, len(tasks))
            none = silent or level == factor.baseline
            effects[level] = {t: 0.0 if none else float(shared + own[i]) for i, t in enumerate(tasks)}
        levels[place.name] = effects
        if random.random() < 0.3:
            names = [level for level in factor.level_names() if level != factor.baseline]
            costs[place.name] = {n: (float(random.uniform(0.6, 1.8)), float(random.uniform(0.1, 1.4))) for n in names}
    base = {task: BASE.get(task, 0.7) for task in tasks}
    return Surface(tuple(tasks), base, levels, ranges, _interaction(space, levels, seed), costs)


def _interaction(
    space: Space, levels: Mapping[str, Mapping[str, Mapping[str, float]]], seed: int
) -> tuple[str, str, str, str, float] | None:
    """Return a drawn pair of levels of two unconditional factors with effects; None without two such factors."""
    able = [
        f for f in space.factors
        if f.range is None and len(f.levels) > 1 and any(any(e.values()) for e in levels[f.name].values())
    ]  # fmt: skip
    if len(able) < 2:
        return None
    random = rng(seed, "interaction")
    first, second = (able[int(i)] for i in random.choice(len(able), 2, replace=False))
    drawn = [str(random.choice([n for n in f.level_names() if n != f.baseline])) for f in (first, second)]
    effect = float(INTERACTION * random.choice([-1, 1]))
    return first.name, drawn[0], second.name, drawn[1], effect


def _place(value: float, low: float, high: float, log: bool) -> float:
    """Return the place of a number in its range, 0..1."""
    if low == high:
        return 0.5
    return math.log(value / low) / math.log(high / low) if log else (value - low) / (high - low)


def rng(seed: int, name: str) -> np.random.Generator:
    """Return the random generator of a seed and a name."""
    return np.random.default_rng(int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:8], "little"))
