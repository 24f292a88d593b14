"""One launch from its arguments to the report: what is checked, opened, run, written and told, in this order."""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import shlex
import shutil
import signal
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from rich.console import Console

from mtbert.precision import native_precision
from mtbert.stage_store.store import StageStore
from results import DEFAULT_STORAGE
from results.export import write_tables
from results.records import Database, IssueRow, StudyRow, open_database
from results.report import write_report
from results.summary import Summary, summary
from search_spaces import describe
from search_spaces.grammar import Choices
from study import best_model, ending, plan, store_note
from study.configuration import to_config
from study.driver import Driver
from study.engines.local import LocalEngine
from study.environment import environment
from study.execution import Execution, Interrupted, Places
from study.lease import Lease
from study.phases import fresh_seeds, known_first
from study.preparation import Checked, check_all, describe_data, prepare
from study.progress import Progress
from study.search import Search
from study.settings import STORE, Settings, SettingsError, default_name, resolve
from study.sharing import StageKeys

log = logging.getLogger("study")

THREADS = 1  # of a worker: results then do not depend on the number of cores


class Session:
    """A launch with all its settings resolved. Nothing is written before everything was checked."""

    def __init__(self, options: argparse.Namespace, given: Mapping[str, Any]) -> None:
        self._options = options
        self._console = Console(stderr=bool(options.json), highlight=False)
        self._devices = tuple(f"cuda:{i}" for i in range(torch.cuda.device_count())) or ("cpu",)
        if given.get("precision") == "auto":
            given = {**given, "precision": native_precision(self._devices[0])}
        self._settings = resolve(given, _stored(options.storage, given))
        self._checked = check_all(self._settings)
        self._folder = Path(self._settings.out) / self._settings.name
        self._failed_tests = 0
        on_cpu = self._devices == ("cpu",)
        self._workers = options.workers or (os.cpu_count() or 1 if on_cpu else len(self._devices))

    def plan(self) -> None:
        """Print what would run, and how long it would take; writes nothing."""
        planned = plan.make(self._checked, self._settings, self._workers, self._devices[0])
        if self._options.json:
            print(json.dumps(planned.as_json(), indent=2))
        else:
            plan.show(planned, Console(highlight=False))

    def launch(self) -> int:
        """Run the study to its end; the number of failed runs. `Interrupted` tells how to go on."""
        settings, command = self._settings, shlex.join(["python", "-m", "study.launch", *sys.argv[1:]])
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(
                f"{self._folder} cannot be made ({error.strerror}). Choose another place: --out DIR"
            ) from None
        with _log_to(self._folder / "launch.log"), open_database(self._options.storage) as database:
            log.info("%s", command)
            lease = Lease(database, settings.name)
            self._say_issues()
            _create_or_resume(database, settings, self._checked, command, lease, self._console)
            try:
                self._run(database, lease)
                database.update_study(settings.name, status="done")
                return self._write(database)
            except Interrupted:
                database.update_study(settings.name, status="interrupted")
                done = len(database.runs(settings.name, status="complete"))
                again = f"python -m study.launch --name {settings.name}{self._elsewhere()}"
                raise Interrupted(f"Interrupted; {done} finished runs are kept. Go on: {again}") from None
            finally:
                lease.release()

    def _run(self, database: Database, lease: Lease) -> None:
        settings, checked = self._settings, self._checked
        places = Places(prepared=self._folder / "prepared", models=self._folder / "models")
        prepared = prepare(checked, places.prepared)
        database.update_study(settings.name, data_json=describe_data(checked, prepared))
        store_folder = Path(settings.out) / STORE
        store = StageStore(store_folder, round(settings.store_gb * 1e9)) if settings.share else None
        gpu = torch.cuda.get_device_name(0) if self._devices != ("cpu",) else None
        with self._progress() as observer:
            execution = Execution(
                database=database,
                study=settings.name,
                engine=LocalEngine(workers=self._workers, devices=self._devices),
                observer=observer,
                places=places,
                lease=lease,
                environment_id=database.environment_id(environment(THREADS, gpu)),
                store=store,
            )
            driver = Driver(
                database=database,
                space=checked.space,
                settings=settings,
                execution=execution,
                search=self._search,
                stages=StageKeys(prepared.hashes, self._devices[0], THREADS),
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
            space=self._checked.space,
            seed=settings.seed,
            sampler=settings.sampler,
            pruner=settings.pruner,
            known=known_first(self._checked.space)[: settings.trials],
        )

    def _progress(self) -> Progress:
        space = self._checked.space
        baseline = space.baseline()

        def describe_choices(choices: Choices) -> str:
            told = [f"{d.factor}={d.second}" for d in space.differences(baseline, choices) if d.second is not None]
            return ", ".join(told) or "baseline"

        return Progress(self._console, self._settings.name, self._workers, describe_choices)

    def _write(self, database: Database) -> int:
        """The best model, tables and report; then the answer. The number of failed runs."""
        found = summary(database, self._settings.name)
        if "report" in self._settings.phases:
            self._keep_best(database, found)
            write_tables(database, self._settings.name, self._folder / "tables")
            write_report(database, self._settings.name, self._folder / "report.html")
        shown = ending.Ending(found, self._folder, self._options.storage)
        if self._options.json:
            print(json.dumps(shown.as_json(), indent=2))
        else:
            shown.show(self._console)
        return found.counts.failed + self._failed_tests

    def _keep_best(self, database: Database, found: Summary) -> None:
        """Copy the best model to `best/`; models kept on the way are then no longer needed."""
        settings, models = self._settings, self._folder / "models"
        digest = database.require_study(settings.name).decisions_json.get("best")
        if digest is None:
            return
        seeds = fresh_seeds(settings.seed, settings.seeds)
        runs = database.runs(settings.name, config_digest=digest, status="complete")
        rows = [row for row in runs if row.seed in seeds]
        again = ending.repeat_command(settings.data, self._folder / "best", max(rows, key=lambda r: r.score or 0).seed)
        if best_model.keep(rows, models, self._folder / "best", settings.name, again):
            shutil.rmtree(models, ignore_errors=True)

    def _say_issues(self) -> None:
        """Bad rows are counted, and the first are shown; the report lists all."""
        issues, corpus = self._checked.corpus.issues, self._checked.corpus
        if issues:
            self._console.print(f"{len(issues)} rows of the data were dropped:", markup=False)
            for issue in issues[:10]:
                self._console.print(f"  {issue}", markup=False, soft_wrap=True)
            if len(issues) > 10:
                self._console.print(f"  ... and {len(issues) - 10} more; the report lists all of them")
        for task, count in corpus.overlap.items():
            if count:
                self._console.print(f"{task}: {count} examples of dev stand in train too", markup=False)
        for stage, reason in self._checked.sentences.left_out.items():
            self._console.print(f"The search goes without {stage}: {reason}", markup=False, soft_wrap=True)

    def _elsewhere(self) -> str:
        """The flag that says where the study is, when it is not where it would be looked for."""
        storage = self._options.storage
        return "" if storage == DEFAULT_STORAGE else f" --storage {shlex.quote(storage)}"


def _stored(storage: str, given: Mapping[str, Any]) -> Settings | None:
    """The settings of an earlier launch of the same name; None where there is none. Makes no database."""
    if storage.startswith("sqlite:///") and not Path(storage.removeprefix("sqlite:///")).exists():
        return None
    name = given.get("name") or default_name(given)
    with open_database(storage) as database:
        found = database.study(name)
    return None if found is None else Settings.from_json(found.settings_json)


def _create_or_resume(
    database: Database, settings: Settings, checked: Checked, command: str, lease: Lease, console: Console
) -> None:
    """Take the lease, and write the study's row or check that this is the same study."""
    found = database.study(settings.name)
    if found is None:
        baseline = checked.space.baseline()
        row = StudyRow(
            study_name=settings.name,
            space=checked.space.name,
            goal=checked.space.goal,
            command=command,
            data_source=settings.data,
            data_made_up=checked.corpus.made_up,
            data_fingerprint=checked.corpus.fingerprint,
            backbone=settings.backbone,
            seed=settings.seed,
            settings_json=settings.as_json(),
            space_json=describe(checked.space),
            decisions_json={
                "baseline": to_config(checked.space, baseline, settings).digest(),
                "baseline_choices": baseline,
            },
        )
        database.create_study(row)
        lease.take()
        _add_issues(database, settings.name, checked)
        return
    lease.take()
    _add_issues(database, settings.name, checked)
    _same_study(found, checked, lease)
    database.update_study(settings.name, status="running", command=command, settings_json=settings.as_json())
    runs = database.runs(settings.name)
    done = sum(run.status in ("complete", "pruned") for run in runs)
    console.print(f"Resuming study {settings.name}: {done} of its {len(runs)} runs are finished.", markup=False)


def _add_issues(database: Database, name: str, checked: Checked) -> None:
    """List the dropped rows with the study, unless they are there: a launch may have been killed just before."""
    if not database.data_issues(name):
        issues = [IssueRow(i.file, i.line, i.kind, i.message) for i in checked.corpus.issues]
        database.add_data_issues(name, issues)


def _same_study(found: StudyRow, checked: Checked, lease: Lease) -> None:
    """A study is resumed only on the same data and space; else runs of two meanings would stand in one table."""
    changed = []
    if found.data_fingerprint != checked.corpus.fingerprint:
        changed.append(f"the data ({found.data_source}) has other contents than when the study began")
    if found.space_json != json.loads(json.dumps(describe(checked.space))):
        changed.append(f"the space {found.space} has changed")
    if changed:
        lease.release()
        raise SettingsError(
            f"Study '{found.study_name}' cannot be resumed: {'; '.join(changed)}. "
            f"Start another one: --name {found.study_name}-2"
        )


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


@contextlib.contextmanager
def _log_to(path: Path) -> Iterator[None]:
    """The study's own log file: commands, refusals, tracebacks."""
    logger, handler = log, logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield
    except Exception:
        logger.exception("the launch ended with an error")
        raise
    finally:
        logger.removeHandler(handler)
        handler.close()
