"""Runs as TensorBoard's event files: a folder per run, with scalars by epoch and the table of hyperparameters."""

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

STATE = "tracked.json"  # beside the event files: the part of the run that they have


class TensorboardTracker(AbstractTracker):
    """Writes below `folder`: <study>/<time of creation>/run-<id>.

    New epochs are appended to the files of a run that this process started. Other runs are rewritten from their whole
    record, so that nothing is stored twice.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._study_folder = folder
        self._open: dict[int, SummaryWriter] = {}

    def open(self, study: StudyRow) -> dict[int, Tracked]:
        """Create the study's folder if needed, and return what it has."""
        self._study_folder = self._folder / study.study_name / f"{study.created_at:%Y%m%d-%H%M%S}"
        self._study_folder.mkdir(parents=True, exist_ok=True)
        tracked = {}
        for path in self._study_folder.glob(f"run-*/{STATE}"):
            state = json.loads(path.read_text(encoding="utf-8"))
            tracked[state["run"]] = Tracked(state["epochs"], state["state"], frozenset(state["final"]))
        return tracked

    def write(self, record: RunRecord, tracked: Tracked | None) -> Tracked:
        """Append the missing epochs, and the final metrics of a run that has ended."""
        number, folder = record.row.id, self._study_folder / f"run-{record.row.id}"
        if tracked is not None and tracked.epochs > record.last_epoch:  # it was started again
            self._close_file(number)
        written = tracked.epochs if tracked is not None and number in self._open else 0
        writer = self._writer(record, folder)
        for epoch, measured in record.epochs.items():
            if epoch > written:
                for name, value in measured.metrics.items():
                    writer.add_scalar(name, value, record.step(epoch), walltime=measured.at.timestamp())
        if record.ended:
            self._end(record, writer)
            self._close_file(number)
        else:
            writer.flush()
        return self._save_state(record, folder)

    def close(self) -> None:
        """Close the open files."""
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
            columns, start, _ = _hparams(choices, dict.fromkeys(("final/search/score", "final/dev/score"), 0.0))
            for summary in (columns, start):
                _add_summary(writer, summary)
        return self._open[number]

    def _end(self, record: RunRecord, writer: SummaryWriter) -> None:
        ended = (record.row.finished_at or record.row.started_at).timestamp()
        for name, value in record.final.items():
            writer.add_scalar(name, value, record.step(record.last_epoch), walltime=ended)
        rows = [*record.tags().items(), *((str(k), str(v)) for k, v in record.row.choices_json.items())]
        shown = "\n".join(f"    {name}: {' '.join(value.split())}" for name, value in rows)  # a block of code
        writer.add_text("run", shown, record.step(record.last_epoch), walltime=ended)
        _add_summary(writer, _hparams({}, {})[2])  # marks the row as ended

    def _close_file(self, number: int) -> None:
        """Close a run's file, if it is open; later epochs of the run start a new one."""
        writer = self._open.pop(number, None)
        if writer is not None:
            writer.close()

    def _save_state(self, record: RunRecord, folder: Path) -> Tracked:
        now, new = Tracked.of(record), folder / f".{STATE}.new"
        state = {"run": record.row.id, "epochs": now.epochs, "state": now.state, "final": sorted(now.final)}
        new.write_text(json.dumps(state), encoding="utf-8")
        new.replace(folder / STATE)
        return now


def _hparams(choices: Mapping[str, Any], metrics: Mapping[str, float]) -> tuple[Any, Any, Any]:
    """Return TensorBoard's three summaries of a table row: the columns, the start and the end of the row."""
    from torch.utils.tensorboard.summary import hparams

    summaries: tuple[Any, Any, Any] = hparams(choices, metrics)  # type: ignore[no-untyped-call]
    return summaries


def _add_summary(writer: Any, summary: Any) -> None:
    """Add a summary to the writer's own file, as its `add_hparams` would create another folder."""
    writer.file_writer.add_summary(summary)
