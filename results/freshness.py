"""Whether what SQL knows of a study has changed since a report of it was made."""

from __future__ import annotations

import hashlib
import socket
from collections import Counter

from sqlalchemy import func, select

from results import schema
from results.records import Database


def run_counts(database: Database, name: str) -> Counter[str]:
    """Status -> how many runs have it; without reading the runs."""
    run = schema.Run
    counted = select(run.status, func.count().label("runs")).where(run.study_name == name).group_by(run.status)
    return Counter({row["status"]: row["runs"] for row in database.select(counted)})


def driven(database: Database, name: str) -> bool:
    """Whether a driver is at work on the study, as far as can be told from this machine."""
    return database.leases.live(name, socket.gethostname()) is not None


def fingerprint(database: Database, name: str) -> str:
    """Equal as long as nothing that a report shows has changed; some counts, so that asking often is cheap.

    `UnknownStudy` when the database has none of that name.
    """
    study = database.studies.require(name)
    run = schema.Run
    states = select(run.phase, run.status, func.count(), func.max(run.id), func.max(run.finished_at))
    states = states.where(run.study_name == name).group_by(run.phase, run.status)
    running = study.status == "running" and driven(database, name)  # a page says whether a launch is running it
    found = [str(study), str(running), *sorted(str(row) for row in database.select(states))]
    for table in (schema.EpochMetric, schema.TaskMetric, schema.Stage):
        rows = select(func.count()).select_from(table).join(run).where(run.study_name == name)
        found.append(str(database.select(rows)))
    cell, issue = schema.Cell, schema.DataIssue
    cells = select(cell.phase, cell.name, cell.config_digest).where(cell.study_name == name)
    found += sorted(str(row) for row in database.select(cells))
    found.append(str(database.select(select(func.count()).select_from(issue).where(issue.study_name == name))))
    return hashlib.sha256("\n".join(found).encode()).hexdigest()
