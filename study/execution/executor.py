"""Execution: runs are sent to the engine, and its events are recorded and reported to the search.

The order of writes lets the driver be killed at any moment: a trial is created before its run's row, and the row is
finished before the trial.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from mtbert.stage_store.store import StageStore
from results.database.database import Database
from results.database.rows import NewRun
from results.database.stored_values import epoch_number
from study.engines.abstract import AbstractEngine
from study.engines.limits import Watch
from study.execution.acceptance import Acceptance, Failures
from study.execution.lease import Lease
from study.execution.observer import AbstractObserver, Request
from study.execution.recording import Places, failure_of, metric_values, prediction_rows, result_of
from study.execution.stage_sharing import Queue, StagesInProgress
from study.messages import EpochDone, EvaluationDone, Event, Job, JobSharing, RunDone, RunFailed, RunPlaced
from study.search.objectives import of_event, of_row
from study.search.optuna_search import Search
from study.search.trial_states import STATES
from study.settings import Limits
from study.trainers.abstract import AbstractTrainer

log = logging.getLogger("study")

POLL_SECONDS = 0.5
WAITING_POLL_SECONDS = 0.1  # while a worker is idle until a stage has been stored
NO_LIMITS = Limits()


class Interrupted(Exception):
    """The study was asked to stop; finished runs are kept."""


class TimeIsUp(Interrupted):
    """The study's time (`--timeout`) is up; finished runs are kept."""


class Execution:
    """The runs of one study on one engine, recorded as they proceed; with a `store` they share stages."""

    def __init__(
        self,
        *,
        database: Database,
        study: str,
        trainer: AbstractTrainer,
        engine: AbstractEngine,
        observer: AbstractObserver,
        places: Places,
        lease: Lease,
        environment_id: int,
        store: StageStore | None = None,
        limits: Limits = NO_LIMITS,
        objectives: tuple[str, ...] = ("score",),
    ) -> None:
        self._db, self._study, self._engine, self.observer = database, study, engine, observer
        self._trainer, self._objectives = trainer, objectives
        self._places, self._lease, self._environment_id = places, lease, environment_id
        self._store, self._stages = store, StagesInProgress(store)
        self._search: Search | None = None
        self._active: dict[int, Request] = {}
        self._reported: dict[int, float] = {}  # the last epoch of each active run
        self._again: list[Request] = []
        self._watch = Watch(limits)
        self._failures = Failures(
            first_alone=trainer.first_alone
            and all(run.status not in ("complete", "pruned") for run in database.runs.of_study(study, configs=False))
        )
        self._acceptance = Acceptance(database, study, objectives, trainer.measures_alike)
        self._store_trouble = False
        self.stop_requested = False
        self.failed_tests = 0

    def train(
        self,
        next_request: Callable[[], Request | None],
        search: Search | None = None,
        when_busy: Callable[[], None] = lambda: None,
    ) -> None:
        """Run the requests of `next_request` on all workers until it returns None.

        Whenever all workers have a run, `when_busy` is called to prepare the next one. A run that needs a stage in
        progress is held back; in a search at most one per worker, so that trials are proposed as late as possible.

        Raises:
            Interrupted: `stop_requested` was set.
            TimeIsUp: the launch has reached its limit.
            FailuresStop: the runs fail for a common reason.
        """
        most = None if search is None else self._engine.workers
        self._search = search
        self._loop(Queue(next_request, self._stages, most), when_busy)

    def test(self, requests: list[Request]) -> None:
        """Measure finished runs on the test split; raise what `train` raises."""
        waiting = list(requests)
        self._loop(Queue(lambda: waiting.pop(0) if waiting else None, self._stages))

    def stop(self) -> None:
        """End the runs in progress and mark their rows as interrupted, so that they are run again."""
        self._engine.stop()
        self.interrupt_left()

    def interrupt_left(self) -> None:
        """Mark the runs that this driver or a dead one left running.

        Raises:
            LeaseHeld: another driver has taken over.
        """
        self._db.runs.interrupt_running(self._study)

    def _loop(self, waiting: Queue, when_busy: Callable[[], None] = lambda: None) -> None:
        while True:
            if self.stop_requested:
                raise Interrupted
            if self._watch.time_is_up():
                raise TimeIsUp
            while self._has_idle_worker() and (request := self._next(waiting)) is not None:
                self._begin(self._row(request), request)
            if not self._active and not waiting.held_back():
                return
            if not (idle := self._has_idle_worker()):
                when_busy()
            events = self._engine.events(WAITING_POLL_SECONDS if idle and waiting.held_back() else POLL_SECONDS)
            self._lease.renew_if_due()  # before anything is written: the machine may have been asleep
            for event in events:
                if event.run_id in self._active:  # a late event of a run that was ended at a limit is ignored
                    self._handle(event)
            for failed in () if self._engine.keeps_limits else self._watch.over_limit(self._engine):
                self._handle(failed)

    def _has_idle_worker(self) -> bool:
        """Return whether another run may start; until a run has succeeded, there is one at a time."""
        return len(self._active) < (1 if self._failures.alone else self._engine.workers)

    def _next(self, waiting: Queue) -> Request | None:
        self._lease.renew_if_due()
        return self._again.pop(0) if self._again else waiting.take()

    def _row(self, request: Request) -> int:
        """Return the id of a starting run's row: a new one, or the one it has."""
        if request.run_id is None:
            return self._start_row(request)
        if request.known_epochs:
            self._db.runs.resume(request.run_id)
        return request.run_id

    def _start_row(self, request: Request) -> int:
        return self._db.runs.start(
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
                code=self._trainer.facts.code,
            )
        )

    def _begin(self, run_id: int, request: Request) -> None:
        keep = request.phase in ("confirm", "test")
        self._active[run_id] = request
        self._reported[run_id] = request.known_epochs
        self._watch.began(run_id)
        self._stages.began(run_id, request)
        self.observer.started(run_id, request)
        self._engine.start(
            Job(
                run_id=run_id,
                kind=request.phase if request.phase in ("search", "test") else "train",  # type: ignore[arg-type]
                config=request.config.model_dump(mode="json"),
                seed=request.config.seed,
                worker=self._trainer.worker,
                facts=self._trainer.job_facts(),
                prepared_folder=self._trainer.folder_of(request.config, self._places.prepared),
                device=self._engine.device(),
                model_folder=self._places.model(request.config) if keep else None,
                log=self._places.log(run_id),
                sharing=self._sharing(request),
                limits=self._watch.limits,
            )
        )

    def _sharing(self, request: Request) -> JobSharing | None:
        """Return the run's keys and the store; without a store the keys alone, which name its stages."""
        if request.keys is None:
            return None
        wanted = request.wanted.intersection(request.keys.multitask)
        if self._store is None:
            return JobSharing(request.keys)
        return JobSharing(request.keys, self._store.folder, self._store.limit_bytes, wanted, request.pauses)

    def _handle(self, event: Event) -> None:
        if isinstance(event, EpochDone):
            self._epoch_done(event)
            return
        if isinstance(event, RunPlaced):
            if self._active[event.run_id].phase != "test":  # the row records where the run was trained
                self._db.runs.place(event.run_id, event.engine_trial_id, event.host)
            return
        event = self._accepted(event)
        request = self._active.pop(event.run_id)
        self._watch.ended(event.run_id)
        self._stages.ended(event.run_id, well=not isinstance(event, RunFailed))
        if not isinstance(event, RunFailed):
            self._failures.succeeded()
        if isinstance(event, EvaluationDone):
            rows = prediction_rows(event.outputs)
            self._db.runs.record_evaluation(event.run_id, "test", metric_values(event.metrics), rows)
            self.observer.ended(event.run_id, "complete", event.metrics["test", "", "score"], "")
        elif isinstance(event, RunDone):
            result = result_of(event, self._engine.device())
            self._db.runs.finish(event.run_id, result)
            log.info("run %d %s, score %.4f", event.run_id, result.status, event.score)
            self._say_trouble(event.trouble)
            if self._search is not None and request.trial_number is not None and request.pauses and event.stopped:
                self._search.pause(request.trial_number)
            else:
                self._tell(request, self._values(event, request), result.status, result.reason)
            self.observer.ended(event.run_id, result.status, event.score, "")
        else:
            self._failed(event, request)

    def _accepted(self, event: RunDone | EvaluationDone | RunFailed) -> RunDone | EvaluationDone | RunFailed:
        """Return the event, or a failure for a run that did not measure what its study needs."""
        fault = self._acceptance.fault(event) if isinstance(event, RunDone) else None
        return event if fault is None else RunFailed(event.run_id, "error", fault)

    def _values(self, done: RunDone, request: Request) -> list[float] | None:
        """Return the values of the objectives; for a run that had paused, from its row, which sums the costs."""
        row = self._db.runs.find(done.run_id) if request.known_epochs else None
        return of_event(self._objectives, done) if row is None else of_row(self._objectives, row, done.metrics)

    def _epoch_done(self, event: EpochDone) -> None:
        request = self._active[event.run_id]
        epochs, reported = self._trainer.epochs(request.config)
        event = replace(event, epoch=epoch_number(event.epoch))
        if event.epoch <= self._reported[event.run_id]:  # reported before the run paused, or rounded to the last one
            self._engine.answer(event.run_id, go_on=True)
            return
        self._reported[event.run_id] = event.epoch
        self._db.runs.record_epoch(event.run_id, event.epoch, event.seconds, metric_values(event.metrics))
        self.observer.epoch(event, reported)
        stop = False
        if self._search is not None and request.trial_number is not None and event.epoch < epochs:
            stop = self._search.stop_early(request.trial_number, event.epoch, event.score)
        self._engine.answer(event.run_id, go_on=not stop)

    def _say_trouble(self, trouble: str | None) -> None:
        """Warn once that the store cannot be used; every later run would repeat the warning."""
        if trouble is not None and not self._store_trouble:
            self._store_trouble = True
            log.warning("%s", trouble)
            self.observer.say(f"Warning: {trouble}")

    def _failed(self, event: RunFailed, request: Request) -> None:
        log.error("run %d failed: %s: %s\n%s", event.run_id, event.reason, event.detail, event.traceback)
        again = self._watch.try_again(event)
        if again:
            row = request.run_id if request.phase == "test" else None
            self._again.append(replace(request, run_id=row, known_epochs=0))
        if request.phase == "test":  # the run itself is complete; the next launch tests it again
            self.failed_tests += not again
        else:
            self._db.runs.finish(event.run_id, failure_of(event))
            if not again:
                self._tell(request, None, "failed", event.reason)
        note = f"{event.reason}: {event.detail}{'; restarted' if again else ''}"
        if (path := self._places.log(event.run_id)) is not None and path.is_file():
            note += f"   log {path}"
        self.observer.ended(event.run_id, "failed", None, note)
        if not again and not self._trainer.fails_by_plan:
            self._failures.failed(event, request.label)

    def _tell(self, request: Request, values: list[float] | None, status: str, reason: str | None) -> None:
        if self._search is not None and request.trial_number is not None:
            self._search.tell(request.trial_number, values, STATES[status], reason)
