"""The rows of runs: start, pause, measurements, end, interruption."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from results.database import rows, schema
from results.database.sessions import AbstractPart, reads, writes, writes_once
from results.errors import RecordError

OUTCOME = tuple(column.name for column in fields(rows.AbstractOutcome))
ADDED = (
    "train_seconds",
    "eval_seconds",
    "shared_seconds",
    "shared_train_seconds",
)  # summed over the parts of a paused run


class Runs(AbstractPart):
    """The runs of all studies, and their environments."""

    @writes
    def start(self, session: Session, new: rows.NewRun) -> int:
        """Insert a running run, or reopen the row of an interrupted one, and return its id.

        A reopened row keeps its phase and trial, counts the attempt, and loses the measurements of the last one.

        Raises:
            RecordError: the run is complete, pruned or failed.
        """
        key = {"study_name": new.study_name, "config_digest": new.config_digest, "seed": new.seed}
        run = session.scalar(select(schema.Run).filter_by(**key))
        if run is None:
            run = schema.Run(**rows.values_of(new), attempt=0)
            session.add(run)
        elif rows.runs_again(run.status, run.reason):
            _forget_measurements(session, run)
        else:
            raise RecordError(
                f"Run {run.id} of study '{run.study_name}' (configuration {run.config_digest[:8]}, "
                f"seed {run.seed}) is already {run.status}; a configuration runs only once per seed."
            )
        run.status, run.attempt, run.started_at = "running", run.attempt + 1, rows.utc_now()
        run.host, run.device, run.engine = new.host, new.device, new.engine
        run.environment_id, run.engine_trial_id, run.code = new.environment_id, None, new.code
        session.flush()
        return run.id

    @writes_once
    def resume(self, session: Session, run_id: int) -> None:
        """Mark a paused run as running again; its epochs remain, and `finish` adds to its seconds.

        Raises:
            RecordError: the run is not pruned.
        """
        run = _require_status(session, run_id, "pruned", "only a paused run can continue")
        for table in (schema.TaskMetric, schema.Prediction):
            session.execute(delete(table).where(table.run_id == run_id))
        run.status, run.reason, run.detail, run.finished_at = "running", None, None, None

    @writes_once
    def place(self, session: Session, run_id: int, engine_trial_id: str, host: str | None) -> None:
        """Store the engine's name for a run, and its host unless None.

        Raises:
            RecordError: the run is not running.
        """
        run = _require_status(session, run_id)
        run.engine_trial_id, run.host = engine_trial_id, host or run.host

    @writes_once
    def record_epoch(
        self, session: Session, run_id: int, epoch: float, seconds: float | None, values: Sequence[rows.MetricValue]
    ) -> None:
        """Insert the values at the end of `epoch` (from 1, or a fraction), which took `seconds`.

        Raises:
            RecordError: the run is not running, or already has the epoch.
        """
        _require_status(session, run_id)
        table = schema.EpochMetric
        if session.scalar(select(table.epoch).filter_by(run_id=run_id, epoch=epoch).limit(1)) is not None:
            raise RecordError(f"Epoch {epoch} of run {run_id} is already stored.")
        session.add_all(table(run_id=run_id, epoch=epoch, seconds=seconds, **rows.values_of(value)) for value in values)

    @writes_once
    def finish(self, session: Session, run_id: int, result: rows.RunResult) -> None:
        """Store the outcome of a run with its metrics, predictions and stages.

        A run that had paused keeps its seconds and stages; reusing its own stages does not count as sharing.

        Raises:
            RecordError: the run is not running.
        """
        run = _require_status(session, run_id)
        before = session.scalars(select(schema.Stage).filter_by(run_id=run_id)).all()
        own_keys = {stage.key for stage in before}
        stages = [stage for stage in result.stages if not (stage.shared and stage.key in own_keys)]
        for name in {"status", *OUTCOME} - {*ADDED}:
            setattr(run, name, getattr(result, name))
        _add_seconds(run, result, before, stages)
        run.device = result.device or run.device
        run.finished_at = rows.utc_now()
        _add_measurements(session, run_id, result.metrics, result.predictions)
        for position, stage in enumerate(stages, start=len(before)):
            values = rows.values_of(stage)
            del values["train_seconds"]
            session.add(schema.Stage(run_id=run_id, position=position, **values))

    @writes_once
    def record_evaluation(
        self,
        session: Session,
        run_id: int,
        split: rows.Split,
        metrics: Sequence[rows.MetricValue],
        predictions: Sequence[rows.PredictionRow] = (),
    ) -> None:
        """Insert the measurements of a complete run on one more split (test).

        Raises:
            RecordError: the run is not complete, already has the split, or a row belongs to another split.
        """
        _require_status(session, run_id, "complete", "only a complete run can be evaluated")
        other_splits = {item.split for items in (metrics, predictions) for item in items} - {split}
        if other_splits:
            raise RecordError(f"An evaluation on {split} has rows of {', '.join(sorted(other_splits))}.")
        for table in (schema.TaskMetric, schema.Prediction):
            if session.scalar(select(table.run_id).filter_by(run_id=run_id, split=split).limit(1)):
                raise RecordError(f"Run {run_id} has already been evaluated on {split}; a run is evaluated once.")
        _add_measurements(session, run_id, metrics, predictions)

    @writes
    def interrupt_running(self, session: Session, study_name: str) -> int:
        """Mark the running runs of a dead driver as interrupted, and return their number."""
        running = session.scalars(select(schema.Run.id).filter_by(study_name=study_name, status="running")).all()
        changes = {"status": "interrupted", "reason": "interrupted", "finished_at": rows.utc_now()}
        session.execute(update(schema.Run).where(schema.Run.id.in_(running)).values(changes))
        return len(running)

    @writes
    def reopen(self, session: Session, run_ids: Sequence[int]) -> None:
        """Mark failed runs as interrupted, so that the next launch retries them; `detail` keeps the failure."""
        failed = update(schema.Run).where(schema.Run.id.in_(run_ids)).filter_by(status="failed")
        session.execute(failed.values(status="interrupted", reason="interrupted"))

    @writes
    def mark_code(self, session: Session, study_name: str, code: str) -> None:
        """Set the code version of a study's runs that have none."""
        session.execute(update(schema.Run).filter_by(study_name=study_name, code=None).values(code=code))

    @reads
    def of_study(
        self,
        session: Session,
        name: str,
        *,
        phase: rows.Phase | None = None,
        status: rows.RunStatus | None = None,
        config_digest: str | None = None,
        configs: bool = True,
    ) -> list[rows.RunRow]:
        """Return the study's runs by id, optionally filtered.

        To save memory, equal strings are shared, and `config_json` is empty without `configs`.
        """
        conditions = {"study_name": name, "phase": phase, "status": status, "config_digest": config_digest}
        filters = {column: value for column, value in conditions.items() if value is not None}
        names = [column.name for column in fields(rows.RunRow) if configs or column.name != "config_json"]
        query = select(*(getattr(schema.Run, name) for name in names)).filter_by(**filters).order_by(schema.Run.id)
        empty: dict[str, Any] = {} if configs else {"config_json": {}}
        return [_row(dict(zip(names, values, strict=True)) | empty) for values in session.execute(query)]

    @reads
    def find(self, session: Session, run_id: int) -> rows.RunRow | None:
        """Return a run, or None."""
        return _row_or_none(session.get(schema.Run, run_id))

    @reads
    def find_by_seed(self, session: Session, name: str, config_digest: str, seed: int) -> rows.RunRow | None:
        """Return the run of a configuration and seed, or None."""
        query = select(schema.Run).filter_by(study_name=name, config_digest=config_digest, seed=seed)
        return _row_or_none(session.scalar(query))

    @writes
    def environment_id(self, session: Session, environment: rows.EnvironmentRow) -> int:
        """Return the id of this environment, which is inserted if it is new."""
        content = asdict(environment)
        digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
        query = select(schema.Environment).filter_by(content_sha256=digest)
        existing = session.scalar(query)
        if existing is not None:
            return existing.id
        try:
            with session.begin_nested():
                new = schema.Environment(content_sha256=digest, **content)
                session.add(new)
                session.flush()
                return new.id
        except IntegrityError:  # another study's driver has inserted it meanwhile
            return session.scalars(query).one().id

    @reads
    def environment(self, session: Session, environment_id: int) -> rows.EnvironmentRow | None:
        """Return an environment, or None."""
        environment = session.get(schema.Environment, environment_id)
        return None if environment is None else rows.row_from(rows.EnvironmentRow, environment)


def _row_or_none(run: schema.Run | None) -> rows.RunRow | None:
    return None if run is None else rows.row_from(rows.RunRow, run)


def _row(values: dict[str, Any]) -> rows.RunRow:
    record = _interned(values)
    if isinstance(choices := record["choices_json"], dict):
        record["choices_json"] = _interned(choices)
    return rows.RunRow(**record)


def _interned(values: dict[str, Any]) -> dict[str, Any]:
    """Return the same items with shared strings."""
    return {sys.intern(key): sys.intern(value) if type(value) is str else value for key, value in values.items()}


def _require_status(
    session: Session, run_id: int, status: rows.RunStatus = "running", rule: str = "only a running run can be written"
) -> schema.Run:
    """Return the run, or raise RecordError with the `rule` if it does not have the status."""
    run = session.get(schema.Run, run_id)
    if run is None or run.status != status:
        raise RecordError(f"Run {run_id} {'does not exist' if run is None else f'is {run.status}'}; {rule}.")
    return run


def _add_seconds(
    run: schema.Run, result: rows.RunResult, before: Sequence[schema.Stage], stages: Sequence[rows.StageRow]
) -> None:
    """Add the seconds of this part of a run to those before a pause."""
    run.train_seconds = _sum(run.train_seconds, result.train_seconds)
    run.eval_seconds = _sum(run.eval_seconds, result.eval_seconds)
    if not before:
        run.shared_seconds, run.shared_train_seconds = result.shared_seconds, result.shared_train_seconds
        return
    run.shared_seconds = sum(stage.seconds or 0.0 for part in (before, stages) for stage in part if stage.shared)
    trained = sum(stage.train_seconds or 0.0 for stage in stages if stage.shared)
    run.shared_train_seconds = _sum(run.shared_train_seconds, trained)


def _sum(before: float | None, now: float | None) -> float | None:
    """Return the sum of the known seconds, or None."""
    return None if before is None and now is None else (before or 0.0) + (now or 0.0)


def _forget_measurements(session: Session, run: schema.Run) -> None:
    for table in schema.MEASURED:
        session.execute(delete(table).where(table.run_id == run.id))
    for name in ("finished_at", *OUTCOME):
        setattr(run, name, None)


def _add_measurements(
    session: Session, run_id: int, metrics: Sequence[rows.MetricValue], predictions: Sequence[rows.PredictionRow]
) -> None:
    session.add_all(schema.TaskMetric(run_id=run_id, **rows.values_of(item)) for item in metrics)
    session.add_all(schema.Prediction(run_id=run_id, **rows.values_of(item)) for item in predictions)
