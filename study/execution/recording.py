"""Database rows from a worker's messages: after an epoch, at the end of a run, and after its test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from results.database.predictions import pack_predictions
from results.database.rows import MetricValue, PredictionRow, RunResult, StageRow
from study.engines import run_log
from study.messages import Metrics, RunDone, RunFailed, TaskOutputs
from study.trainers.abstract import Configuration


@dataclass(frozen=True)
class Places:
    """Folders of a study: data prepared for the workers, models kept until the best is known, logs of runs."""

    prepared: Path
    models: Path
    logs: Path | None = None

    def model(self, config: Configuration) -> Path:
        """Return the folder of one run's model."""
        return self.models / f"{config.digest()[:16]}-{config.seed}"

    def log(self, run_id: int) -> Path | None:
        """Return the path of one run's log; None without a folder of logs."""
        return None if self.logs is None else run_log.path_of(self.logs, run_id)


def metric_values(metrics: Metrics) -> list[MetricValue]:
    """Return a row per metric."""
    return [MetricValue(split, task, metric, value) for (split, task, metric), value in metrics.items()]  # type: ignore[arg-type]


def prediction_rows(outputs: Mapping[tuple[str, str], TaskOutputs]) -> list[PredictionRow]:
    """Return a row per task, with its outputs packed."""
    return [
        PredictionRow(split, task, pack_predictions(o.outputs, o.predictions, o.labels), o.ids_sha256)  # type: ignore[arg-type]
        for (split, task), o in outputs.items()
    ]


def result_of(done: RunDone, device: str) -> RunResult:
    """Return the row's values for a run that has completed, or that the pruner stopped."""
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
            StageRow(s.name, s.key, s.seconds, s.shared, s.losses.as_json() if s.losses else None, s.train_seconds)
            for s in done.stages
        ],
    )


def failure_of(failed: RunFailed) -> RunResult:
    """Return the row's values for a run that failed; its traceback is in the log only."""
    return RunResult(status="failed", reason=failed.reason, detail=failed.detail[:500])
