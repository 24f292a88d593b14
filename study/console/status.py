"""The output of `study.status`: a study's runs by phase and state, its driver, and its failures; or all studies."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from results.database.database import Database, open_database
from results.database.rows import RunRow, StudyRow
from results.errors import RecordError
from results.measurements.custom_trainer import custom_trainer
from results.measurements.stages import stage_costs
from search_spaces.output import plain
from study.console.resume_command import resume_command
from study.console.terminal import columns, label
from study.engines import run_log
from study.provenance import store_note, trust

STATES = ("complete", "pruned", "failed", "interrupted", "running")


def read(storage: str, name: str | None) -> dict[str, Any]:
    """Return the status of one study, or of all of them, as JSON data.

    Raises:
        ResultsError: there is no such database or study.
    """
    with open_database(storage, create=False) as database:
        if name is None:
            studies = [_head(database, each) for each in database.studies.names()]
            return {"storage": database.shown_url, "studies": studies}
        return _whole(database, name, storage)


def show(data: dict[str, Any], console: Console, *, failed: bool) -> None:
    """Print the data of `read`; with `failed`, only the failed runs."""
    if "studies" in data:
        _show_list(data, console)
    elif failed:
        _show_failed(data, console)
    else:
        _show_one(data, console)


def _head(database: Database, name: str) -> dict[str, Any]:
    study, runs = database.studies.require(name), database.runs.of_study(name)
    driver = database.leases.live(name)
    counts: Counter[str] = Counter(_state(run, driver is not None) for run in runs)
    return {
        "study": name,
        "space": study.space,
        "data": study.data_source,
        "backbone": study.backbone,
        "trainer": custom_trainer(study),
        "status": "interrupted" if study.status == "running" and driver is None else study.status,
        "driver": None if driver is None else driver.owner,
        "runs": len(runs),
        **{state: counts[state] for state in STATES},
    }


def _state(run: RunRow, driven: bool) -> str:
    """Return a run's status; a running one without a driver is interrupted."""
    return "interrupted" if run.status == "running" and not driven else run.status


def _whole(database: Database, name: str, storage: str) -> dict[str, Any]:
    head, runs = _head(database, name), database.runs.of_study(name)
    driven = head["driver"] is not None
    phases = dict.fromkeys(run.phase for run in runs)
    study = database.studies.require(name)
    costs = replace(stage_costs(database, name), store=store_note.read(study))
    return {
        **head,
        "storage": database.shown_url,
        **costs.as_json(),
        "stages": costs.sentence(),
        "resume": resume_command(study, storage) if head["status"] == "interrupted" else None,
        "phases": {p: dict(Counter(_state(run, driven) for run in runs if run.phase == p)) for p in phases},
        "running_runs": [_run(run, study) for run in runs if _state(run, driven) == "running"],
        "failed_runs": [_run(run, study) for run in runs if run.status == "failed"],
    }


def _run(run: RunRow, study: StudyRow) -> dict[str, Any]:
    log = _log_of(study, run.id)
    return {
        "run": run.id,
        "phase": run.phase,
        "seed": run.seed,
        "choices": run.choices_json,
        "reason": run.reason,
        "detail": run.detail,
        "started_at": run.started_at.isoformat(),
        "log": None if log is None else str(log),
    }


def _show_list(data: dict[str, Any], console: Console) -> None:
    if not data["studies"]:
        console.print(f"{data['storage']} has no studies yet. Launch one: python -m study.launch")
        return
    texts, rest = ("study", "space", "data", "backbone"), ("status", "runs", "failed")
    table = columns(*texts, *rest, right=("runs", "failed"), wrap=texts)
    for study in data["studies"]:
        table.add_row(*(label(str(study[key])) for key in texts), *(str(study[key]) for key in rest))
    console.print(table)


def _show_one(data: dict[str, Any], console: Console) -> None:
    driver = f"driven by {data['driver']}" if data["driver"] else "not running"
    console.print(f"{data['study']}  {data['status']}, {driver}", markup=False)
    model = f"trainer {data['trainer']}" if data["trainer"] else f"data {data['data']}   backbone {data['backbone']}"
    console.print(f"space {data['space']}   {model}", markup=False)
    table = columns("phase", *STATES, right=STATES)
    for phase, counts in data["phases"].items():
        table.add_row(phase, *(str(counts.get(state, 0)) for state in STATES))
    console.print(table)
    if data["stage_seconds_run"] or data["stage_seconds_saved"]:
        console.print(data["stages"], markup=False)
    if data["running_runs"]:
        console.print(_running(data["running_runs"]))
    if data["resume"]:
        console.print(f"Resume it: {data['resume']}", markup=False, soft_wrap=True)
    if data["failed_runs"]:
        command = f"python -m study.status --name {data['study']} --failed"
        console.print(f"{len(data['failed_runs'])} failed: {command}", markup=False, soft_wrap=True)


def _running(runs: list[dict[str, Any]]) -> Table:
    table = columns("running", "phase", "seed", "choices", right=("running", "seed"), wrap=("choices",))
    for run in runs:
        table.add_row(str(run["run"]), run["phase"], str(run["seed"]), label(_choices(run)))
    return table


def _choices(run: dict[str, Any]) -> str:
    return ", ".join(f"{key}={value}" for key, value in run["choices"].items())


def _show_failed(data: dict[str, Any], console: Console) -> None:
    if not data["failed_runs"]:
        console.print("No run has failed.")
    for run in data["failed_runs"]:
        console.print(
            f"run {run['run']}  {run['phase']}  seed {run['seed']}  {run['reason']}: {run['detail']}",
            markup=False,
        )
        console.print(Padding(Text(plain(_choices(run))), (0, 0, 0, 2)))
        if run["log"]:
            command = f"python -m study.status --name {data['study']} --log {run['run']}"
            console.print(f"  log {run['log']}   {command}", markup=False, soft_wrap=True)


def read_log(storage: str, name: str, run_id: int) -> dict[str, Any]:
    """Return the log of a run as JSON data; `log` and `text` are None if it is not on this machine.

    Raises:
        ResultsError: there is no such study, or no such run in it.
    """
    with open_database(storage, create=False) as database:
        study = database.studies.require(name)
        run = next((run for run in database.runs.of_study(name) if run.id == run_id), None)
    if run is None:
        raise RecordError(
            f"Study '{name}' has no run {run_id}. List its failed runs: python -m study.status --name {name} --failed"
        )
    path = _log_of(study, run_id)
    text = None if path is None else run_log.shown(path.read_bytes())
    return {"study": name, "run": run_id, "host": run.host, "log": None if path is None else str(path), "text": text}


def log_text(data: dict[str, Any]) -> str:
    """Return the log's text, or a sentence why there is none."""
    elsewhere = f", or its log is on the machine where it ran, {data['host']}" if data["host"] else ""
    return data["text"] or f"Run {data['run']} of study '{data['study']}' has written nothing{elsewhere}."


def _log_of(study: StudyRow, run_id: int) -> Path | None:
    """Return the path of a run's log; None if the study's folder on this machine has none."""
    folder = Path(str(study.settings_json.get("out", "runs"))) / study.study_name
    path = run_log.path_of(folder / run_log.LOGS, run_id)
    return path if trust.is_study_folder(folder, study.study_name) and path.is_file() else None
