"""From a worker's messages to rows: what is written about a run when an epoch, the run or its test is over."""

from __future__ import annotations

from collections.abc import Mapping

from results.predictions import pack_predictions
from results.rows import MetricValue, NewRun, PredictionRow, RunResult, StageRow
from study.engines.abstract import AbstractEngine
from study.messages import Metrics, RunDone, RunFailed, TaskOutputs
from study.observer import Request


def new_run(
    study: str, request: Request, code: str | None, engine: AbstractEngine, host: str, environment_id: int
) -> NewRun:
    """Return the row of a run that starts."""
    return NewRun(
        study_name=study,
        phase=request.phase,  # type: ignore[arg-type]
        config_digest=request.config.digest(),
        config_json=request.config.model_dump(mode="json"),
        choices_json=dict(request.choices),
        seed=request.config.seed,
        trial_number=request.trial_number,
        host=host,
        device=engine.device(),
        engine=engine.name,
        environment_id=environment_id,
        code=code,
    )


def metric_values(metrics: Metrics) -> list[MetricValue]:
    """One row a metric."""
    return [MetricValue(split, task, metric, value) for (split, task, metric), value in metrics.items()]  # type: ignore[arg-type]


def prediction_rows(outputs: Mapping[tuple[str, str], TaskOutputs]) -> list[PredictionRow]:
    """One packed row a task."""
    return [
        PredictionRow(split, task, pack_predictions(o.outputs, o.predictions, o.labels), o.ids_sha256)  # type: ignore[arg-type]
        for (split, task), o in outputs.items()
    ]


def result_of(done: RunDone, device: str) -> RunResult:
    """A run that came to its end, or was stopped by the pruner."""
    return RunResult(
        status="pruned" if done.stopped else "complete",
        reason="pruned" if done.stopped else None,
        detail=done.note,
        score=done.score,
        leaderboard_score=done.leaderboard_score,
        last_score=done.last_score,
        best_epoch=done.best_epoch,
        train_seconds=done.train_seconds,
        eval_seconds=done.eval_seconds,
        shared_seconds=done.shared_seconds,
        shared_train_seconds=done.shared_train_seconds,
        trainable_parameters=done.trainable_parameters,
        total_parameters=done.total_parameters,
        peak_memory_bytes=done.peak_memory_bytes,
        inference_ms=done.inference_ms,
        device=device,
        metrics=metric_values(done.metrics),
        predictions=prediction_rows(done.outputs),
        stages=[
            StageRow(s.name, s.key, s.seconds, s.shared, s.told.as_json() if s.told else None, s.train_seconds)
            for s in done.stages
        ],
    )


def failure_of(failed: RunFailed) -> RunResult:
    """A run that failed; the traceback is for the log, not for the table."""
    return RunResult(status="failed", reason=failed.reason, detail=failed.detail[:500])
