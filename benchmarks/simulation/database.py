"""A study's rows in a real database, written by the product's writers as a finished launch would leave them."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from results.database.database import Database, open_database
from results.database.predictions import pack_predictions
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
from study.settings import spaced_counts

from .draw import DrawnStudy
from .worlds import MARGIN, POINT, World

MEMORY = "/dev/shm"  # the folder of a file system in memory, on Linux
NAME = "simulated"
BASELINE = "baseline"
IDS = "0" * 64  # identifies the dev examples
DESIGNS = ("leave_one_out", "one_at_a_time")


class StoredStudy:
    """A study in a temporary database; a context manager. `runs`: its run ids, with configuration and seed by position.

    Configurations are the candidates, the baseline and the rows, as in `DrawnStudy`.
    """

    def __init__(self, world: World, drawn: DrawnStudy) -> None:
        self.world, self._drawn = world, drawn
        self.candidates = [f"candidate {number}" for number in range(world.candidates)]
        self.rows = [f"row {number}" for number in range(world.rows)]
        self.tasks = [f"{metric} {number}" for number, metric in enumerate(world.tasks, start=1)]
        self.digests = [*self.candidates, BASELINE, *self.rows]
        self.runs: list[tuple[int, int, int]] = []

    def __enter__(self) -> StoredStudy:
        with ExitStack() as opened:
            folder = tempfile.TemporaryDirectory(dir=MEMORY if Path(MEMORY).is_dir() else None)
            file = Path(opened.enter_context(folder)) / "studies.db"
            self._database = opened.enter_context(open_database(f"sqlite:///{file}"))
            self._write(self._database)
            self._opened = opened.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._opened.close()

    def results(self) -> StudyResults:
        """Read the study as a report does."""
        return StudyResults(self._database, NAME)

    def _write(self, database: Database) -> None:
        world, texts = self.world, dict.fromkeys(("goal", "command", "data_source", "data_fingerprint"), "simulated")
        analyses = {"analyses": "spaced", "analyses_after": spaced_counts(world.seeds, world.most_seeds)}
        settings = {"seeds": world.seeds, "max_seeds": world.max_seeds, "margin": MARGIN * POINT, **analyses}
        decided = {"confirmed": [*self.candidates, BASELINE], "baseline": BASELINE, "baseline_choices": {}}
        study = StudyRow(
            study_name=NAME, space="simulated", data_made_up=True, backbone="tiny", seed=0, status="complete",
            settings_json=settings, decisions_json={**decided, "best": self.digests[self._drawn.best]}, **texts,
        )  # fmt: skip
        database.studies.create(study)
        phases: tuple[tuple[Phase, list[Cell]], ...] = (("confirm", self._confirmed()), ("ablate", self._changes()))
        for phase, cells in phases:
            database.studies.replace_cells(NAME, phase, cells)
            for cell in cells:
                for seed in range(world.most_seeds):
                    self._write_run(database, phase, cell.config_digest, seed)

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

    def _write_run(self, database: Database, phase: Phase, digest: str, i: int) -> None:
        drawn, k, metrics, predictions = self._drawn, self.digests.index(digest), [], []
        for number, (task, metric) in enumerate(zip(self.tasks, self.world.tasks, strict=True)):
            values, labels = drawn.predictions[number][k, i], drawn.labels[number]
            metrics.append(MetricValue("dev", task, metric, float(drawn.metrics[number, k, i])))
            predictions.append(PredictionRow("dev", task, pack_predictions(values, values, labels), IDS))
        score, empty = float(drawn.scores[k, i]), {"config_json": {}, "choices_json": {}}
        new = NewRun(study_name=NAME, phase=phase, config_digest=digest, seed=CONSECUTIVE_SEEDS + i, **empty)
        done = RunResult(
            status="complete", score=score, best_epoch=1, train_seconds=1.0, eval_seconds=0.1,
            metrics=[*metrics, MetricValue("dev", "", "score", score)], predictions=predictions,
        )  # fmt: skip
        run = database.runs.start(new)
        database.runs.finish(run, done)
        self.runs.append((run, k, i))


def _cell(phase: Phase, digest: str, name: str, design: str, position: int, **changed: str) -> Cell:
    empty: dict[str, Any] = {"config_json": {}, "choices_json": {}}
    return Cell(phase=phase, name=name, design=design, config_digest=digest, position=position, **empty, **changed)
