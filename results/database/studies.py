"""The rows that belong to a study as a whole: its settings and decisions, its cells, its data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, Unpack

from sqlalchemy import delete, insert, literal, select, update
from sqlalchemy.orm import Session

from results.database import schema, url
from results.database.rows import Cell, ExampleRow, IssueRow, JsonObject, Phase, RunCopy, StudyRow, row_from, values_of
from results.database.sessions import AbstractPart, reads, writes, writes_once
from results.errors import RecordError, UnknownStudy


class StudyChanges(TypedDict, total=False):
    """The columns of a study that change after its first launch."""

    status: str
    command: str
    settings_json: JsonObject
    decisions_json: JsonObject
    data_json: JsonObject
    tasks_json: JsonObject
    config_version: int
    data_fingerprint: str


class Studies(AbstractPart):
    """The studies by name. A method given an unknown name raises UnknownStudy where it says so."""

    @reads
    def names(self, session: Session) -> list[str]:
        """Return all names, of the oldest study first."""
        return _names(session)

    @reads
    def find(self, session: Session, name: str) -> StudyRow | None:
        """Return the study, or None."""
        found = session.get(schema.StudyMeta, name)
        return None if found is None else row_from(StudyRow, found)

    @reads
    def require(self, session: Session, name: str) -> StudyRow:
        """Return the study; UnknownStudy, with the most similar name, when there is none."""
        found = session.get(schema.StudyMeta, name)
        return row_from(StudyRow, self._known(session, name, found))

    @writes_once
    def create(self, session: Session, study: StudyRow, copies: Sequence[RunCopy] = ()) -> None:
        """Insert the study, with passwords in its command masked, and copies of other studies' runs.

        RecordError when there is a study of that name.
        """
        if session.get(schema.StudyMeta, study.study_name) is not None:
            raise RecordError(f"There is a study named '{study.study_name}' already.")
        session.add(schema.StudyMeta(**{**values_of(study), "command": url.mask(study.command)}))
        session.flush()
        for copy in copies:
            _copy_run(session, study.study_name, copy)

    @writes
    def decide(self, session: Session, name: str, decided: Mapping[str, Any]) -> None:
        """Add `decided` to the study's decisions and keep the others; None removes one.

        What another process decides at the same time is not lost. UnknownStudy when there is none of that name.
        """
        study = self._known(session, name, session.get(schema.StudyMeta, name, with_for_update=True))
        changed = {**study.decisions_json, **decided}
        study.decisions_json = {key: value for key, value in changed.items() if value is not None}

    @writes
    def update(self, session: Session, name: str, **changes: Unpack[StudyChanges]) -> None:
        """Replace the columns that are given, with passwords in a command masked. UnknownStudy."""
        study = self._known(session, name, session.get(schema.StudyMeta, name))
        for column, value in changes.items():
            setattr(study, column, url.mask(str(value)) if column == "command" else value)

    @writes
    def evolve(
        self,
        session: Session,
        study: StudyRow,
        run_choices: Mapping[int, JsonObject],
        cell_choices: Mapping[tuple[str, str], JsonObject],
    ) -> None:
        """Replace the study's space and decisions, and the choices of its runs and cells.

        `run_choices` by run, `cell_choices` by phase and name of the cell.
        """
        name, table = study.study_name, schema.StudyMeta
        changes = {key: getattr(study, key) for key in ("space", "goal", "space_json", "decisions_json")}
        session.execute(update(table).where(table.study_name == name).values(changes))
        for run_id, choices in run_choices.items():
            where = (schema.Run.id == run_id, schema.Run.study_name == name)
            session.execute(update(schema.Run).where(*where).values(choices_json=choices))
        for (phase, cell), choices in cell_choices.items():
            found = (schema.Cell.study_name == name, schema.Cell.phase == phase, schema.Cell.name == cell)
            session.execute(update(schema.Cell).where(*found).values(choices_json=choices))

    @writes
    def replace_cells(self, session: Session, name: str, phase: Phase, cells: Sequence[Cell]) -> None:
        """Replace the cells of a phase (its best may have changed)."""
        table = schema.Cell
        session.execute(delete(table).where(table.study_name == name, table.phase == phase))
        session.add_all(table(study_name=name, **values_of(cell)) for cell in cells)

    @reads
    def cells(self, session: Session, name: str, phase: Phase | None = None) -> list[Cell]:
        """Return the cells of the study (of one phase) by phase, position and name."""
        table = schema.Cell
        wanted = select(table).filter_by(study_name=name, **({} if phase is None else {"phase": phase}))
        return [
            row_from(Cell, cell) for cell in session.scalars(wanted.order_by(table.phase, table.position, table.name))
        ]

    @writes
    def add_data_issues(self, session: Session, name: str, issues: Sequence[IssueRow]) -> None:
        """Insert the faulty rows of the data, in the order given, unless the study has them already."""
        if session.scalar(select(schema.DataIssue.id).filter_by(study_name=name).limit(1)) is None:
            session.add_all(schema.DataIssue(study_name=name, **values_of(issue)) for issue in issues)

    @reads
    def data_issues(self, session: Session, name: str) -> list[IssueRow]:
        """Return the faulty rows of the data, in the order they were found."""
        wanted = select(schema.DataIssue).filter_by(study_name=name).order_by(schema.DataIssue.id)
        return [row_from(IssueRow, issue) for issue in session.scalars(wanted)]

    @writes
    def add_examples(self, session: Session, name: str, examples: Sequence[ExampleRow]) -> None:
        """Insert the dev examples of the tasks that the study lacks, or has without their rarest words."""
        table = schema.Example
        known = select(table.task, table.example_ids_sha256).filter_by(study_name=name)
        there = {(task, ids) for task, ids in session.execute(known.where(table.rarest.is_not(None)).distinct())}
        new = [one for one in examples if (one.task, one.example_ids_sha256) not in there]
        for task, ids in {(one.task, one.example_ids_sha256) for one in new}:  # what an older release wrote of them
            session.execute(delete(table).filter_by(study_name=name, task=task, example_ids_sha256=ids))
        if new:
            session.execute(insert(table), [{"study_name": name, **values_of(one)} for one in new])

    def _known(self, session: Session, name: str, found: schema.StudyMeta | None) -> schema.StudyMeta:
        if found is None:
            raise UnknownStudy(name, _names(session), self._sessions.shown_url)
        return found


def _names(session: Session) -> list[str]:
    order = (schema.StudyMeta.created_at, schema.StudyMeta.study_name)
    return list(session.scalars(select(schema.StudyMeta.study_name).order_by(*order)))


def _copy_run(session: Session, study_name: str, copy: RunCopy) -> None:
    """Insert a run of another study with everything that was measured of it. The run itself stays where it is."""
    old = session.get(schema.Run, copy.run_id)
    if old is None:
        raise RecordError(f"There is no run {copy.run_id} to copy.")
    values = {column.key: getattr(old, column.key) for column in schema.Run.__table__.columns if column.key != "id"}
    own = {"study_name": study_name, "trial_number": copy.trial_number, "choices_json": copy.choices_json}
    new = schema.Run(**{**values, **own})
    session.add(new)
    session.flush()
    for table in schema.MEASURED:
        names = [column.key for column in table.__table__.columns]
        wanted = [literal(new.id) if name == "run_id" else getattr(table, name) for name in names]
        session.execute(insert(table).from_select(names, select(*wanted).where(table.run_id == old.id)))
