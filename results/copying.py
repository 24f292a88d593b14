"""Runs of one study copied into another, with everything that was measured of them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import insert, literal, select
from sqlalchemy.orm import Session

from results import schema
from results.errors import RecordError
from results.rows import RunCopy

MEASURED = (schema.EpochMetric, schema.TaskMetric, schema.Prediction, schema.Stage)


def copy_runs(session: Session, study_name: str, copies: Sequence[RunCopy]) -> None:
    """Insert the runs into the study, in this order. The runs themselves stay where they are."""
    columns = [column.key for column in schema.Run.__table__.columns if column.key != "id"]
    for copy in copies:
        old = session.get(schema.Run, copy.run_id)
        if old is None:
            raise RecordError(f"There is no run {copy.run_id} to copy.")
        values = {column: getattr(old, column) for column in columns}
        own = {"study_name": study_name, "trial_number": copy.trial_number, "choices_json": copy.choices_json}
        new = schema.Run(**{**values, **own})
        session.add(new)
        session.flush()
        for table in MEASURED:
            names = [column.key for column in table.__table__.columns]
            wanted = [literal(new.id) if name == "run_id" else getattr(table, name) for name in names]
            session.execute(insert(table).from_select(names, select(*wanted).where(table.run_id == old.id)))
