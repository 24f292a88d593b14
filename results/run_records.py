"""What happens to the rows of one run: started, an epoch, finished, evaluated, interrupted."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from results import rows, schema
from results.errors import RecordError


def start(session: Session, new: rows.NewRun) -> int:
    """Insert the run, or open its row again when the last attempt did not come to an end of its own.

    A row opened again keeps its phase and trial, counts its attempts and loses what the last one measured.
    RecordError when the run is complete, pruned or failed: nothing runs twice.
    """
    run = session.scalar(
        select(schema.Run).where(
            schema.Run.study_name == new.study_name,
            schema.Run.config_digest == new.config_digest,
            schema.Run.seed == new.seed,
        )
    )
    if run is None:
        run = schema.Run(
            study_name=new.study_name,
            trial_number=new.trial_number,
            phase=new.phase,
            config_digest=new.config_digest,
            config_json=new.config_json,
            choices_json=new.choices_json,
            seed=new.seed,
            attempt=0,
        )
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


def read(session: Session, configs: bool, **filters: object) -> list[rows.RunRow]:
    """The runs that fit, by id. Without `configs` their configurations are not read.

    Columns, not objects of the ORM; what many rows have in common (digests, names, levels) is one object in memory.
    """
    names = [column.name for column in fields(rows.RunRow) if configs or column.name != "config_json"]
    wanted = select(*(getattr(schema.Run, name) for name in names)).filter_by(**filters).order_by(schema.Run.id)
    empty: dict[str, Any] = {} if configs else {"config_json": {}}
    return [_row(dict(zip(names, values, strict=True)) | empty) for values in session.execute(wanted)]


def _row(values: dict[str, Any]) -> rows.RunRow:
    told: dict[str, Any] = {key: sys.intern(value) if type(value) is str else value for key, value in values.items()}
    if isinstance(choices := told["choices_json"], dict):
        shared = {
            sys.intern(factor): sys.intern(level) if type(level) is str else level for factor, level in choices.items()
        }
        told["choices_json"] = shared
    return rows.RunRow(**told)


def place(session: Session, run_id: int, engine_trial_id: str, host: str | None) -> None:
    """Where a running run is carried out, and what the engine calls it; without `host` that stays as it was."""
    run = running_run(session, run_id)
    run.engine_trial_id = engine_trial_id
    run.host = host or run.host


def go_on(session: Session, run_id: int) -> None:
    """A run that had paused, pruned so far, is running again; what `finish` adds comes to what it has already."""
    run = session.get(schema.Run, run_id)
    if run is None or run.status != "pruned":
        raise RecordError(f"Run {run_id} is {run.status if run else 'unknown'}; only one that had paused goes on.")
    for table in (schema.TaskMetric, schema.Prediction):
        session.execute(delete(table).where(table.run_id == run_id))
    run.status, run.reason, run.detail, run.finished_at = "running", None, None, None


def record_epoch(
    session: Session, run_id: int, epoch: float, seconds: float | None, values: Sequence[rows.MetricValue]
) -> None:
    """The values at the end of `epoch` (from 1, or a fraction), after `seconds`. RecordError when written already."""
    running_run(session, run_id)
    written = select(schema.EpochMetric.epoch).where(
        schema.EpochMetric.run_id == run_id, schema.EpochMetric.epoch == epoch
    )
    if session.scalar(written.limit(1)) is not None:
        raise RecordError(f"Epoch {epoch} of run {run_id} is written already.")
    session.add_all(
        schema.EpochMetric(
            run_id=run_id,
            epoch=epoch,
            split=value.split,
            task=value.task,
            metric=value.metric,
            value=value.value,
            seconds=seconds,
        )
        for value in values
    )


def finish(session: Session, run_id: int, result: rows.RunResult) -> None:
    """How the run ended, with its metrics, predictions and stages.

    One that had paused keeps its seconds and stages; taking its own stages from the store saved it nothing.
    """
    run = running_run(session, run_id)
    run.status, run.reason, run.detail = result.status, result.reason, result.detail
    run.score, run.leaderboard_score, run.best_epoch = result.score, result.leaderboard_score, result.best_epoch
    run.last_score = result.last_score
    before = session.scalars(select(schema.Stage).filter_by(run_id=run_id)).all()
    known = {stage.key for stage in before}
    stages = [stage for stage in result.stages if not (stage.shared and stage.key in known)]
    run.train_seconds = _sum(run.train_seconds, result.train_seconds)
    run.eval_seconds = _sum(run.eval_seconds, result.eval_seconds)
    if before:
        spared = [stage.seconds for stage in before if stage.shared] + [s.seconds for s in stages if s.shared]
        run.shared_seconds = sum(seconds or 0.0 for seconds in spared)
        trained = sum(s.train_seconds or 0.0 for s in stages if s.shared)
        run.shared_train_seconds = _sum(run.shared_train_seconds, trained)
    else:
        run.shared_seconds, run.shared_train_seconds = result.shared_seconds, result.shared_train_seconds
    run.peak_memory_bytes, run.inference_ms = result.peak_memory_bytes, result.inference_ms
    run.trainable_parameters, run.total_parameters = result.trainable_parameters, result.total_parameters
    run.device = result.device or run.device
    run.finished_at = rows.utc_now()
    _add_measurements(session, run_id, result.metrics, result.predictions)
    session.add_all(
        schema.Stage(
            run_id=run_id,
            position=position,
            name=stage.name,
            key=stage.key,
            seconds=stage.seconds,
            shared=stage.shared,
            told_json=stage.told_json,
        )
        for position, stage in enumerate(stages, start=len(before))
    )


def record_evaluation(
    session: Session,
    run_id: int,
    split: rows.Split,
    metrics: Sequence[rows.MetricValue],
    predictions: Sequence[rows.PredictionRow],
) -> None:
    """A complete run measured on one more split; RecordError the second time: test is looked at once."""
    run = session.get(schema.Run, run_id)
    if run is None or run.status != "complete":
        raise RecordError(f"Run {run_id} is {run.status if run else 'unknown'}; only a complete run is evaluated.")
    strangers = ({item.split for item in metrics} | {item.split for item in predictions}) - {split}
    if strangers:
        raise RecordError(f"An evaluation on {split} was handed rows of {', '.join(sorted(strangers))}.")
    for table in (schema.TaskMetric, schema.Prediction):
        if session.scalar(select(table.run_id).where(table.run_id == run_id, table.split == split).limit(1)):
            raise RecordError(f"Run {run_id} has been evaluated on {split} already; that is done once.")
    _add_measurements(session, run_id, metrics, predictions)


def interrupt_running(session: Session, study_name: str) -> int:
    """Mark what a dead driver left running; the number of runs."""
    running = session.scalars(
        select(schema.Run.id).where(schema.Run.study_name == study_name, schema.Run.status == "running")
    ).all()
    session.execute(
        update(schema.Run)
        .where(schema.Run.id.in_(running))
        .values(status="interrupted", reason="interrupted", finished_at=rows.utc_now())
    )
    return len(running)


def reopen(session: Session, run_ids: Sequence[int]) -> None:
    """Mark failed runs as interrupted ones, which the next launch runs again; why they failed stays in `detail`."""
    wanted = (schema.Run.id.in_(run_ids), schema.Run.status == "failed")
    session.execute(update(schema.Run).where(*wanted).values(status="interrupted", reason="interrupted"))


def mark_code(session: Session, study_name: str, code: str) -> None:
    """The runs of a study that have no mark get this one."""
    mine = (schema.Run.study_name == study_name, schema.Run.code.is_(None))
    session.execute(update(schema.Run).where(*mine).values(code=code))


def running_run(session: Session, run_id: int) -> schema.Run:
    """The run, which must be running: RecordError otherwise."""
    run = session.get(schema.Run, run_id)
    if run is None:
        raise RecordError(f"There is no run {run_id}.")
    if run.status != "running":
        raise RecordError(f"Run {run_id} is {run.status} already; only a running run is written to.")
    return run


def _sum(before: float | None, now: float | None) -> float | None:
    """Seconds of both parts of a run; None where neither is known."""
    return None if before is None and now is None else (before or 0.0) + (now or 0.0)


def _forget_measurements(session: Session, run: schema.Run) -> None:
    for table in (schema.EpochMetric, schema.TaskMetric, schema.Prediction, schema.Stage):
        session.execute(delete(table).where(table.run_id == run.id))
    run.reason = run.detail = run.finished_at = None
    run.score = run.leaderboard_score = run.last_score = run.best_epoch = None
    run.train_seconds = run.eval_seconds = run.shared_seconds = run.shared_train_seconds = run.inference_ms = None


def _add_measurements(
    session: Session,
    run_id: int,
    metrics: Sequence[rows.MetricValue],
    predictions: Sequence[rows.PredictionRow],
) -> None:
    session.add_all(
        schema.TaskMetric(run_id=run_id, split=item.split, task=item.task, metric=item.metric, value=item.value)
        for item in metrics
    )
    session.add_all(
        schema.Prediction(
            run_id=run_id,
            split=item.split,
            task=item.task,
            payload=item.payload,
            example_ids_sha256=item.example_ids_sha256,
        )
        for item in predictions
    )
