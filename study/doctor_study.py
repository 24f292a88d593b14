"""What can be wrong with a study's records, found by comparing them with each other; and the repair.

A finished run is never deleted or changed. What is repaired is what a killed driver could not say any more.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from results.byte_numbers import ByteColumn
from results.records import Database, open_database, outdated
from results.rows import RunRow
from results.stages import STORE
from search_spaces.grammar import numbers
from study import run_log, trust
from study.resuming import resume_command
from study.settings import Settings

if TYPE_CHECKING:
    from study.trial_states import TrialStates

ENDED = ("complete", "pruned", "failed")


@dataclass(frozen=True)
class Finding:
    """Something that is wrong: its kind, in words, and what mends it (None: nothing here can)."""

    kind: str
    message: str
    mend: Callable[[], str] | None = None


def examine(storage: str, name: str, *, fix: bool) -> list[dict[str, object]]:
    """Everything that is wrong with a study's records: kind, message, and what was done about it with `fix`."""
    told: list[dict[str, object]] = []
    version, bytes_there = outdated(storage)
    if version is not None:
        message = f"the tables are of an older release (version {version})"
        told.append(_told(Finding("old_schema", message), "upgraded; the runs are as they were" if fix else None))
    if bytes_there and not fix:
        told.append(_told(_bytes(bytes_there, lambda: ""), None))
    if told and not fix:  # old tables would be upgraded by reading them, and bytes cannot be read
        return told
    with open_database(storage, create=False, write=fix) as database:
        if bytes_there:
            finding = _bytes(bytes_there, lambda: f"made numbers of {database.repair_bytes()} values")
            told.append(_told(finding, finding.mend() if finding.mend is not None else None))
        database.studies.require(name)
        for finding in _findings(database, storage, name):
            told.append(_told(finding, finding.mend() if fix and finding.mend is not None else None))
    return told


def _bytes(columns: Sequence[ByteColumn], mend: Callable[[], str]) -> Finding:
    """Numbers that are bytes: a trainer gave numpy's, and an older release wrote them as they were."""
    where = ", ".join(f"{each.rows} in {each.table}.{each.column}" for each in columns)
    return Finding("bytes_for_numbers", f"numbers are stored as bytes, which nothing can read: {where}", mend)


def _told(finding: Finding, done: str | None) -> dict[str, object]:
    fixable = finding.mend is not None or finding.kind == "old_schema"
    return {"kind": finding.kind, "message": finding.message, "fixable": fixable, "done": done}


def _findings(database: Database, storage: str, name: str) -> Iterator[Finding]:
    driver = database.leases.live(name, socket.gethostname())
    if driver is not None:
        owner = f"{driver.owner} is at work on it: runs and trials in progress are not judged"
        yield Finding("driven", owner)
    else:
        yield from _left_by_a_driver(database, storage, name)
        yield from _logs(database, name)
    yield from _out_of_range(database, storage, name)
    yield from _states(database, storage, name, driven=driver is not None)
    yield from _artifacts(database, name)


def _left_by_a_driver(database: Database, storage: str, name: str) -> Iterator[Finding]:
    """A lease and running runs, with nobody at work."""
    left = database.leases.find(name)
    if left is not None:

        def forget() -> str:
            database.leases.forget(name)
            return "deleted the lease"

        yield Finding("dead_lease", f"{left.owner} holds the lease and is gone", forget)
    study = database.studies.require(name)
    running = database.runs.of_study(name, status="running")
    if study.status == "running" and (left is not None or running):

        def mark() -> str:
            database.studies.update(name, status="interrupted")
            return "marked as interrupted"

        again = resume_command(study, storage)
        yield Finding("interrupted_study", f"the study is 'running' and its driver has gone; go on: {again}", mark)
    if running:

        def interrupt() -> str:
            return f"marked {database.runs.interrupt_running(name)} as interrupted; a launch runs them again"

        told = f"{len(running)} runs are 'running' and nobody runs them: {_numbers(running)}"
        yield Finding("zombie_runs", told, interrupt)


def _out_of_range(database: Database, storage: str, name: str) -> Iterator[Finding]:
    """Numbers of runs and of trials that lie outside of their ranges: kept, and left out of what goes on."""
    factors = database.studies.require(name).space_json.get("factors", [])
    ranges = {factor["name"]: factor["range"] for factor in factors if factor.get("range")}
    for run in (runs := database.runs.of_study(name, configs=False)):
        for factor, choice in run.choices_json.items():
            bounds = ranges.get(factor)
            if bounds and isinstance(choice, int | float) and not bounds["low"] <= choice <= bounds["high"]:
                limits = f"{numbers.text(bounds['low'])} to {numbers.text(bounds['high'])}"
                told = f"run {run.id} has {factor} = {choice!r}, outside of {limits}"
                yield Finding("out_of_range", f"{told}: it is kept, and is not confirmed or carried out again")
    if not any(run.trial_number is not None for run in runs):
        return
    with closing(_trial_states(database, storage, name)) as states:
        for number, outside in states.outside().items():
            values = ", ".join(f"{factor} = {choice!r}" for factor, choice in outside.items())
            told = f"trial {number} has {values} in Optuna's tables, outside of what may be chosen"
            yield Finding("out_of_range", f"{told}: the search goes on without that")


def _states(database: Database, storage: str, name: str, *, driven: bool) -> Iterator[Finding]:
    """Trials whose state in Optuna's tables is not that of their run."""
    runs = [run for run in database.runs.of_study(name) if run.trial_number is not None]
    if not runs:
        return
    with closing(_trial_states(database, storage, name)) as states:
        to_come = [run for run in runs if states.to_come(run)]
        if to_come and not driven:
            numbers = _numbers(to_come)
            yield Finding("trial_state", f"Optuna has no trials of {len(to_come)} runs; a search adds them: {numbers}")
        for run in runs:
            said = None if states.to_come(run) else states.disagreement(run)
            if said is None or (driven and run.status not in ENDED):
                continue
            message = f"run {run.id} is {run.status}, Optuna {said} of its trial {run.trial_number}"
            if not states.can_mend(run):
                if run.status in ENDED:
                    yield Finding("trial_state", message)
                continue
            yield Finding("trial_state", message, _teller(states, run))


def _trial_states(database: Database, storage: str, name: str) -> TrialStates:
    from study.trial_states import TrialStates  # Optuna

    settings = database.studies.require(name).settings_json
    return TrialStates(
        storage,
        name,
        objectives=settings.get("objectives", ("score",)),
        pauses=settings.get("pruner") == "asha",
        metrics_of=database.metrics.of_run,
    )


def _numbers(runs: Sequence[RunRow]) -> str:
    return ", ".join(str(run.id) for run in runs[:10])


def _teller(states: TrialStates, run: RunRow) -> Callable[[], str]:
    def tell() -> str:
        states.mend(run)
        return "told Optuna how the run ended"

    return tell


def _logs(database: Database, name: str) -> Iterator[Finding]:
    """Logs that are empty, or of runs that the study does not have."""
    folder = Path(str(database.studies.require(name).settings_json.get("out", "runs"))) / name
    logs, known = folder / run_log.LOGS, {run.id for run in database.runs.of_study(name)}
    found = run_log.stray(logs, known) if trust.is_study_folder(folder, name) else []
    if found:

        def delete() -> str:
            return f"deleted {run_log.clear_up(logs, known)}"

        numbers = ", ".join(path.name for path in found[:10])
        yield Finding("stray_logs", f"{len(found)} logs in {logs} are empty or of no run: {numbers}", delete)


def _artifacts(database: Database, name: str) -> Iterator[Finding]:
    """Files that a study which is done should have."""
    study = database.studies.require(name)
    noted = study.decisions_json.get(STORE)
    if noted is not None and not Path(noted["folder"]).is_dir():
        yield Finding("missing_store", f"the stage store {noted['folder']} is gone; what is needed is computed again")
    if study.status != "done" or "out" not in study.settings_json:  # ours always say where
        return
    settings = Settings.from_json(study.settings_json)
    folder = Path(settings.out) / name
    if "report" not in settings.phases:
        return

    def write() -> str:
        from results.export import write_tables_of
        from results.outcome import outcome
        from results.report import write_report_of

        folder.mkdir(parents=True, exist_ok=True)
        found = outcome(database, name)
        write_tables_of(found, folder / "tables")
        write_report_of(found, folder / "report.html")
        return f"written again from the database: {folder}"

    missing = [part for part in ("report.html", "tables") if not (folder / part).exists()]
    if missing:
        told = f"{' and '.join(missing)} are not in {folder}"
        if trust.is_study_folder(folder, name):
            yield Finding("missing_artifact", told, write)
        else:  # the database alone says that it is
            again = f"python -m results.report --name {name} --out PATH"
            yield Finding("missing_artifact", f"{told}, where no launch was logged; write them elsewhere: {again}")
    if study.decisions_json.get("best") is not None and not (folder / "best").is_dir() and settings.trainer == "mtbert":
        again = f"python -m study.launch --name {name}"
        yield Finding("missing_artifact", f"the best model is not in {folder}; train it again: {again}")
