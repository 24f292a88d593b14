"""Runs as TensorBoard's event files: a folder a run, with scalars by epoch and the hyperparameters' table."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from results.database.rows import StudyRow
from study.tracking.abstract import AbstractTracker, RunRecord, Tracked

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

STATE = "tracked.json"  # beside the event files: how far the run's record is in them


class TensorboardTracker(AbstractTracker):
    """Writes below `folder`: <study>/<when it was made>/run-<id>.

    A run that is going on is appended to. One that this process did not begin is written anew from its record, which
    has all of it: nothing stands there twice.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._place = folder
        self._open: dict[int, SummaryWriter] = {}

    def open(self, study: StudyRow) -> dict[int, Tracked]:
        """Make the study's folder; what it has."""
        self._place = self._folder / study.study_name / f"{study.created_at:%Y%m%d-%H%M%S}"
        self._place.mkdir(parents=True, exist_ok=True)
        tracked = {}
        for path in self._place.glob(f"run-*/{STATE}"):
            told = json.loads(path.read_text(encoding="utf-8"))
            tracked[told["run"]] = Tracked(told["epochs"], told["state"], frozenset(told["final"]))
        return tracked

    def write(self, record: RunRecord, tracked: Tracked | None) -> Tracked:
        """Append the epochs that are missing; at its end the rest, and how far it is now."""
        number, folder = record.row.id, self._place / f"run-{record.row.id}"
        if tracked is not None and tracked.epochs > record.last_epoch:  # it was started again
            self._forget(number)
        known = tracked.epochs if tracked is not None and number in self._open else 0
        writer = self._writer(record, folder)
        for epoch, told in record.epochs.items():
            if epoch > known:
                for name, value in told.metrics.items():
                    writer.add_scalar(name, value, record.step(epoch), walltime=told.at.timestamp())
        if record.ended:
            self._end(record, writer)
            self._forget(number)
        else:
            writer.flush()
        return self._note(record, folder)

    def close(self) -> None:
        """End the files that are open."""
        for writer in self._open.values():
            writer.close()
        self._open.clear()

    def _writer(self, record: RunRecord, folder: Path) -> SummaryWriter:
        from torch.utils.tensorboard import SummaryWriter

        number, row = record.row.id, record.row
        if number not in self._open:
            shutil.rmtree(folder, ignore_errors=True)
            writer = self._open[number] = SummaryWriter(str(folder))
            choices = {**row.choices_json, "seed": row.seed, "phase": row.phase}
            experiment, start, _ = _hparams(choices, {"final/dev/score": 0.0})  # the columns and this run's row
            for summary in (experiment, start):
                _add_summary(writer, summary)
        return self._open[number]

    def _end(self, record: RunRecord, writer: SummaryWriter) -> None:
        ended = (record.row.finished_at or record.row.started_at).timestamp()
        for name, value in record.final.items():
            writer.add_scalar(name, value, record.step(record.last_epoch), walltime=ended)
        rows = [*record.tags().items(), *((str(k), str(v)) for k, v in record.row.choices_json.items())]
        shown = "\n".join(f"    {name}: {' '.join(value.split())}" for name, value in rows)  # a block of code
        writer.add_text("run", shown, record.step(record.last_epoch), walltime=ended)
        _add_summary(writer, _hparams({}, {})[2])  # the row has ended

    def _forget(self, number: int) -> None:
        """Close a run's file, if it is open; more of the run begins a new one."""
        writer = self._open.pop(number, None)
        if writer is not None:
            writer.close()

    def _note(self, record: RunRecord, folder: Path) -> Tracked:
        now, new = Tracked.of(record), folder / f".{STATE}.new"
        told = {"run": record.row.id, "epochs": now.epochs, "state": now.state, "final": sorted(now.final)}
        new.write_text(json.dumps(told), encoding="utf-8")
        new.replace(folder / STATE)
        return now


def _hparams(choices: Mapping[str, Any], metrics: Mapping[str, float]) -> tuple[Any, Any, Any]:
    """TensorBoard's summaries of a table row: the columns, the row's beginning and its end."""
    from torch.utils.tensorboard.summary import hparams

    made: tuple[Any, Any, Any] = hparams(choices, metrics)  # type: ignore[no-untyped-call]
    return made


def _add_summary(writer: Any, summary: Any) -> None:
    """`add_hparams` of the writer would make a folder of its own; its file takes the same summaries."""
    writer.file_writer.add_summary(summary)
