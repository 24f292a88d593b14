"""What `single_task` is handed: a model as the stage before left it, and what was measured of it there."""

from __future__ import annotations

from mtbert import components
from mtbert.data.tokenize import Prepared
from mtbert.model import MultitaskModel
from mtbert.stages.multitask import EpochReport, StageOutcome, train_sample
from mtbert.training.evaluation import evaluate


def incoming(model: MultitaskModel, data: Prepared, epochs: int, seed: int = 0) -> StageOutcome:
    """The outcome of a stage whose last epoch, number `epochs`, was its best."""
    tasks = {name: components.build("tasks", name, {}) for name in model.heads}
    dev = evaluate(model, tasks, {name: data.splits[name, "search"] for name in tasks}, data.pad_id)
    sample = {name: train_sample(data.splits[name, "train"], seed, name) for name in tasks}
    report = EpochReport(epochs, {}, dev, evaluate(model, tasks, sample, data.pad_id), 0.0, 0.0)
    return StageOutcome((report,), report, stopped=False, last_score=dev.score)
