"""A study's rows in a real database. They are written once; each repetition replaces what its runs measured."""

from __future__ import annotations

import ast
import functools
import io
import tempfile
import zlib
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from sqlalchemy import bindparam, create_engine, update

from results.database import schema
from results.database.database import open_database
from results.database.rows import (
    CONSECUTIVE_SEEDS,
    Cell,
    MetricValue,
    NewRun,
    Phase,
    PredictionRow,
    RunResult,
    StudyRow,
)
from results.measurements.study_results import StudyResults

from .draw import DrawnStudy
from .tasks import Float
from .worlds import MARGIN, POINT, World

NAME = "simulated"
BASELINE = "baseline"
DESIGNS = ("leave_one_out", "one_at_a_time")
Values = list[dict[str, Any]]


class PlantedStudy:
    """The study of one world; a context manager."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.candidates = [f"candidate {number}" for number in range(world.candidates)]
        self.rows = [f"row {number}" for number in range(world.rows)]
        self.tasks = [f"{metric} {number}" for number, metric in enumerate(world.tasks, start=1)]
        self.digests = [*self.candidates, BASELINE, *self.rows]
        self._packing = Packing(world.dev)
        self._runs: list[tuple[int, int, int]] = []  # (run id, configuration, seed), by their positions

    def __enter__(self) -> PlantedStudy:
        with ExitStack() as opened:
            folder = opened.enter_context(tempfile.TemporaryDirectory())
            url = f"sqlite:///{Path(folder) / 'studies.db'}"
            self._database = opened.enter_context(open_database(url))
            self._engine = create_engine(url)
            opened.callback(self._engine.dispose)
            self._create()
            # numpy parses the header of every array as Python, and all headers here are alike
            opened.enter_context(patch("ast.literal_eval", functools.cache(ast.literal_eval)))
            self._opened = opened.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._opened.close()

    def results(self, drawn: DrawnStudy) -> StudyResults:
        """Write what a study's runs measured and which configuration is its best, and read it as a report does."""
        scores = [{"of_run": run, "score": float(drawn.scores[k, i])} for run, k, i in self._runs]
        totals = [
            {"of_run": row["of_run"], "of_task": "", "of_metric": "score", "value": row["score"]} for row in scores
        ]
        table, kept = schema.TaskMetric, schema.Prediction
        with self._engine.begin() as connection:
            connection.execute(_update(table, table.task, table.metric), [*totals, *self._metrics(drawn)])
            connection.execute(_update(kept, kept.task), self._predictions(drawn))
            connection.execute(_update(schema.Run), scores)
        self._database.studies.decide(NAME, {"best": self.digests[drawn.best]})
        return StudyResults(self._database, NAME)

    def _metrics(self, drawn: DrawnStudy) -> Values:
        return [
            {"of_run": run, "of_task": task, "of_metric": metric, "value": float(values[k, i])}
            for task, metric, values in zip(self.tasks, self.world.tasks, drawn.metrics, strict=True)
            for run, k, i in self._runs
        ]

    def _predictions(self, drawn: DrawnStudy) -> Values:
        return [
            {"of_run": run, "of_task": task, "payload": self._packing.packed(predictions[k, i], labels)}
            for task, predictions, labels in zip(self.tasks, drawn.predictions, drawn.labels, strict=True)
            for run, k, i in self._runs
        ]

    def _create(self) -> None:
        world, texts = self.world, dict.fromkeys(("goal", "command", "data_source", "data_fingerprint"), "simulated")
        settings = {"seeds": world.seeds, "max_seeds": world.max_seeds, "margin": MARGIN * POINT}
        decided = {"confirmed": [*self.candidates, BASELINE], "baseline": BASELINE, "baseline_choices": {}}
        study = StudyRow(
            study_name=NAME, space="simulated", data_made_up=True, backbone="tiny", seed=0, status="complete",
            settings_json=settings, decisions_json=decided, **texts,
        )  # fmt: skip
        self._database.studies.create(study)
        for phase, cells in (("confirm", self._confirmed()), ("ablate", self._changes())):
            self._database.studies.replace_cells(NAME, phase, list(cells))
            for cell in cells:
                self._finish_runs(phase, cell.config_digest)

    def _confirmed(self) -> list[Cell]:
        names = [*((digest, f"confirm:{i}", "confirm") for i, digest in enumerate(self.candidates, start=1))]
        names.append((BASELINE, "baseline", "baseline"))
        return [_cell("confirm", digest, name, design, at) for at, (digest, name, design) in enumerate(names)]

    def _changes(self) -> list[Cell]:
        first_secondary = len(self.world.effects) - self.world.secondary
        cells = []
        for at, digest in enumerate(self.rows):
            design = DESIGNS[first_secondary <= at < len(self.world.effects)]
            changed = {"factor": f"factor {at}", "from_level": "a", "to_level": "b"}
            cells.append(_cell("ablate", digest, f"{design}:factor {at}=b", design, at, **changed))
        return cells

    def _finish_runs(self, phase: Phase, digest: str) -> None:
        """Write complete runs with placeholders for what `results` replaces."""
        for i in range(self.world.most_seeds):
            seed, empty = CONSECUTIVE_SEEDS + i, {"config_json": {}, "choices_json": {}}
            new = NewRun(study_name=NAME, phase=phase, config_digest=digest, seed=seed, **empty)
            run = self._database.runs.start(new)
            metrics = [
                MetricValue("dev", task, metric, 0.0) for task, metric in zip(self.tasks, self.world.tasks, strict=True)
            ]
            predictions = [PredictionRow("dev", task, b"", "0" * 64) for task in self.tasks]
            done = RunResult(
                status="complete", score=0.0, best_epoch=1, train_seconds=1.0, eval_seconds=0.1,
                metrics=[*metrics, MetricValue("dev", "", "score", 0.0)], predictions=predictions,
            )  # fmt: skip
            self._database.runs.finish(run, done)
            self._runs.append((run, self.digests.index(digest), i))


def _cell(phase: Phase, digest: str, name: str, design: str, position: int, **changed: str) -> Cell:
    empty: dict[str, Any] = {"config_json": {}, "choices_json": {}}
    return Cell(phase=phase, name=name, design=design, config_digest=digest, position=position, **empty, **changed)


def _update(table: Any, *keys: Any) -> Any:
    """Return the statement that updates measurements of runs by their keys."""
    conditions = [key == bindparam(f"of_{key.key}") for key in keys]
    run = table.id if table is schema.Run else table.run_id
    return update(table.__table__).where(run == bindparam("of_run"), *conditions)


class Packing:
    """`pack_predictions` for many runs of equal size: the same bytes before compression, which is faster."""

    def __init__(self, examples: int) -> None:
        self._outputs, self._vector = (_header(np.empty(shape, np.float32)) for shape in ((examples, 1), examples))

    def packed(self, predictions: Float, labels: Float) -> bytes:
        """Return predictions and labels (examples,), with the predictions as outputs too."""
        values, true = (array.astype(np.float32).tobytes() for array in (predictions, labels))
        return zlib.compress(self._outputs + values + self._vector + values + self._vector + true, 1)


def _header(array: Float) -> bytes:
    """Return what numpy's format has before the values."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()[: -array.nbytes]
