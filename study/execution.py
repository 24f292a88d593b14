"""Execution: runs go to the engine, what comes back is recorded, and the search hears of it.

The order of writes makes any moment a safe one to be killed in: a trial is asked before its run is written, and a run
is finished in our tables before Optuna is told.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mtbert.config import RunConfig
from results.records import Database, NewRun, RunRow
from study.engines.abstract import AbstractEngine
from study.lease import Lease
from study.messages import EpochDone, EvaluationDone, Event, Job, RunDone, RunFailed
from study.observer import AbstractObserver, Request
from study.recording import failure_of, metric_values, prediction_rows, result_of
from study.search import Search, TrialState

log = logging.getLogger("study")

POLL_SECONDS = 0.5
STATES = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}


class Interrupted(Exception):
    """A person asked the study to stop; everything finished is kept."""


@dataclass(frozen=True)
class Places:
    """Where a study's files are: prepared data for the workers, and models kept until the best is known."""

    prepared: Path
    models: Path

    def model(self, config: RunConfig) -> Path:
        """The folder of one run's model."""
        return self.models / f"{config.digest()[:16]}-{config.seed}"


class Execution:
    """Runs of one study on one engine, recorded as they go. `Interrupted` once `stop_requested` is set."""

    def __init__(
        self,
        *,
        database: Database,
        study: str,
        engine: AbstractEngine,
        observer: AbstractObserver,
        places: Places,
        lease: Lease,
        environment_id: int,
    ) -> None:
        self._db, self._study, self._engine, self.observer = database, study, engine, observer
        self._places, self._lease, self._environment_id = places, lease, environment_id
        self._active: dict[int, Request] = {}
        self.stop_requested = False
        self.failed_tests = 0

    def train(self, next_request: Callable[[], Request | None], search: Search | None = None) -> None:
        """Carry out what `next_request` gives, as many at a time as there are workers, until it gives None."""

        def start_next() -> bool:
            request = next_request()
            if request is not None:
                self._begin(self._start_row(request), request)
            return request is not None

        self._loop(start_next, search)

    def test(self, rows: list[tuple[RunRow, Request]]) -> None:
        """Measure finished runs on the test split."""
        waiting = list(rows)

        def start_next() -> bool:
            if not waiting:
                return False
            row, request = waiting.pop(0)
            self._begin(row.id, request)
            return True

        self._loop(start_next, None)

    def stop(self) -> None:
        """End whatever still runs; its rows are marked, to be run again."""
        self._engine.stop()
        self._db.interrupt_running(self._study)

    def _loop(self, start_next: Callable[[], bool], search: Search | None) -> None:
        more = True
        while True:
            if self.stop_requested:
                raise Interrupted
            while more and len(self._active) < self._engine.workers:
                more = start_next()
            if not self._active:
                return
            for event in self._engine.events(POLL_SECONDS):
                self._handle(event, search)
            self._lease.renew_if_due()

    def _start_row(self, request: Request) -> int:
        return self._db.start_run(
            NewRun(
                study_name=self._study,
                phase=request.phase,  # type: ignore[arg-type]
                config_digest=request.config.digest(),
                config_json=request.config.model_dump(mode="json"),
                choices_json=dict(request.choices),
                seed=request.config.seed,
                trial_number=request.trial_number,
                host=self._lease.host,
                device=self._engine.device(),
                engine=self._engine.name,
                environment_id=self._environment_id,
            )
        )

    def _begin(self, run_id: int, request: Request) -> None:
        keep = request.phase in ("confirm", "test")
        self._active[run_id] = request
        self.observer.started(run_id, request)
        self._engine.start(
            Job(
                run_id=run_id,
                kind="test" if request.phase == "test" else "train",
                config=request.config.model_dump(mode="json"),
                prepared_folder=self._places.prepared,
                device=self._engine.device(),
                model_folder=self._places.model(request.config) if keep else None,
            )
        )

    def _handle(self, event: Event, search: Search | None) -> None:
        if isinstance(event, EpochDone):
            self._epoch_done(event, search)
            return
        request = self._active.pop(event.run_id)
        if isinstance(event, EvaluationDone):
            rows = prediction_rows(event.outputs)
            self._db.record_evaluation(event.run_id, "test", metric_values(event.metrics), rows)
            self.observer.ended(event.run_id, "complete", event.metrics["test", "", "score"], "")
        elif isinstance(event, RunDone):
            result = result_of(event, self._engine.device())
            self._db.finish_run(event.run_id, result)
            log.info("run %d %s, score %.4f", event.run_id, result.status, event.score)
            self._tell(search, request, event.score, result.status)
            self.observer.ended(event.run_id, result.status, event.score, "")
        else:
            self._failed(event, request, search)

    def _epoch_done(self, event: EpochDone, search: Search | None) -> None:
        request = self._active[event.run_id]
        epochs = request.config.multitask.epochs
        self._db.record_epoch(event.run_id, event.epoch, event.seconds, metric_values(event.metrics))
        self.observer.epoch(event, request.config.reported_epochs())
        stop = False
        if search is not None and request.trial_number is not None and event.epoch < epochs:
            stop = search.stop_early(request.trial_number, event.epoch, event.score)
        self._engine.answer(event.run_id, go_on=not stop)

    def _failed(self, event: RunFailed, request: Request, search: Search | None) -> None:
        log.error("run %d failed: %s: %s\n%s", event.run_id, event.reason, event.detail, event.traceback)
        if request.phase == "test":  # the run itself is complete; measuring it is tried again at the next launch
            self.failed_tests += 1
        else:
            self._db.finish_run(event.run_id, failure_of(event))
            self._tell(search, request, None, "failed")
        self.observer.ended(event.run_id, "failed", None, f"{event.reason}: {event.detail}")

    def _tell(self, search: Search | None, request: Request, score: float | None, status: str) -> None:
        if search is not None and request.trial_number is not None:
            search.tell(request.trial_number, score, STATES[status])
