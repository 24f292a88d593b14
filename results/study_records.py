"""Rows that belong to a study as a whole: its cells and the environments its runs ran in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from results import schema
from results.rows import Cell, EnvironmentRow, ExampleRow, JsonObject, Phase, StudyRow, values_of


def replace_cells(session: Session, study_name: str, phase: Phase, cells: Sequence[Cell]) -> None:
    """What a phase asks for, in place of what it asked for before."""
    table = schema.Cell
    session.execute(delete(table).where(table.study_name == study_name, table.phase == phase))
    session.add_all(table(study_name=study_name, **values_of(cell)) for cell in cells)


def evolve(
    session: Session,
    study: StudyRow,
    run_choices: Mapping[int, JsonObject],
    cell_choices: Mapping[tuple[str, str], JsonObject],
) -> None:
    """What the study says of its space and its decisions, and the choices of runs and cells in it."""
    name, table = study.study_name, schema.StudyMeta
    told = {key: getattr(study, key) for key in ("space", "goal", "space_json", "decisions_json")}
    session.execute(update(table).where(table.study_name == name).values(told))
    for run_id, choices in run_choices.items():
        where = (schema.Run.id == run_id, schema.Run.study_name == name)
        session.execute(update(schema.Run).where(*where).values(choices_json=choices))
    for (phase, cell), choices in cell_choices.items():
        found = (schema.Cell.study_name == name, schema.Cell.phase == phase, schema.Cell.name == cell)
        session.execute(update(schema.Cell).where(*found).values(choices_json=choices))


def add_examples(session: Session, study_name: str, examples: Sequence[ExampleRow]) -> None:
    """Insert the examples of tasks and ids that the study does not have yet, or has without their rarest words."""
    table = schema.Example
    known = select(table.task, table.example_ids_sha256).filter_by(study_name=study_name)
    there = {(task, ids) for task, ids in session.execute(known.where(table.rarest.is_not(None)).distinct())}
    new = [one for one in examples if (one.task, one.example_ids_sha256) not in there]
    for task, ids in {(one.task, one.example_ids_sha256) for one in new}:  # what an older release wrote of them
        session.execute(delete(table).filter_by(study_name=study_name, task=task, example_ids_sha256=ids))
    if new:
        session.execute(insert(table), [{"study_name": study_name, **values_of(one)} for one in new])


def environment_id(session: Session, environment: EnvironmentRow) -> int:
    """The id of the row with this content, written if it is new."""
    content = asdict(environment)
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    found = session.scalar(select(schema.Environment).filter_by(content_sha256=digest))
    if found is not None:
        return found.id
    try:
        with session.begin_nested():
            new = schema.Environment(content_sha256=digest, **content)
            session.add(new)
            session.flush()
            return new.id
    except IntegrityError:  # another study's driver has written it meanwhile
        return session.scalars(select(schema.Environment).filter_by(content_sha256=digest)).one().id
