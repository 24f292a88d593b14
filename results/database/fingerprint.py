"""How many runs a study has, and whether anything in its report has changed since it was written."""

from __future__ import annotations

import hashlib
from collections import Counter

from sqlalchemy import func, select

from results.database import schema
from results.database.database import Database


def run_counts(database: Database, name: str) -> Counter[str]:
    """Return status -> how many runs have it, without reading the runs."""
    run = schema.Run
    counted = select(run.status, func.count().label("runs")).where(run.study_name == name).group_by(run.status)
    return Counter({row["status"]: row["runs"] for row in database.select(counted)})


def fingerprint(database: Database, name: str) -> str:
    """Return a hash that is equal as long as nothing in the report has changed; of counts, so that it is cheap.

    `UnknownStudy` when the database has none of that name.
    """
    study = database.studies.require(name)
    run = schema.Run
    states = select(run.phase, run.status, func.count(), func.max(run.id), func.max(run.finished_at))
    states = states.where(run.study_name == name).group_by(run.phase, run.status)
    # A page says whether a launch is running the study.
    running = study.status == "running" and database.leases.live(name) is not None
    found = [str(study), str(running), *sorted(str(row) for row in database.select(states))]
    for table in (schema.EpochMetric, schema.TaskMetric, schema.Stage):
        rows = select(func.count()).select_from(table).join(run).where(run.study_name == name)
        found.append(str(database.select(rows)))
    cell, issue = schema.Cell, schema.DataIssue
    cells = select(cell.phase, cell.name, cell.config_digest).where(cell.study_name == name)
    found += sorted(str(row) for row in database.select(cells))
    found.append(str(database.select(select(func.count()).select_from(issue).where(issue.study_name == name))))
    return hashlib.sha256("\n".join(found).encode()).hexdigest()
