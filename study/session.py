"""One launch from its arguments to the report: what is checked, opened, run, written and told, in this order."""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import shlex
import signal
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

from mtbert.data import dropped
from mtbert.stage_store.store import StageStore
from results import DEFAULT_STORAGE, output, storage_url
from results.code_versions import note as code_note
from results.export import write_tables_of
from results.outcome import outcome_of
from results.records import Database, open_database
from results.report import write_report_of
from results.study_results import StudyResults
from results.summary import Summary, summarise
from results.task_units import units_from
from results.wording import plural
from search_spaces.grammar import Choices
from study import ending, objectives, plan, run_log, store_note
from study.acceptance import FailuresStop
from study.arguments import faults, limit_flags, limits
from study.beginning import create_or_resume
from study.code_changes import CodeChange
from study.design_plan import decided_best
from study.driver import Driver
from study.earlier import compiled, earlier_settings, seen_noise
from study.ending_claims import ClaimsEnding
from study.ending_designs import DesignsEnding
from study.engines import making
from study.engines.abstract import AbstractEngine, EngineLost
from study.environment import environment
from study.execution import Execution, Interrupted, Places, TimeIsUp
from study.folder_lock import folder_held
from study.lease import Lease
from study.live import LiveReport
from study.log_file import log_to
from study.observer import Observers
from study.phases import first_tried, fresh_seeds
from study.progress import Progress
from study.retrying import retry_failed
from study.search import Search
from study.settings import STORE, SettingsError, resolve
from study.task_declaration import check_objectives, margin
from study.terminal import PlainConsole
from study.tracking import choose as trackers
from study.trainers.choose import trainer_of
from study.trust import LOG, check_stored, named_code
from study.web import optuna_notes

log = logging.getLogger("study")

THREADS = 1  # of a worker: results then do not depend on the number of cores


class Session:
    """A launch with all its settings resolved. Nothing is written before everything was checked."""

    def __init__(self, options: argparse.Namespace, given: Mapping[str, Any]) -> None:
        making.check(options)
        trackers.check(options.track)
        self._options = options
        self._console = PlainConsole(stderr=bool(options.json))
        if given.get("precision") == "auto":
            from study.trainers.multitask_bert import precision  # torch

            given = {**given, "precision": precision()}
        stored, source = earlier_settings(options.storage, given, changes_nothing=options.plan)
        if given.get("compiled") == "auto":
            given = {**given, "compiled": compiled(given, stored or source)}
        earlier_name = next((found.name for found in (stored, source) if found is not None), None)
        self._seen = seen_noise(options.storage, earlier_name) if options.plan and earlier_name else None
        self._settings = resolve(given, stored, source)
        for earlier in (stored, source):
            if earlier is not None:
                check_stored(earlier, given, self._settings.name)
        self._limits = limits(options)
        objectives.check(self._settings.objectives, self._settings.tasks, self._settings.trainer)
        self._trainer = trainer_of(self._settings, faults(options), options.rehearse_seconds)
        check_objectives(self._settings.objectives, self._trainer.facts.tasks)
        if options.margin is not None:
            self._settings = replace(self._settings, margin=margin(options.margin, self._trainer.facts.tasks))
        self._unit = units_from(self._trainer.facts.tasks).score
        self._folder = Path(self._settings.out) / self._settings.name
        self._failed_tests = 0

    def plan(self) -> None:
        """Print what would run, how long it would take and what it could see; writes nothing."""
        self._say_notes()
        with making.engine(self._options, self._trainer) as engine:
            best = decided_best(self._options.storage, self._settings.name, self._trainer.space)
            planned = plan.make(self._trainer, self._settings, engine.workers, self._seen, best)
        if self._options.json:
            output.print_object(json.dumps(planned.as_json(), indent=2))
        else:
            plan.show(planned, PlainConsole())

    def launch(self) -> int:
        """Run the study to its end; the number of failed runs. `Interrupted` tells how to go on."""
        with making.engine(self._options, self._trainer) as engine:
            return self._launch(engine)

    def _launch(self, engine: AbstractEngine) -> int:
        settings, command = self._settings, storage_url.masked_command(["python", "-m", "study.launch", *sys.argv[1:]])
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(
                f"{self._folder} cannot be made ({error.strerror}). Choose another place: --out DIR"
            ) from None
        with log_to(self._folder / LOG), open_database(self._options.storage) as database:
            log.info("%s", command)
            self._say_issues()
            lease = Lease(database, settings.name)
            with lease.held(), folder_held(self._folder):
                self._clear_up_logs(database)
                accepted = self._options.accept_changed_code
                change = create_or_resume(database, settings, self._trainer, command, self._console, accepted)
                self._retry(database, change)
                try:
                    with self._live():
                        self._run(database, lease, engine)
                        self._clear_up_logs(database)
                        lease.renew_if_due()
                        database.update_study(settings.name, status="done")
                        return self._write(database)
                except FailuresStop as stop:
                    raise self._stopped(database, stop) from None
                except (Interrupted, EngineLost, KeyboardInterrupt) as stop:
                    raise self._interrupted(database, stop) from None

    def _clear_up_logs(self, database: Database) -> None:
        """Those that a killed launch left empty, and, of a study that is begun, those of one of its name before it."""
        known = {run.id for run in database.runs(self._settings.name)}
        run_log.clear_up(self._folder / run_log.LOGS, known)

    def _interrupted(self, database: Database, stop: BaseException) -> Interrupted:
        """Note that the study was stopped; why it was, and how to go on."""
        name = self._settings.name
        database.update_study(name, status="interrupted")
        done = len(database.runs(name, status="complete"))
        why = str(stop) or "Interrupted"
        if isinstance(stop, TimeIsUp):  # nobody is there to go on: the report says how far it came
            why = f"The time is up (--timeout {self._limits.study_seconds:g})"
            self._write(database)
        again = f"python -m study.launch --name {name}{self._elsewhere()}"
        return Interrupted(f"{why}; {done} finished runs are kept. Go on: {again}")

    def _stopped(self, database: Database, stop: FailuresStop) -> FailuresStop:
        """Note that the study was stopped by its failures; what failed, where to read more, and how to go on."""
        name = self._settings.name
        database.update_study(name, status="interrupted")
        done = len(database.runs(name, status="complete"))
        if done:
            self._write(database)
        again = f"python -m study.launch --name {name}{self._elsewhere()} --retry-failed"
        return FailuresStop(
            f"{stop}\n{done} finished runs are kept. The traceback: {self._folder / LOG}\n"
            f"Mend the cause, then go on: {again}"
        )

    def _retry(self, database: Database, change: CodeChange | None) -> None:
        """Run failed runs of earlier launches again: with --retry-failed, and those of code that is another by now."""
        if self._options.retry_failed or (change is not None and change.was is not None):
            now = None if self._options.retry_failed else self._trainer.facts.code
            storage, name = self._options.storage, self._settings.name
            count = retry_failed(database, storage, name, lambda run: now is None or run.code != now)
            if count:
                self._say(f"{plural(count, 'failed run')} will be run again.")

    @contextlib.contextmanager
    def _live(self) -> Iterator[None]:
        """With --open: the report as it grows."""
        if not self._options.open:
            yield
            return
        with LiveReport(self._options.storage, self._settings.name, self._folder) as live:
            told = f"The report as it grows: {live.url}"
            if live.url is None:
                told = f"The report cannot be served as it grows ({live.why_not}); the study goes on."
            self._console.print(told, soft_wrap=True)
            yield

    def _run(self, database: Database, lease: Lease, engine: AbstractEngine) -> None:
        settings, trainer = self._settings, self._trainer
        places = Places(
            prepared=self._folder / "prepared", models=self._folder / "models", logs=self._folder / run_log.LOGS
        )
        database.update_study(settings.name, data_json=trainer.prepare(places.prepared, engine.device()))
        database.add_examples(settings.name, trainer.examples())
        store_folder = Path(settings.out) / STORE
        store = StageStore(store_folder, round(settings.store_gb * 1e9)) if settings.share and trainer.shares else None
        gpu = trainer.gpu() if engine.device() != "cpu" else None
        with (
            self._progress(engine.workers) as progress,
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
                environment_id=database.environment_id(environment(THREADS, gpu)),
                store=store,
                limits=self._limits,
                objectives=settings.objectives,
            )
            driver = Driver(
                database=database,
                trainer=trainer,
                settings=settings,
                execution=execution,
                search=self._search,
            )
            store_note.write(database, settings.name, store)
            try:
                with _stop_on_signal(execution):
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

    def _progress(self, workers: int) -> Progress:
        space = self._trainer.space
        baseline = space.baseline()

        def describe_choices(choices: Choices) -> str:
            told = [f"{d.factor}={d.second}" for d in space.differences(baseline, choices) if d.second is not None]
            return ", ".join(told) or "baseline"

        return Progress(self._console, self._settings.name, workers, describe_choices, self._unit)

    def _write(self, database: Database) -> int:
        """The best model, tables and report; then the answer. The number of failed runs."""
        results = StudyResults(database, self._settings.name)
        found = summarise(results)
        if "report" in self._settings.phases:
            self._keep_best(database, results, found)
            outcome = outcome_of(database, results, found)
            write_tables_of(outcome, self._folder / "tables")
            write_report_of(outcome, self._folder / "report.html")
            optuna_notes.write(self._options.storage, outcome, self._folder)
            designs = DesignsEnding.of_sections(outcome.sections)
        else:
            designs = DesignsEnding.of(results, found)
        note = code_note(results.study, results.runs)
        shown = ending.Ending(found, self._folder, self._options.storage, ClaimsEnding.of(results), designs, note)
        if self._options.json:
            output.print_object(json.dumps(shown.as_json(), indent=2))
        else:
            shown.show(self._console)
        return found.counts.failed + self._failed_tests

    def _keep_best(self, database: Database, results: StudyResults, found: Summary) -> None:
        """Keep the best configuration's model in `best/`, and write its card."""
        settings, folder = self._settings, self._folder / "best"
        digest = database.require_study(settings.name).decisions_json.get("best")
        if digest is None:
            return
        seeds = fresh_seeds(settings, settings.seeds)
        counted = set(results.run_ids(digest))  # read again: `results` has its runs without their configurations
        runs = database.runs(settings.name, config_digest=digest)
        rows = [run for run in runs if run.id in counted and run.seed in seeds]
        kept = self._trainer.keep_best(rows, self._folder / "models", folder, self._say) if rows else None
        if kept is not None:
            from study import model_card  # torch

            again = ending.repeat_command(settings.data, folder, kept.seed)
            model_card.write(database, results, found, model_card.KeptModel(kept, folder, again))
        elif folder.is_dir():
            told = f"{folder} holds the model of another configuration: that of the best was not kept. Train it again."
            self._say(told)

    def _say(self, told: str) -> None:
        self._console.print(told, markup=False, soft_wrap=True)

    def _say_issues(self) -> None:
        """Rows of the data that were dropped are counted, or listed where that was asked for; the report lists all."""
        for line in dropped.told(self._trainer.facts.issues, listed=self._options.data_issues):
            self._say(line)
        self._say_notes()

    def _say_notes(self) -> None:
        for note in self._trainer.facts.notes:
            self._say(note)

    def _elsewhere(self) -> str:
        """The flags that a launch by name alone lacks: where it is (no password), code that is run, engine, limits."""
        flags = named_code(self._settings)
        if self._options.storage != DEFAULT_STORAGE:
            flags["storage"] = storage_url.masked_url(self._options.storage)
        more = making.flags(self._options) + limit_flags(self._options) + trackers.flags(self._options.track)
        told = [word for flag, value in flags.items() for word in (f"--{flag}", value)]
        return "".join(f" {shlex.quote(word)}" for word in told + more)


@contextlib.contextmanager
def _stop_on_signal(execution: Execution) -> Iterator[None]:
    """Ctrl-C (or SIGTERM) once: the study stops and keeps everything; twice: the process ends now."""

    def stop(number: int, frame: FrameType | None) -> None:
        if execution.stop_requested:
            os._exit(130)
        execution.stop_requested = True
        print("\nStopping; once more to stop at once.", file=sys.stderr)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
