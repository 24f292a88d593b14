"""Counts of a study's runs, and a hash that changes whenever its report would."""

from __future__ import annotations

import hashlib
from collections import Counter

from sqlalchemy import func, select

from results.database import schema
from results.database.database import Database


def run_counts(database: Database, name: str) -> Counter[str]:
    """Return status -> number of runs, without reading the runs."""
    run = schema.Run
    counted = select(run.status, func.count().label("runs")).where(run.study_name == name).group_by(run.status)
    return Counter({row["status"]: row["runs"] for row in database.select(counted)})


def fingerprint(database: Database, name: str) -> str:
    """Return a hash that changes whenever the report would; it is cheap, since rows are only counted.

    Raises:
        UnknownStudy: the database has no study of that name.
    """
    study = database.studies.require(name)
    run = schema.Run
    states = select(run.phase, run.status, func.count(), func.max(run.id), func.max(run.finished_at))
    states = states.where(run.study_name == name).group_by(run.phase, run.status)
    running = study.status == "running" and database.leases.live(name) is not None
    parts = [str(study), str(running), *sorted(str(row) for row in database.select(states))]
    count, cell, issue = select(func.count()), schema.Cell, schema.DataIssue
    for table in (schema.EpochMetric, schema.TaskMetric, schema.Stage):
        parts.append(str(database.select(count.select_from(table).join(run).where(run.study_name == name))))
    cells = select(cell.phase, cell.name, cell.config_digest).where(cell.study_name == name)
    parts += sorted(str(row) for row in database.select(cells))
    parts.append(str(database.select(count.select_from(issue).where(issue.study_name == name))))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
