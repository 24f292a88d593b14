"""Measured values of runs: scores by epoch, metrics by split and task."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from results.database import schema
from results.database.rows import Split
from results.database.sessions import AbstractPart, reads


class Metrics(AbstractPart):
    """Measured values of runs."""

    @reads
    def last_epoch(self, session: Session, run_id: int) -> float:
        """Return the last recorded epoch of a run, 0 before the first."""
        last = select(func.max(schema.EpochMetric.epoch)).where(schema.EpochMetric.run_id == run_id)
        return session.scalar(last) or 0

    @reads
    def epoch_scores(self, session: Session, run_id: int) -> dict[float, float]:
        """Return the score after each epoch of a run: on the part of dev for the search, where dev is divided."""
        table = schema.EpochMetric
        scores = select(table.epoch, table.value).filter_by(run_id=run_id, task="", metric="score")
        scores = scores.where(table.split.in_(("search", "dev"))).order_by(table.epoch)
        return {epoch: value for epoch, value in session.execute(scores) if value is not None}

    @reads
    def of_run(self, session: Session, run_id: int) -> dict[tuple[str, str, str], float]:
        """Return the metrics of a run: (split, task, metric) -> value; task "" for the whole model."""
        table = schema.TaskMetric
        rows = session.execute(select(table.split, table.task, table.metric, table.value).filter_by(run_id=run_id))
        return {(split, task, metric): value for split, task, metric, value in rows if value is not None}

    @reads
    def evaluated_runs(self, session: Session, name: str, split: Split) -> set[int]:
        """Return the ids of the runs that have metrics on a split."""
        table = schema.TaskMetric
        runs = select(table.run_id).join(schema.Run).where(schema.Run.study_name == name, table.split == split)
        return set(session.scalars(runs))
