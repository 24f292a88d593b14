"""The rows of runs: started, paused, measured, finished, interrupted."""

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
ADDED = ("train_seconds", "eval_seconds", "shared_seconds", "shared_train_seconds")  # over the parts of a paused run


class Runs(AbstractPart):
    """The runs of all studies, and the environments that they ran in."""

    @writes
    def start(self, session: Session, new: rows.NewRun) -> int:
        """Insert the run as running, or open its row again when the last attempt was interrupted; return its id.

        A row opened again keeps its phase and trial, counts its attempts and loses what the last one measured.
        RecordError when the run is complete, pruned or failed: nothing runs twice.
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
                f"seed {run.seed}) is {run.status} already; a configuration runs once with a seed."
            )
        run.status, run.attempt, run.started_at = "running", run.attempt + 1, rows.utc_now()
        run.host, run.device, run.engine = new.host, new.device, new.engine
        run.environment_id, run.engine_trial_id, run.code = new.environment_id, None, new.code
        session.flush()
        return run.id

    @writes_once
    def resume(self, session: Session, run_id: int) -> None:
        """Mark a paused run as running again; its epochs stay, and `finish` adds to its seconds.

        RecordError unless it is pruned.
        """
        run = session.get(schema.Run, run_id)
        if run is None or run.status != "pruned":
            raise RecordError(f"Run {run_id} is {run.status if run else 'unknown'}; only a paused run can continue.")
        for table in (schema.TaskMetric, schema.Prediction):
            session.execute(delete(table).where(table.run_id == run_id))
        run.status, run.reason, run.detail, run.finished_at = "running", None, None, None

    @writes_once
    def place(self, session: Session, run_id: int, engine_trial_id: str, host: str | None) -> None:
        """Write the engine's name of a running run, and its host unless None; RecordError when it is not running."""
        run = _running_run(session, run_id)
        run.engine_trial_id = engine_trial_id
        run.host = host or run.host

    @writes_once
    def record_epoch(
        self, session: Session, run_id: int, epoch: float, seconds: float | None, values: Sequence[rows.MetricValue]
    ) -> None:
        """Insert the values at the end of `epoch` (from 1, or a fraction), which took `seconds`.

        RecordError when the run is not running, or has the epoch already.
        """
        _running_run(session, run_id)
        table = schema.EpochMetric
        written = select(table.epoch).where(table.run_id == run_id, table.epoch == epoch)
        if session.scalar(written.limit(1)) is not None:
            raise RecordError(f"Epoch {epoch} of run {run_id} is written already.")
        session.add_all(table(run_id=run_id, epoch=epoch, seconds=seconds, **rows.values_of(value)) for value in values)

    @writes_once
    def finish(self, session: Session, run_id: int, result: rows.RunResult) -> None:
        """Write how the run ended, with its metrics, predictions and stages; RecordError when it is not running.

        One that had paused keeps its seconds and stages; taking its own stages from the store saved it nothing.
        """
        run = _running_run(session, run_id)
        before = session.scalars(select(schema.Stage).filter_by(run_id=run_id)).all()
        known = {stage.key for stage in before}
        stages = [stage for stage in result.stages if not (stage.shared and stage.key in known)]
        for name in {"status", *OUTCOME} - {*ADDED}:
            setattr(run, name, getattr(result, name))
        _add_seconds(run, result, before, stages)
        run.device = result.device or run.device
        run.finished_at = rows.utc_now()
        _add_measurements(session, run_id, result.metrics, result.predictions)
        for position, stage in enumerate(stages, start=len(before)):
            values = {name: value for name, value in rows.values_of(stage).items() if name != "train_seconds"}
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
        """Insert what a complete run measured on one more split (test); RecordError the second time."""
        run = session.get(schema.Run, run_id)
        if run is None or run.status != "complete":
            raise RecordError(f"Run {run_id} is {run.status if run else 'unknown'}; only a complete run is evaluated.")
        strangers = ({item.split for item in metrics} | {item.split for item in predictions}) - {split}
        if strangers:
            raise RecordError(f"An evaluation on {split} was given rows of {', '.join(sorted(strangers))}.")
        for table in (schema.TaskMetric, schema.Prediction):
            if session.scalar(select(table.run_id).where(table.run_id == run_id, table.split == split).limit(1)):
                raise RecordError(f"Run {run_id} has been evaluated on {split} already; a run is evaluated once.")
        _add_measurements(session, run_id, metrics, predictions)

    @writes
    def interrupt_running(self, session: Session, study_name: str) -> int:
        """Mark what a dead driver left running as interrupted; return the number of runs."""
        running = session.scalars(select(schema.Run.id).filter_by(study_name=study_name, status="running")).all()
        changes = {"status": "interrupted", "reason": "interrupted", "finished_at": rows.utc_now()}
        session.execute(update(schema.Run).where(schema.Run.id.in_(running)).values(changes))
        return len(running)

    @writes
    def reopen(self, session: Session, run_ids: Sequence[int]) -> None:
        """Mark failed runs as interrupted, so that the next launch runs them again; `detail` keeps why they failed."""
        wanted = (schema.Run.id.in_(run_ids), schema.Run.status == "failed")
        session.execute(update(schema.Run).where(*wanted).values(status="interrupted", reason="interrupted"))

    @writes
    def mark_code(self, session: Session, study_name: str, code: str) -> None:
        """Write which code the runs of a study have that do not say it themselves."""
        mine = (schema.Run.study_name == study_name, schema.Run.code.is_(None))
        session.execute(update(schema.Run).where(*mine).values(code=code))

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
        """Return the runs of the study by id, narrowed by what is given.

        Without `configs` their `config_json` stays empty: it is most of what a run takes in memory. Columns are read,
        not objects of the ORM; what many rows have in common (digests, names, levels) is one object in memory.
        """
        given = {"study_name": name, "phase": phase, "status": status, "config_digest": config_digest}
        filters = {column: value for column, value in given.items() if value is not None}
        names = [column.name for column in fields(rows.RunRow) if configs or column.name != "config_json"]
        wanted = select(*(getattr(schema.Run, name) for name in names)).filter_by(**filters).order_by(schema.Run.id)
        empty: dict[str, Any] = {} if configs else {"config_json": {}}
        return [_row(dict(zip(names, values, strict=True)) | empty) for values in session.execute(wanted)]

    @reads
    def find(self, session: Session, run_id: int) -> rows.RunRow | None:
        """Return one run, or None."""
        return _found(session.get(schema.Run, run_id))

    @reads
    def find_by_seed(self, session: Session, name: str, config_digest: str, seed: int) -> rows.RunRow | None:
        """Return the one run of this configuration and seed, or None."""
        wanted = select(schema.Run).filter_by(study_name=name, config_digest=config_digest, seed=seed)
        return _found(session.scalar(wanted))

    @writes
    def environment_id(self, session: Session, environment: rows.EnvironmentRow) -> int:
        """Return the id of the environment with this content, written if it is new."""
        content = asdict(environment)
        digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
        wanted = select(schema.Environment).filter_by(content_sha256=digest)
        found = session.scalar(wanted)
        if found is not None:
            return found.id
        try:
            with session.begin_nested():
                new = schema.Environment(content_sha256=digest, **content)
                session.add(new)
                session.flush()
                return new.id
        except IntegrityError:  # another study's driver has written it meanwhile
            return session.scalars(wanted).one().id

    @reads
    def environment(self, session: Session, environment_id: int) -> rows.EnvironmentRow | None:
        """Return what a run ran on, or None."""
        found = session.get(schema.Environment, environment_id)
        return None if found is None else rows.row_from(rows.EnvironmentRow, found)


def _found(run: schema.Run | None) -> rows.RunRow | None:
    return None if run is None else rows.row_from(rows.RunRow, run)


def _row(values: dict[str, Any]) -> rows.RunRow:
    record: dict[str, Any] = {key: sys.intern(value) if type(value) is str else value for key, value in values.items()}
    if isinstance(choices := record["choices_json"], dict):
        shared = {
            sys.intern(factor): sys.intern(level) if type(level) is str else level for factor, level in choices.items()
        }
        record["choices_json"] = shared
    return rows.RunRow(**record)


def _running_run(session: Session, run_id: int) -> schema.Run:
    """Return the run, which must be running: RecordError otherwise."""
    run = session.get(schema.Run, run_id)
    if run is None:
        raise RecordError(f"There is no run {run_id}.")
    if run.status != "running":
        raise RecordError(f"Run {run_id} is {run.status} already; only a running run is written to.")
    return run


def _add_seconds(
    run: schema.Run, result: rows.RunResult, before: Sequence[schema.Stage], stages: Sequence[rows.StageRow]
) -> None:
    """Add the seconds of this part of a run to those of the parts before a pause."""
    run.train_seconds = _sum(run.train_seconds, result.train_seconds)
    run.eval_seconds = _sum(run.eval_seconds, result.eval_seconds)
    if before:
        every: list[schema.Stage | rows.StageRow] = [*before, *stages]
        run.shared_seconds = sum(stage.seconds or 0.0 for stage in every if stage.shared)
        trained = sum(stage.train_seconds or 0.0 for stage in stages if stage.shared)
        run.shared_train_seconds = _sum(run.shared_train_seconds, trained)
    else:
        run.shared_seconds, run.shared_train_seconds = result.shared_seconds, result.shared_train_seconds


def _sum(before: float | None, now: float | None) -> float | None:
    """Return the seconds of both parts of a run; None where neither is known."""
    return None if before is None and now is None else (before or 0.0) + (now or 0.0)


def _forget_measurements(session: Session, run: schema.Run) -> None:
    for table in schema.MEASURED:
        session.execute(delete(table).where(table.run_id == run.id))
    for name in ("finished_at", *OUTCOME):
        setattr(run, name, None)


def _add_measurements(
    session: Session,
    run_id: int,
    metrics: Sequence[rows.MetricValue],
    predictions: Sequence[rows.PredictionRow],
) -> None:
    session.add_all(schema.TaskMetric(run_id=run_id, **rows.values_of(item)) for item in metrics)
    session.add_all(schema.Prediction(run_id=run_id, **rows.values_of(item)) for item in predictions)
