"""What `study.status --log RUN` prints: the log of a run, and where the failed runs have theirs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from results.errors import RecordError
from results.records import open_database
from results.rows import StudyRow
from study import run_log, trust


def read(storage: str, name: str, run_id: int) -> dict[str, Any]:
    """The log of a run as JSON data; `log` and `text` are None where there is none here.

    Raises `ResultsError` where there is no such study, or no such run in it.
    """
    with open_database(storage, create=False) as database:
        study = database.studies.require(name)
        run = next((run for run in database.runs.of_study(name) if run.id == run_id), None)
    if run is None:
        raise RecordError(
            f"Study '{name}' has no run {run_id}. Its failed runs: python -m study.status --name {name} --failed"
        )
    path = log_of(study, run_id)
    text = None if path is None else run_log.shown(path.read_bytes())
    return {"study": name, "run": run_id, "host": run.host, "log": None if path is None else str(path), "text": text}


def told(data: dict[str, Any]) -> str:
    """The same for people."""
    if data["text"]:
        return str(data["text"])
    elsewhere = f", or its log is on another machine (it ran on {data['host']})" if data["host"] else ""
    return f"Run {data['run']} of study '{data['study']}' has written nothing{elsewhere}."


def log_of(study: StudyRow, run_id: int) -> Path | None:
    """Where a run's log is; None where there is none in the study's folder here."""
    folder = Path(str(study.settings_json.get("out", "runs"))) / study.study_name
    path = run_log.path_of(folder / run_log.LOGS, run_id)
    return path if trust.is_study_folder(folder, study.study_name) and path.is_file() else None
