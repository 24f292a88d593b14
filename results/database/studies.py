"""The rows of a study as a whole: its settings, decisions, cells and data."""

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
    """The columns of a study that may change after its first launch."""

    status: str
    command: str
    settings_json: JsonObject
    decisions_json: JsonObject
    data_json: JsonObject
    tasks_json: JsonObject
    config_version: int
    data_fingerprint: str


class Studies(AbstractPart):
    """The studies by name."""

    @reads
    def names(self, session: Session) -> list[str]:
        """Return the names of all studies, oldest first."""
        return _names(session)

    @reads
    def find(self, session: Session, name: str) -> StudyRow | None:
        """Return the study, or None."""
        study = session.get(schema.StudyMeta, name)
        return None if study is None else row_from(StudyRow, study)

    @reads
    def require(self, session: Session, name: str) -> StudyRow:
        """Return the study.

        Raises:
            UnknownStudy: there is none of that name; the message suggests a similar one.
        """
        return row_from(StudyRow, self._require(session, name))

    @writes_once
    def create(self, session: Session, study: StudyRow, copies: Sequence[RunCopy] = ()) -> None:
        """Insert the study, with the passwords in its command masked, and copies of other studies' runs.

        Raises:
            RecordError: there is a study of that name, or no run to copy.
        """
        if session.get(schema.StudyMeta, study.study_name) is not None:
            raise RecordError(f"There is already a study named '{study.study_name}'.")
        session.add(schema.StudyMeta(**{**values_of(study), "command": url.mask(study.command)}))
        session.flush()
        for copy in copies:
            _copy_run(session, study.study_name, copy)

    @writes
    def decide(self, session: Session, name: str, changes: Mapping[str, Any]) -> None:
        """Update the study's decisions; None removes one. Concurrent updates are not lost.

        Raises:
            UnknownStudy: there is no study of that name.
        """
        study = self._require(session, name, for_update=True)
        decisions = {**study.decisions_json, **changes}
        study.decisions_json = {key: value for key, value in decisions.items() if value is not None}

    @writes
    def update(self, session: Session, name: str, **changes: Unpack[StudyChanges]) -> None:
        """Replace columns of the study, with the passwords in a command masked.

        Raises:
            UnknownStudy: there is no study of that name.
        """
        study = self._require(session, name)
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
        """Replace the study's space and decisions, and the choices of runs by id and of cells by (phase, name)."""
        name, table = study.study_name, schema.StudyMeta
        changes = {key: getattr(study, key) for key in ("space", "goal", "space_json", "decisions_json")}
        session.execute(update(table).where(table.study_name == name).values(changes))
        for run_id, choices in run_choices.items():
            session.execute(update(schema.Run).filter_by(id=run_id, study_name=name).values(choices_json=choices))
        for (phase, cell), choices in cell_choices.items():
            cells = update(schema.Cell).filter_by(study_name=name, phase=phase, name=cell)
            session.execute(cells.values(choices_json=choices))

    @writes
    def replace_cells(self, session: Session, name: str, phase: Phase, cells: Sequence[Cell]) -> None:
        """Replace the cells of a phase, e.g. after a change of the best."""
        table = schema.Cell
        session.execute(delete(table).where(table.study_name == name, table.phase == phase))
        session.add_all(table(study_name=name, **values_of(cell)) for cell in cells)

    @reads
    def cells(self, session: Session, name: str, phase: Phase | None = None) -> list[Cell]:
        """Return the cells of the study or of one phase, ordered by phase, position and name."""
        table = schema.Cell
        query = select(table).filter_by(study_name=name, **({} if phase is None else {"phase": phase}))
        ordered = query.order_by(table.phase, table.position, table.name)
        return [row_from(Cell, cell) for cell in session.scalars(ordered)]

    @writes
    def add_data_issues(self, session: Session, name: str, issues: Sequence[IssueRow]) -> None:
        """Insert the invalid rows of the data, in order, unless the study already has some."""
        if session.scalar(select(schema.DataIssue.id).filter_by(study_name=name).limit(1)) is None:
            session.add_all(schema.DataIssue(study_name=name, **values_of(issue)) for issue in issues)

    @reads
    def data_issues(self, session: Session, name: str) -> list[IssueRow]:
        """Return the invalid rows of the data in the order of detection."""
        query = select(schema.DataIssue).filter_by(study_name=name).order_by(schema.DataIssue.id)
        return [row_from(IssueRow, issue) for issue in session.scalars(query)]

    @writes
    def add_examples(self, session: Session, name: str, examples: Sequence[ExampleRow]) -> None:
        """Insert the dev examples of tasks that the study lacks, or has without their rarest words."""
        table = schema.Example
        stored = select(table.task, table.example_ids_sha256).filter_by(study_name=name)
        complete = {(task, ids) for task, ids in session.execute(stored.where(table.rarest.is_not(None)).distinct())}
        new = [example for example in examples if (example.task, example.example_ids_sha256) not in complete]
        for task, ids in {(example.task, example.example_ids_sha256) for example in new}:  # an older release's rows
            session.execute(delete(table).filter_by(study_name=name, task=task, example_ids_sha256=ids))
        if new:
            session.execute(insert(table), [{"study_name": name, **values_of(example)} for example in new])

    def _require(self, session: Session, name: str, *, for_update: bool = False) -> schema.StudyMeta:
        study = session.get(schema.StudyMeta, name, with_for_update=for_update or None)
        if study is None:
            raise UnknownStudy(name, _names(session), self._sessions.shown_url)
        return study


def _names(session: Session) -> list[str]:
    order = (schema.StudyMeta.created_at, schema.StudyMeta.study_name)
    return list(session.scalars(select(schema.StudyMeta.study_name).order_by(*order)))


def _copy_run(session: Session, study_name: str, copy: RunCopy) -> None:
    """Insert a copy of another study's run with all its measurements."""
    old = session.get(schema.Run, copy.run_id)
    if old is None:
        raise RecordError(f"Run {copy.run_id} does not exist and cannot be copied.")
    values = {column.key: getattr(old, column.key) for column in schema.Run.__table__.columns if column.key != "id"}
    changes = {"study_name": study_name, "trial_number": copy.trial_number, "choices_json": copy.choices_json}
    new = schema.Run(**{**values, **changes})
    session.add(new)
    session.flush()
    for table in schema.MEASURED:
        names = [column.key for column in table.__table__.columns]
        columns = [literal(new.id) if name == "run_id" else getattr(table, name) for name in names]
        session.execute(insert(table).from_select(names, select(*columns).where(table.run_id == old.id)))
