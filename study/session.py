"""One launch: check its settings, open the study, run it, write and print its results."""

from __future__ import annotations

import contextlib
import json
import logging
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from mtbert.data import dropped
from mtbert.stage_store.store import StageStore
from results.database import url
from results.database.database import Database, open_database
from results.measurements.task_units import units_from
from results.text.formatting import plural
from search_spaces import output
from study import results_files
from study.arguments import Options
from study.console.progress import Progress
from study.console.resume_command import resume_command
from study.console.terminal import PlainConsole
from study.driver import Driver
from study.engines import choose, run_log
from study.engines.abstract import AbstractEngine, EngineLost
from study.execution.acceptance import FailuresStop
from study.execution.executor import Execution, Interrupted, TimeIsUp
from study.execution.lease import Lease
from study.execution.observer import Observers
from study.execution.recording import Places
from study.phases.cells import changes, first_tried
from study.planning import plan
from study.planning.designs import decided_best
from study.planning.noise import measured_noise
from study.provenance import store_note
from study.provenance.environment import environment
from study.provenance.folder import locked_folder, log_to
from study.provenance.trust import LOG, check_stored
from study.resolve import resolve
from study.resume.code_changes import CodeChange
from study.resume.open_study import compiled, create_or_resume, earlier_settings
from study.resume.retry_failed import retry_failed
from study.search import objectives
from study.search.optuna_search import Search
from study.settings import STORE, SettingsError
from study.signals import stopping_on_signal
from study.tracking import choose as trackers
from study.trainers.choose import trainer_of
from study.trainers.custom.task_declaration import check_objectives, margin
from study.web.live import LiveReport

log = logging.getLogger("study")

THREADS = 1  # per worker, so that results do not depend on the number of cores


class Session:
    """A launch with all its settings resolved and checked, before anything is written."""

    def __init__(self, options: Options, flags: Mapping[str, Any]) -> None:
        options.check()
        choose.check(options)
        trackers.check(options.track)
        self._options = options
        self._console = PlainConsole(stderr=bool(options.json))
        if flags.get("precision") == "auto":
            from study.trainers.bert.trainer import precision  # torch

            flags = {**flags, "precision": precision()}
        stored, source = earlier_settings(options.storage, flags, changes_nothing=options.plan)
        earlier = [settings for settings in (stored, source) if settings is not None]
        if flags.get("compiled") == "auto":
            flags = {**flags, "compiled": compiled(flags, stored or source)}
        self._noise = measured_noise(options.storage, earlier[0].name) if options.plan and earlier else None
        self._settings = resolve(flags, stored, source)
        for settings in earlier:
            check_stored(settings, flags, self._settings.name)
        self._limits = options.limits()
        objectives.check(self._settings.objectives, self._settings.tasks, self._settings.trainer)
        self._trainer = trainer_of(self._settings)
        check_objectives(self._settings.objectives, self._trainer.facts.tasks)
        if options.margin is not None:
            self._settings = replace(self._settings, margin=margin(options.margin, self._trainer.facts.tasks))
        self._unit = units_from(self._trainer.facts.tasks).score
        self._folder = Path(self._settings.out) / self._settings.name
        self._failed_tests = 0

    def plan(self) -> None:
        """Print the runs, the time and the detectable difference of a launch; write nothing."""
        self._say(self._trainer.facts.notes)
        with choose.engine(self._options, self._trainer) as engine:
            best = decided_best(self._options.storage, self._settings.name, self._trainer.space)
            planned = plan.make(self._trainer, self._settings, engine.workers, self._noise, best)
        if self._options.json:
            output.print_object(json.dumps(planned.as_json(), indent=2))
        else:
            plan.show(planned, PlainConsole())

    def launch(self) -> int:
        """Run the study to its end and return the number of failed runs.

        Raises:
            Interrupted: the study was stopped; the message says how to resume it.
            FailuresStop: its runs fail for a common reason.
        """
        with choose.engine(self._options, self._trainer) as engine:
            return self._launch(engine)

    def _launch(self, engine: AbstractEngine) -> int:
        settings, command = self._settings, url.masked_command(["python", "-m", "study.launch", *sys.argv[1:]])
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            message = f"The folder {self._folder} cannot be created ({error.strerror}). Choose another place: --out DIR"
            raise SettingsError(message) from None
        with log_to(self._folder / LOG), open_database(self._options.storage) as database:
            log.info("%s", command)
            self._say(dropped.lines(self._trainer.facts.issues, listed=self._options.data_issues))
            self._say(self._trainer.facts.notes)
            lease = Lease(database, settings.name)
            with lease.held(), locked_folder(self._folder):
                self._clear_up_logs(database)
                accepted = self._options.accept_changed_code
                change = create_or_resume(database, settings, self._trainer, command, self._console, accepted)
                self._retry(database, change)
                try:
                    with self._live():
                        self._run(database, lease, engine)
                        self._clear_up_logs(database)
                        lease.renew_if_due()
                        database.studies.update(settings.name, status="done")
                        return self._write(database)
                except (FailuresStop, Interrupted, EngineLost, KeyboardInterrupt) as stop:
                    raise self._stopped(database, stop) from None

    def _clear_up_logs(self, database: Database) -> None:
        """Delete the empty logs of a killed launch, and the logs of an earlier study of the same name."""
        run_log.clear_up(self._folder / run_log.LOGS, {run.id for run in database.runs.of_study(self._settings.name)})

    def _stopped(self, database: Database, stop: BaseException) -> Interrupted | FailuresStop:
        """Mark the study as interrupted; return the error with the reason and the command that resumes it."""
        name, failed = self._settings.name, isinstance(stop, FailuresStop)
        database.studies.update(name, status="interrupted")
        done = len(database.runs.of_study(name, status="complete"))
        reason = str(stop) or "Interrupted"
        if isinstance(stop, TimeIsUp):
            reason = f"The time is up (--timeout {self._limits.study_seconds:g})"
        if isinstance(stop, TimeIsUp) or (failed and done):  # the study may never be resumed
            self._write(database)
        resume = resume_command(database.studies.require(name), self._options.storage, *["--retry-failed"] * failed)
        if not failed:
            return Interrupted(f"{reason}; finished runs are kept ({done}). Resume it: {resume}")
        return FailuresStop(
            f"{reason}\nFinished runs are kept ({done}). The traceback is in {self._folder / LOG}\n"
            f"Fix the cause, then resume the study: {resume}"
        )

    def _write(self, database: Database) -> int:
        """Write the study's results and print the answer; return the number of failed runs."""
        return self._failed_tests + results_files.write(
            database, self._settings, self._options, self._trainer, self._folder, self._console
        )

    def _retry(self, database: Database, change: CodeChange | None) -> None:
        """Mark failed runs to be run again: all with --retry-failed, otherwise those whose code has changed since."""
        if self._options.retry_failed or (change is not None and change.previous is not None):
            now = None if self._options.retry_failed else self._trainer.facts.code
            storage, name = self._options.storage, self._settings.name
            count = retry_failed(database, storage, name, lambda run: now is None or run.code != now)
            if count:
                self._console.say(f"{plural(count, 'failed run')} will be run again.")

    @contextlib.contextmanager
    def _live(self) -> Iterator[None]:
        """Serve the report while the study runs, if the flag --open is given."""
        if not self._options.open:
            yield
            return
        with LiveReport(self._options.storage, self._settings.name, self._folder) as live:
            failure = f"The live report cannot be served ({live.why_not}); the study continues."
            self._console.say(f"Live report: {live.url}" if live.url else failure)
            yield

    def _run(self, database: Database, lease: Lease, engine: AbstractEngine) -> None:
        settings, trainer = self._settings, self._trainer
        places = Places(self._folder / "prepared", self._folder / "models", self._folder / run_log.LOGS)
        database.studies.update(settings.name, data_json=trainer.prepare(places.prepared, engine.device()))
        database.studies.add_examples(settings.name, trainer.examples())
        limit = round(settings.store_gb * 1e9)
        store = StageStore(Path(settings.out) / STORE, limit) if settings.share and trainer.shares else None
        gpu = trainer.gpu() if engine.device() != "cpu" else None
        describe = partial(changes, trainer.space)
        with (
            Progress(self._console, settings.name, engine.workers, describe, self._unit) as progress,
            trackers.tracking(self._options.track, self._options.storage, settings.name, progress.say) as tracking,
        ):
            execution = Execution(
                database=database,
                study=settings.name,
                trainer=trainer,
                engine=engine,
                observer=Observers((progress, tracking)),
                places=places,
                lease=lease,
                environment_id=database.runs.environment_id(environment(THREADS, gpu)),
                store=store,
                limits=self._limits,
                objectives=settings.objectives,
            )
            driver = Driver(database, trainer, settings, execution, self._search)
            store_note.write(database, settings.name, store)
            try:
                with stopping_on_signal(execution):
                    driver.run()
            finally:
                store_note.write(database, settings.name, store)
        self._failed_tests = execution.failed_tests

    def _search(self) -> Search:
        settings = self._settings
        return Search(
            storage=self._options.storage,
            name=settings.name,
            space=self._trainer.space,
            seed=settings.seed,
            sampler=settings.sampler,
            pruner=settings.pruner,
            known=first_tried(self._trainer.space, settings.sampler, settings.trials),
            objectives=settings.objectives,
        )

    def _say(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._console.say(line)
