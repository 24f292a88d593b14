"""The database of studies: the only code that opens it. Every method is one transaction, a driver's with its lease."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import Executable, create_engine, delete, func, select, update
from sqlalchemy.exc import NoSuchModuleError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from results import copying, lease, migrations, read_only, run_records, schema, storage_url, study_records
from results.byte_numbers import ByteColumn
from results.connecting import engine_options, plain_url
from results.errors import LeaseHeld, RecordError, StorageError, UnknownStudy
from results.reconnecting import lasting, lasting_once
from results.rows import (
    Cell,
    EnvironmentRow,
    ExampleRow,
    IssueRow,
    JsonObject,
    LeaseRow,
    MetricValue,
    NewRun,
    Phase,
    PredictionRow,
    RunCopy,
    RunResult,
    RunRow,
    RunStatus,
    Split,
    StageRow,
    StudyRow,
    row_from,
    utc_now,
    values_of,
)
from results.sessions import Sessions

__all__ = [
    "Cell",
    "Database",
    "EnvironmentRow",
    "ExampleRow",
    "IssueRow",
    "LeaseHeld",
    "LeaseRow",
    "MetricValue",
    "NewRun",
    "PredictionRow",
    "RecordError",
    "RunCopy",
    "RunResult",
    "RunRow",
    "StageRow",
    "StorageError",
    "StudyRow",
    "UnknownStudy",
    "byte_columns",
    "old_tables",
    "open_database",
    "open_if_there",
]


def open_database(url: str, *, create: bool = True, write: bool = False) -> Database:
    """Open the database at a SQLAlchemy URL and bring its tables to this release's version.

    `create=False` opens only a database that has studies: it makes no file and no tables. A SQLite file that may only
    be read is then read, one with an older release's tables as a copy, unless it is to `write`. StorageError,
    without a password, for a bad URL, an unreachable server, a missing driver, a file that is no database, a
    folder that cannot be written, and tables written by a newer release.
    """
    sessions = _sessions(url, create=create, write=write)
    try:
        if sessions.read_only and sessions.version() in migrations.known_versions() - {migrations.HEAD}:
            sessions.close()
            sessions = _sessions_of_copy(url)
        sessions.upgrade(create=create)
    except BaseException:
        sessions.close()
        raise
    return Database(sessions)


def open_if_there(url: str, *, upgrade: bool) -> Database | None:
    """Open a database that has studies; None where there is no file, or none of our tables in it. It makes neither.

    Without `upgrade` nothing is changed at all: StorageError for tables of an older release, which cannot be read as
    they are. Other StorageErrors as of `open_database`.
    """
    file = storage_url.sqlite_file(storage_url.parse_url(url))
    if file is not None and not file.exists():
        return None
    sessions = _sessions(url, create=False)
    try:
        version = sessions.version()
        if not upgrade and version in migrations.known_versions() - {migrations.HEAD}:
            raise StorageError(
                f"The tables of {sessions.shown_url} were written by an older release (version {version}): reading "
                "them would change them. Bring them up to date first: "
                "python -m study.doctor --name STUDY --storage URL --fix"
            )
        if version is not None:
            sessions.upgrade(create=False)
            return Database(sessions)
    except BaseException:
        sessions.close()
        raise
    sessions.close()
    return None


def old_tables(url: str) -> str | None:
    """The version of an older release that wrote the tables; None where they are this release's. Changes nothing."""
    sessions = _sessions(url, create=False)
    try:
        version = sessions.version()
    finally:
        sessions.close()
    return None if version in (None, migrations.HEAD) else version


def byte_columns(url: str) -> list[ByteColumn]:
    """The columns of a database that hold bytes in place of numbers, whatever release wrote it. Changes nothing."""
    sessions = _sessions(url, create=False)
    try:
        return sessions.byte_columns()
    finally:
        sessions.close()


def _sessions_of_copy(url: str) -> Sessions:
    """Of a copy of a file that may only be read; what is written into it is lost."""
    parsed = storage_url.parse_url(url)
    copy = read_only.copied(parsed)
    return Sessions(create_engine(copy, **engine_options(copy)), shown_url=storage_url.shown(parsed))


def _sessions(url: str, *, create: bool, write: bool = False) -> Sessions:
    parsed = storage_url.parse_url(url)
    if not create and not write and read_only.is_read_only(parsed):
        place = read_only.readable(parsed)
        options = {**engine_options(parsed), "poolclass": NullPool}  # a file may be replaced by a newer one
        return Sessions(create_engine(place, **options), shown_url=storage_url.shown(parsed), read_only=True)
    storage_url.require_writable(parsed)
    if create:
        storage_url.make_folder(parsed)
    else:
        storage_url.require_file(parsed)
    try:
        engine = create_engine(plain_url(parsed), **engine_options(parsed))
    except (NoSuchModuleError, ModuleNotFoundError) as fault:
        raise StorageError(
            f"{storage_url.shown(parsed)} needs a driver that is not installed ({fault}). "
            "Install it: pip install 'mtbert-study[postgres]'"
        ) from fault
    return Sessions(engine, shown_url=storage_url.shown(parsed))


class Database:
    """The rows of all studies behind one URL. Made by `open_database`; also a context manager."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._driving: dict[str, str] = {}  # study -> owner of the lease that was taken here
        self.shown_url, self.read_only = sessions.shown_url, sessions.read_only

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Give all connections back."""
        self._sessions.close()

    @contextmanager
    def _write(self) -> Iterator[Session]:
        """A transaction that writes. A driver's comes to nothing, with LeaseHeld, where its study is another's by now.

        It may have waited long for a server that was away; nobody takes the study over before it has ended.
        """
        with self._sessions.write() as session:
            for study_name, owner in self._driving.items():
                lease.require(session, study_name, owner)
            yield session

    def repair_bytes(self) -> int:
        """Make numbers of the bytes that stand in their place (`byte_numbers`); how many."""
        return self._sessions.repair_bytes()

    # Studies

    @lasting
    def study_names(self) -> list[str]:
        """All studies, the oldest first."""
        with self._sessions.read() as session:
            order = (schema.StudyMeta.created_at, schema.StudyMeta.study_name)
            return list(session.scalars(select(schema.StudyMeta.study_name).order_by(*order)))

    @lasting
    def study(self, name: str) -> StudyRow | None:
        """The study, or None."""
        with self._sessions.read() as session:
            found = session.get(schema.StudyMeta, name)
            return None if found is None else row_from(StudyRow, found)

    @lasting
    def require_study(self, name: str) -> StudyRow:
        """The study; UnknownStudy, naming the nearest, when there is none."""
        found = self.study(name)
        if found is None:
            raise UnknownStudy(name, self.study_names(), self.shown_url)
        return found

    @lasting_once
    def create_study(self, study: StudyRow, copies: Sequence[RunCopy] = ()) -> None:
        """Insert the study, passwords in its command masked; RecordError when one of that name is there.

        It begins with `copies` of other studies' runs.
        """
        with self._write() as session:
            if session.get(schema.StudyMeta, study.study_name) is not None:
                raise RecordError(f"There is a study named '{study.study_name}' already.")
            session.add(schema.StudyMeta(**{**values_of(study), "command": storage_url.mask(study.command)}))
            session.flush()
            copying.copy_runs(session, study.study_name, copies)

    @lasting
    def decide(self, name: str, decided: Mapping[str, Any]) -> None:
        """Put `decided` among the study's decisions, the others staying as they are; None takes one away.

        One transaction: what another process decides meanwhile is not lost. UnknownStudy when there is none of that
        name.
        """
        with self._write() as session:
            study = session.get(schema.StudyMeta, name, with_for_update=True)
            if study is not None:
                changed = {**study.decisions_json, **decided}
                study.decisions_json = {key: value for key, value in changed.items() if value is not None}
        if study is None:
            self.require_study(name)

    @lasting
    def update_study(
        self,
        name: str,
        *,
        status: str | None = None,
        command: str | None = None,
        settings_json: JsonObject | None = None,
        decisions_json: JsonObject | None = None,
        data_json: JsonObject | None = None,
        tasks_json: JsonObject | None = None,
        config_version: int | None = None,
        data_fingerprint: str | None = None,
    ) -> None:
        """Replace the fields that are given. UnknownStudy when there is none of that name."""
        self.require_study(name)
        given = {
            "status": status,
            "command": None if command is None else storage_url.mask(command),
            "settings_json": settings_json,
            "tasks_json": tasks_json,
            "decisions_json": decisions_json,
            "data_json": data_json,
            "config_version": config_version,
            "data_fingerprint": data_fingerprint,
        }
        changed = {column: value for column, value in given.items() if value is not None}
        table = schema.StudyMeta
        with self._write() as session:
            if changed:
                session.execute(update(table).where(table.study_name == name).values(changed))

    @lasting
    def evolve_study(
        self,
        study: StudyRow,
        run_choices: Mapping[int, JsonObject],
        cell_choices: Mapping[tuple[str, str], JsonObject],
    ) -> None:
        """Replace what the study says of its space and its decisions, and the choices of runs and cells in it.

        `run_choices` by run, `cell_choices` by phase and name of the cell.
        """
        with self._write() as session:
            study_records.evolve(session, study, run_choices, cell_choices)

    # The lease

    @lasting
    def take_lease(
        self, name: str, owner: str, host: str, pid: int, process_started_at: float, seconds: float = 30
    ) -> None:
        """Become the one driver of the study for `seconds`; LeaseHeld while another is.

        Until the lease is given back, whatever is written through this object is refused where another has it by then.
        `owner` names the process and must be its own (`lease.owner_name`), `process_started_at` is `lease.started_at`
        of it, seconds after the boot.
        """
        now = utc_now()
        wanted = LeaseRow(name, owner, host, pid, process_started_at, now, now + timedelta(seconds=seconds))
        try:
            with self._sessions.write() as session:
                lease.take(session, wanted, seconds)
        except RecordError:  # two drivers inserted the first lease at once, and the other one was faster
            with self._sessions.write() as session:
                lease.take(session, wanted, seconds)
        self._driving[name] = owner

    @lasting
    def renew_lease(self, name: str, owner: str, seconds: float = 30) -> None:
        """Another sign of life; LeaseHeld when another driver has taken over."""
        with self._sessions.write() as session:
            lease.renew(session, name, owner, seconds)

    @lasting
    def release_lease(self, name: str, owner: str) -> None:
        """Give the lease back; nothing happens when it is another's by now."""
        self._driving.pop(name, None)
        with self._sessions.write() as session:
            lease.release(session, name, owner)

    @lasting
    def lease(self, name: str) -> LeaseRow | None:
        """Who drives the study, or drove it when it died; None when nobody holds it."""
        with self._sessions.read() as session:
            found = session.get(schema.Lease, name)
            return None if found is None else lease.row_of(found)

    @lasting
    def driven_by(self, name: str, this_host: str) -> LeaseRow | None:
        """Who is at work on the study now, as far as can be told from the host `this_host`; None: nobody."""
        with self._sessions.read() as session:
            found = lease.live(session, name, this_host)
            return None if found is None else lease.row_of(found)

    @lasting
    def forget_lease(self, name: str) -> None:
        """Delete the lease of a driver that is gone."""
        with self._sessions.write() as session:
            session.execute(delete(schema.Lease).where(schema.Lease.study_name == name))

    # Cells and runs

    @lasting
    def replace_cells(self, name: str, phase: Phase, cells: Sequence[Cell]) -> None:
        """Write what a phase asks for, in place of what it asked for before (its best may have changed)."""
        with self._write() as session:
            study_records.replace_cells(session, name, phase, cells)

    @lasting
    def cells(self, name: str, phase: Phase | None = None) -> list[Cell]:
        """The cells of the study (of one phase) by phase, position and name."""
        wanted = select(schema.Cell).where(schema.Cell.study_name == name)
        if phase is not None:
            wanted = wanted.where(schema.Cell.phase == phase)
        with self._sessions.read() as session:
            found = session.scalars(wanted.order_by(schema.Cell.phase, schema.Cell.position, schema.Cell.name))
            return [row_from(Cell, cell) for cell in found]

    @lasting
    def start_run(self, run: NewRun) -> int:
        """Write the run as running and return its id; an attempt that died is opened again.

        RecordError when the run of this configuration and seed has come to an end of its own.
        """
        with self._write() as session:
            return run_records.start(session, run)

    @lasting_once
    def continue_run(self, run_id: int) -> None:
        """A run that had paused goes on: its epochs stay, and what it took so far; RecordError unless it is pruned."""
        with self._write() as session:
            run_records.go_on(session, run_id)

    @lasting_once
    def place_run(self, run_id: int, engine_trial_id: str, host: str | None) -> None:
        """What the engine calls a running run, and the host it is on; RecordError when it is not running."""
        with self._write() as session:
            run_records.place(session, run_id, engine_trial_id, host)

    @lasting
    def reopen_runs(self, run_ids: Sequence[int]) -> None:
        """Have failed runs run again, as those that were interrupted; others stay as they are."""
        with self._write() as session:
            run_records.reopen(session, run_ids)

    @lasting
    def mark_code(self, name: str, code: str) -> None:
        """Write which code the runs of a study have that do not say it themselves."""
        with self._write() as session:
            run_records.mark_code(session, name, code)

    @lasting
    def last_epoch(self, run_id: int) -> float:
        """The last epoch that is written of a run, 0 before the first."""
        wanted = select(func.max(schema.EpochMetric.epoch)).where(schema.EpochMetric.run_id == run_id)
        with self._sessions.read() as session:
            return session.scalar(wanted) or 0

    @lasting_once
    def record_epoch(self, run_id: int, epoch: float, seconds: float | None, values: Sequence[MetricValue]) -> None:
        """The values at the end of one epoch (from 1) or of a fraction of one, which took `seconds`."""
        with self._write() as session:
            run_records.record_epoch(session, run_id, epoch, seconds, values)

    @lasting_once
    def finish_run(self, run_id: int, result: RunResult) -> None:
        """How the run ended; RecordError when it is not running."""
        with self._write() as session:
            run_records.finish(session, run_id, result)

    @lasting_once
    def record_evaluation(
        self,
        run_id: int,
        split: Split,
        metrics: Sequence[MetricValue],
        predictions: Sequence[PredictionRow] = (),
    ) -> None:
        """A complete run measured on one more split (test); RecordError the second time."""
        with self._write() as session:
            run_records.record_evaluation(session, run_id, split, metrics, predictions)

    @lasting
    def interrupt_running(self, name: str) -> int:
        """Mark what a dead driver left running as interrupted; the number of runs."""
        with self._write() as session:
            return run_records.interrupt_running(session, name)

    @lasting
    def runs(
        self,
        name: str,
        *,
        phase: Phase | None = None,
        status: RunStatus | None = None,
        config_digest: str | None = None,
        configs: bool = True,
    ) -> list[RunRow]:
        """The runs of the study by id, narrowed by what is given.

        Without `configs` their `config_json` stays empty: it is most of what a run takes in memory.
        """
        given = {"phase": phase, "status": status, "config_digest": config_digest}
        filters = {column: value for column, value in given.items() if value is not None}
        with self._sessions.read() as session:
            return run_records.read(session, configs, study_name=name, **filters)

    @lasting
    def run(self, run_id: int) -> RunRow | None:
        """A run by its id, or None."""
        with self._sessions.read() as session:
            found = session.get(schema.Run, run_id)
            return None if found is None else row_from(RunRow, found)

    @lasting
    def run_by(self, name: str, config_digest: str, seed: int) -> RunRow | None:
        """The one run of this configuration and seed, or None."""
        wanted = select(schema.Run).filter_by(study_name=name, config_digest=config_digest, seed=seed)
        with self._sessions.read() as session:
            found = session.scalar(wanted)
            return None if found is None else row_from(RunRow, found)

    @lasting
    def epoch_scores(self, run_id: int) -> dict[float, float]:
        """The dev score after each epoch of a run."""
        table = schema.EpochMetric
        wanted = select(table.epoch, table.value).filter_by(run_id=run_id, split="dev", task="", metric="score")
        with self._sessions.read() as session:
            found = session.execute(wanted.order_by(table.epoch))
            return {epoch: value for epoch, value in found if value is not None}

    @lasting
    def metrics_of(self, run_id: int) -> dict[tuple[str, str, str], float]:
        """What was measured of a run: (split, task, metric) -> value; task "" for the whole model."""
        table = schema.TaskMetric
        wanted = select(table.split, table.task, table.metric, table.value).where(table.run_id == run_id)
        with self._sessions.read() as session:
            return {
                (split, task, metric): value
                for split, task, metric, value in session.execute(wanted)
                if value is not None
            }

    @lasting
    def evaluated_runs(self, name: str, split: Split) -> set[int]:
        """The ids of the runs that have metrics on a split."""
        table = schema.TaskMetric
        wanted = select(table.run_id).join(schema.Run).where(schema.Run.study_name == name, table.split == split)
        with self._sessions.read() as session:
            return set(session.scalars(wanted))

    # What runs ran on and with

    @lasting
    def environment_id(self, environment: EnvironmentRow) -> int:
        """The id of the row with this content, written if it is new."""
        with self._write() as session:
            return study_records.environment_id(session, environment)

    @lasting
    def environment(self, environment_id: int) -> EnvironmentRow | None:
        """What a run ran on, or None."""
        with self._sessions.read() as session:
            found = session.get(schema.Environment, environment_id)
            return None if found is None else row_from(EnvironmentRow, found)

    @lasting
    def add_data_issues(self, name: str, issues: Sequence[IssueRow]) -> None:
        """Write the faulty rows of the data, in the order given, unless the study has them already."""
        with self._write() as session:
            if session.scalar(select(schema.DataIssue.id).filter_by(study_name=name).limit(1)) is not None:
                return
            session.add_all(schema.DataIssue(study_name=name, **values_of(issue)) for issue in issues)

    @lasting
    def add_examples(self, name: str, examples: Sequence[ExampleRow]) -> None:
        """Write the study's dev examples, task by task, unless it has all that is kept of them already."""
        with self._write() as session:
            study_records.add_examples(session, name, examples)

    @lasting
    def data_issues(self, name: str) -> list[IssueRow]:
        """The faulty rows of the data, in the order they were found."""
        wanted = select(schema.DataIssue).filter_by(study_name=name).order_by(schema.DataIssue.id)
        with self._sessions.read() as session:
            return [row_from(IssueRow, issue) for issue in session.scalars(wanted)]

    @lasting
    def columns(self, statement: Executable) -> dict[str, list[Any]]:
        """The columns of any SELECT over `results.schema`, column -> values: what many rows take the least room in."""
        with self._sessions.read() as session:
            found = session.execute(statement)
            names = list(found.keys())
            values = [list(column) for column in zip(*found, strict=True)]
            return dict(zip(names, values or [[] for _ in names], strict=True))

    @lasting
    def select(self, statement: Executable) -> list[dict[str, Any]]:
        """The rows of any SELECT over `results.schema`, as dictionaries column -> value."""
        with self._sessions.read() as session:
            return [dict(row) for row in session.execute(statement).mappings()]
