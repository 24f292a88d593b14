"""A study of scores alone, seed by seed, without a database: for the tables that compare its configurations."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np


class ScoredStudy:
    """Results with `values[digest]`, one score per seed from 1000 on, NaN for a run that failed; no predictions."""

    def __init__(self, values: Mapping[str, Sequence[float]], **settings: Any) -> None:
        self.values = values
        self.study: Any = SimpleNamespace(
            settings_json=settings, decisions_json={}, is_grid=False, tasks_json=None, seed=0
        )
        self.cells: list[Any] = []
        self.examples = SimpleNamespace(tables=lambda columns, task: [])
        self.runs = [
            SimpleNamespace(config_digest=digest, seed=1000 + i, status="failed" if np.isnan(score) else "complete")
            for digest, scores in values.items()
            for i, score in enumerate(scores)
        ]

    def once(self, key: object, make: Callable[[], Any]) -> Any:
        return make()

    def measured(self) -> list[str]:
        return [digest for digest in self.values if self.results_of(digest)]

    def results_of(self, digest: str) -> dict[int, Any]:
        found = enumerate(self.values.get(digest, ()))
        return {1000 + i: SimpleNamespace(score=float(score)) for i, score in found if not np.isnan(score)}

    def scores(self, digest: str, seeds: Collection[int] | None = None) -> list[float]:
        return [run.score for seed, run in self.results_of(digest).items() if seeds is None or seed in seeds]
