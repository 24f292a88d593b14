"""Faults in a study's records, such as a killed driver leaves, and their repair.

A finished run is never deleted or changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from results.database.byte_numbers import ByteColumn
from results.database.database import Database, open_database, outdated
from results.database.rows import RunRow, StudyRow
from results.measurements.stages import STORE
from search_spaces.grammar import numbers
from study.console.resume_command import resume_command
from study.engines import run_log
from study.provenance import trust
from study.settings import Settings

if TYPE_CHECKING:
    from study.search.trial_states import TrialStates

ENDED = ("complete", "pruned", "failed")


@dataclass(frozen=True)
class Finding:
    """A fault: its kind, a message, its repair (None: not possible here), and `done`, the message after the repair.

    `{}` in `done` is replaced by the result of `repair`.
    """

    kind: str
    message: str
    repair: Callable[[], object] | None = None
    done: str = ""

    def as_json(self, *, fix: bool) -> dict[str, object]:
        """Return the finding as data, after its repair if `fix` and possible."""
        done = self.done.format(self.repair()) if fix and self.repair is not None else None
        return {"kind": self.kind, "message": self.message, "fixable": self.repair is not None, "done": done}


def examine(storage: str, name: str, *, fix: bool) -> list[dict[str, object]]:
    """Return all faults of a study's records as data, repaired if `fix`.

    Raises:
        StorageError: there is no such database or study.
    """
    version, columns = outdated(storage)
    schema = []
    if version is not None:  # opening the database upgrades it
        message = f"the tables are of an older release (version {version})"
        schema.append(Finding("old_schema", message, lambda: None, "upgraded; the runs are unchanged"))
    if not fix and (schema or columns):  # reading old tables would upgrade them, and bytes cannot be read
        return [finding.as_json(fix=False) for finding in [*schema, *_bytes(columns, lambda: None)]]
    with open_database(storage, create=False, write=fix) as database:
        findings = chain(schema, _bytes(columns, database.repair_bytes), _findings(database, storage, name))
        return [finding.as_json(fix=fix) for finding in findings]


def _bytes(columns: Sequence[ByteColumn], repair: Callable[[], object]) -> Iterator[Finding]:
    """Yield a finding if numbers are stored as bytes: an older release did not convert numpy's integers."""
    if columns:
        places = ", ".join(f"{each.rows} in {each.table}.{each.column}" for each in columns)
        message = f"numbers are stored as bytes and cannot be read: {places}"
        yield Finding("bytes_for_numbers", message, repair, "converted {} values to numbers")


def _findings(database: Database, storage: str, name: str) -> Iterator[Finding]:
    """Yield the faults one by one, so that later ones see the repairs of earlier ones."""
    study, driver = database.studies.require(name), database.leases.live(name)
    if driver is not None:
        yield Finding("driven", f"{driver.owner} is running it: unfinished runs and trials are not checked")
    else:
        yield from _driver_remains(database, storage, study)
        yield from _logs(database, study)
    yield from _out_of_range(database, storage, study)
    yield from _states(database, storage, study, driven=driver is not None)
    yield from _files(database, study)


def _driver_remains(database: Database, storage: str, study: StudyRow) -> Iterator[Finding]:
    """Yield the lease and the running runs that a dead driver has left."""
    name = study.study_name
    lease, running = database.leases.find(name), database.runs.of_study(name, status="running")
    if lease is not None:
        forget = partial(database.leases.forget, name)
        yield Finding("dead_lease", f"{lease.owner} holds the lease but is gone", forget, "deleted the lease")
    if study.status == "running" and (lease is not None or running):
        mark = partial(database.studies.update, name, status="interrupted")
        message = f"the study is 'running' but its driver is gone; resume it: {resume_command(study, storage)}"
        yield Finding("interrupted_study", message, mark, "marked as interrupted")
    if running:
        message = f"{len(running)} runs are 'running' without a driver: {_ids(running)}"
        done = "marked {} as interrupted; a launch runs them again"
        yield Finding("zombie_runs", message, partial(database.runs.interrupt_running, name), done)


def _out_of_range(database: Database, storage: str, study: StudyRow) -> Iterator[Finding]:
    """Yield numbers of runs and trials outside their ranges: they are kept, but not used for further runs."""
    ranges = {factor["name"]: factor["range"] for factor in study.space_json.get("factors", []) if factor.get("range")}
    for run in (runs := database.runs.of_study(study.study_name, configs=False)):
        for factor, choice in run.choices_json.items():
            bounds = ranges.get(factor)
            if bounds and isinstance(choice, int | float) and not bounds["low"] <= choice <= bounds["high"]:
                limits = f"{numbers.text(bounds['low'])} to {numbers.text(bounds['high'])}"
                message = f"run {run.id} has {factor} = {choice!r}, outside {limits}"
                yield Finding("out_of_range", f"{message}: it is kept, but not confirmed or run again")
    if not any(run.trial_number is not None for run in runs):
        return
    with closing(_trial_states(database, storage, study)) as states:
        for number, outside in states.outside().items():
            values = ", ".join(f"{factor} = {choice!r}" for factor, choice in outside.items())
            message = f"trial {number} has {values} in Optuna's tables, outside the allowed range"
            yield Finding("out_of_range", f"{message}: the search ignores it")


def _states(database: Database, storage: str, study: StudyRow, *, driven: bool) -> Iterator[Finding]:
    """Yield trials whose state in Optuna's tables contradicts their run."""
    runs = [run for run in database.runs.of_study(study.study_name) if run.trial_number is not None]
    if not runs:
        return
    with closing(_trial_states(database, storage, study)) as states:
        to_come = [run for run in runs if states.to_come(run)]
        if to_come and not driven:
            message = f"Optuna has no trials for {len(to_come)} runs; the next search adds them: {_ids(to_come)}"
            yield Finding("trial_state", message)
        for run in runs:
            contradiction = None if states.to_come(run) else states.disagreement(run)
            if contradiction is None or (driven and run.status not in ENDED):
                continue
            message = f"run {run.id} is {run.status}, Optuna {contradiction} of its trial {run.trial_number}"
            if states.can_mend(run):
                yield Finding("trial_state", message, partial(states.mend, run), "wrote the run's end to Optuna")
            elif run.status in ENDED:
                yield Finding("trial_state", message)


def _trial_states(database: Database, storage: str, study: StudyRow) -> TrialStates:
    from study.search.trial_states import TrialStates  # Optuna

    settings = study.settings_json
    return TrialStates(
        storage,
        study.study_name,
        objectives=settings.get("objectives", ("score",)),
        pauses=settings.get("pruner") == "asha",
        metrics_of=database.metrics.of_run,
    )


def _ids(runs: Sequence[RunRow]) -> str:
    return ", ".join(str(run.id) for run in runs[:10])


def _logs(database: Database, study: StudyRow) -> Iterator[Finding]:
    """Yield logs that are empty, or of runs that the study does not have."""
    folder = Path(str(study.settings_json.get("out", "runs"))) / study.study_name
    logs, ids = folder / run_log.LOGS, {run.id for run in database.runs.of_study(study.study_name, configs=False)}
    stray = run_log.stray(logs, ids) if trust.is_study_folder(folder, study.study_name) else []
    if stray:
        names = ", ".join(path.name for path in stray[:10])
        message = f"{len(stray)} logs in {logs} are empty or belong to no run: {names}"
        yield Finding("stray_logs", message, partial(run_log.clear_up, logs, ids), "deleted {}")


def _files(database: Database, study: StudyRow) -> Iterator[Finding]:
    """Yield the missing files of a finished study."""
    name, note = study.study_name, study.decisions_json.get(STORE)
    if note is not None and not Path(note["folder"]).is_dir():
        yield Finding("missing_store", f"the stage store {note['folder']} is gone; its stages are computed again")
    if study.status != "done" or "out" not in study.settings_json:  # a launch always records its folder
        return
    settings = Settings.from_json(study.settings_json)
    folder = Path(settings.out) / name
    if "report" not in settings.phases:
        return
    missing = [part for part in ("report.html", "tables") if not (folder / part).exists()]
    if missing:
        message = f"missing in {folder}: {' and '.join(missing)}"
        if trust.is_study_folder(folder, name):
            write = partial(_write_report, database, name, folder)
            yield Finding("missing_artifact", message, write, "written again from the database: {}")
        else:  # only the database names this folder
            command = f"python -m results.report --name {name} --out PATH"
            yield Finding("missing_artifact", f"{message}. No launch was logged there; choose a folder: {command}")
    if study.decisions_json.get("best") is not None and not (folder / "best").is_dir() and settings.trainer == "mtbert":
        command = f"python -m study.launch --name {name}"
        yield Finding("missing_artifact", f"the best model is not in {folder}; train it again: {command}")


def _write_report(database: Database, name: str, folder: Path) -> Path:
    from results.export import write_tables_of
    from results.report import write_report_of
    from results.report.content import outcome

    folder.mkdir(parents=True, exist_ok=True)
    results = outcome(database, name)
    write_tables_of(results, folder / "tables")
    write_report_of(results, folder / "report.html")
    return folder
