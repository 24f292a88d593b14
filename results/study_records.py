"""Rows that belong to a study as a whole: its cells and the environments its runs ran in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from results import schema
from results.rows import Cell, EnvironmentRow, Phase, values_of


def replace_cells(session: Session, study_name: str, phase: Phase, cells: Sequence[Cell]) -> None:
    """What a phase asks for, in place of what it asked for before."""
    table = schema.Cell
    session.execute(delete(table).where(table.study_name == study_name, table.phase == phase))
    session.add_all(table(study_name=study_name, **values_of(cell)) for cell in cells)


def environment_id(session: Session, environment: EnvironmentRow) -> int:
    """The id of the row with this content, written if it is new."""
    content = asdict(environment)
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    found = session.scalar(select(schema.Environment).filter_by(content_sha256=digest))
    if found is None:
        found = schema.Environment(content_sha256=digest, **content)
        session.add(found)
        session.flush()
    return found.id
