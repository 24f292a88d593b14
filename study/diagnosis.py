"""Faults in a study's records, found by comparing them with each other; and their repair.

A finished run is never deleted or changed. The faults are those that a killed driver leaves.
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
    """Something that is wrong: its kind, in words, what repairs it (None: nothing here can), and what that has done.

    `{}` in `done` is what `repair` returns.
    """

    kind: str
    message: str
    repair: Callable[[], object] | None = None
    done: str = ""

    def as_json(self, *, fix: bool) -> dict[str, object]:
        """Return the finding as data, repaired if `fix` and where it can be."""
        done = self.done.format(self.repair()) if fix and self.repair is not None else None
        return {"kind": self.kind, "message": self.message, "fixable": self.repair is not None, "done": done}


def examine(storage: str, name: str, *, fix: bool) -> list[dict[str, object]]:
    """Return everything that is wrong with a study's records: kind, message, and what was done about it with `fix`."""
    version, columns = outdated(storage)
    found = []
    if version is not None:  # opening the database upgrades them
        message = f"the tables are of an older release (version {version})"
        found.append(Finding("old_schema", message, lambda: None, "upgraded; the runs are as they were"))
    if not fix and (found or columns):  # old tables would be upgraded by reading them, and bytes cannot be read
        return [finding.as_json(fix=False) for finding in [*found, *_bytes(columns, lambda: None)]]
    with open_database(storage, create=False, write=fix) as database:
        findings = chain(found, _bytes(columns, database.repair_bytes), _findings(database, storage, name))
        return [finding.as_json(fix=fix) for finding in findings]


def _bytes(columns: Sequence[ByteColumn], repair: Callable[[], object]) -> Iterator[Finding]:
    """Find numbers that are bytes: a trainer gave numpy's, and an older release wrote them as they were."""
    if columns:
        where = ", ".join(f"{each.rows} in {each.table}.{each.column}" for each in columns)
        message = f"numbers are stored as bytes, which nothing can read: {where}"
        yield Finding("bytes_for_numbers", message, repair, "made numbers of {} values")


def _findings(database: Database, storage: str, name: str) -> Iterator[Finding]:
    """Find what is wrong, one by one: later ones see the repairs of earlier ones."""
    study, driver = database.studies.require(name), database.leases.live(name)
    if driver is not None:
        yield Finding("driven", f"{driver.owner} is running it: runs and trials in progress are not checked")
    else:
        yield from _left_by_a_driver(database, storage, study)
        yield from _logs(database, study)
    yield from _out_of_range(database, storage, study)
    yield from _states(database, storage, study, driven=driver is not None)
    yield from _files(database, study)


def _left_by_a_driver(database: Database, storage: str, study: StudyRow) -> Iterator[Finding]:
    """Find a lease and running runs, with nobody at work."""
    name = study.study_name
    left, running = database.leases.find(name), database.runs.of_study(name, status="running")
    if left is not None:
        forget = partial(database.leases.forget, name)
        yield Finding("dead_lease", f"{left.owner} holds the lease and is gone", forget, "deleted the lease")
    if study.status == "running" and (left is not None or running):
        mark = partial(database.studies.update, name, status="interrupted")
        message = f"the study is 'running' and its driver is gone; resume it: {resume_command(study, storage)}"
        yield Finding("interrupted_study", message, mark, "marked as interrupted")
    if running:
        message = f"{len(running)} runs are 'running' and nobody runs them: {_numbers(running)}"
        done = "marked {} as interrupted; a launch runs them again"
        yield Finding("zombie_runs", message, partial(database.runs.interrupt_running, name), done)


def _out_of_range(database: Database, storage: str, study: StudyRow) -> Iterator[Finding]:
    """Find numbers of runs and of trials outside of their ranges: they are kept, and left out of what is run next."""
    ranges = {factor["name"]: factor["range"] for factor in study.space_json.get("factors", []) if factor.get("range")}
    for run in (runs := database.runs.of_study(study.study_name, configs=False)):
        for factor, choice in run.choices_json.items():
            bounds = ranges.get(factor)
            if bounds and isinstance(choice, int | float) and not bounds["low"] <= choice <= bounds["high"]:
                limits = f"{numbers.text(bounds['low'])} to {numbers.text(bounds['high'])}"
                message = f"run {run.id} has {factor} = {choice!r}, outside of {limits}"
                yield Finding("out_of_range", f"{message}: it is kept, and is not confirmed or run again")
    if not any(run.trial_number is not None for run in runs):
        return
    with closing(_trial_states(database, storage, study)) as states:
        for number, outside in states.outside().items():
            values = ", ".join(f"{factor} = {choice!r}" for factor, choice in outside.items())
            message = f"trial {number} has {values} in Optuna's tables, outside of what may be chosen"
            yield Finding("out_of_range", f"{message}: the search leaves it out")


def _states(database: Database, storage: str, study: StudyRow, *, driven: bool) -> Iterator[Finding]:
    """Find trials whose state in Optuna's tables is not that of their run."""
    runs = [run for run in database.runs.of_study(study.study_name) if run.trial_number is not None]
    if not runs:
        return
    with closing(_trial_states(database, storage, study)) as states:
        to_come = [run for run in runs if states.to_come(run)]
        if to_come and not driven:
            message = f"Optuna has no trials of {len(to_come)} runs; a search adds them: {_numbers(to_come)}"
            yield Finding("trial_state", message)
        for run in runs:
            said = None if states.to_come(run) else states.disagreement(run)
            if said is None or (driven and run.status not in ENDED):
                continue
            message = f"run {run.id} is {run.status}, Optuna {said} of its trial {run.trial_number}"
            if states.can_mend(run):
                yield Finding("trial_state", message, partial(states.mend, run), "told Optuna how the run ended")
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


def _numbers(runs: Sequence[RunRow]) -> str:
    return ", ".join(str(run.id) for run in runs[:10])


def _logs(database: Database, study: StudyRow) -> Iterator[Finding]:
    """Find logs that are empty, or of runs that the study does not have."""
    folder = Path(str(study.settings_json.get("out", "runs"))) / study.study_name
    logs, known = folder / run_log.LOGS, {run.id for run in database.runs.of_study(study.study_name, configs=False)}
    found = run_log.stray(logs, known) if trust.is_study_folder(folder, study.study_name) else []
    if found:
        names = ", ".join(path.name for path in found[:10])
        message = f"{len(found)} logs in {logs} are empty or of no run: {names}"
        yield Finding("stray_logs", message, partial(run_log.clear_up, logs, known), "deleted {}")


def _files(database: Database, study: StudyRow) -> Iterator[Finding]:
    """Find files that a study which is done should have, and has not."""
    name, noted = study.study_name, study.decisions_json.get(STORE)
    if noted is not None and not Path(noted["folder"]).is_dir():
        yield Finding("missing_store", f"the stage store {noted['folder']} is gone; what is needed is computed again")
    if study.status != "done" or "out" not in study.settings_json:  # ours always say where
        return
    settings = Settings.from_json(study.settings_json)
    folder = Path(settings.out) / name
    if "report" not in settings.phases:
        return
    missing = [part for part in ("report.html", "tables") if not (folder / part).exists()]
    if missing:
        message = f"{' and '.join(missing)} are not in {folder}"
        if trust.is_study_folder(folder, name):
            write = partial(_write_report, database, name, folder)
            yield Finding("missing_artifact", message, write, "written again from the database: {}")
        else:  # the database alone says that it is
            again = f"python -m results.report --name {name} --out PATH"
            yield Finding("missing_artifact", f"{message}, where no launch was logged; write them elsewhere: {again}")
    if study.decisions_json.get("best") is not None and not (folder / "best").is_dir() and settings.trainer == "mtbert":
        again = f"python -m study.launch --name {name}"
        yield Finding("missing_artifact", f"the best model is not in {folder}; train it again: {again}")


def _write_report(database: Database, name: str, folder: Path) -> Path:
    from results.export import write_tables_of
    from results.report import write_report_of
    from results.report.content import outcome

    folder.mkdir(parents=True, exist_ok=True)
    found = outcome(database, name)
    write_tables_of(found, folder / "tables")
    write_report_of(found, folder / "report.html")
    return folder
