"""What a worker does with a job, on any engine: run it, and turn results and failures into messages."""

from __future__ import annotations

import hashlib
import traceback
from collections.abc import Callable, Mapping

import torch
from tokenizers import Tokenizer

from mtbert import checkpoint, components
from mtbert.config import RunConfig, parse
from mtbert.data.prepared import load_prepared
from mtbert.data.tokenize import Prepared
from mtbert.errors import CheckpointError, MtbertError
from mtbert.model import MultitaskModel
from mtbert.run import RunOutcome, evaluate_split, run
from mtbert.stage_store.store import StageStore
from mtbert.stages.chain import Sharing
from mtbert.stages.multitask import DivergedError, EpochReport
from mtbert.training.compilation import compile_layers
from mtbert.training.evaluation import Evaluation, degenerate
from mtbert.training.inference_time import inference_ms
from study.messages import (
    EpochDone,
    EvaluationDone,
    Job,
    Reason,
    RunDone,
    RunFailed,
    StageSeconds,
    TaskOutputs,
    first_line,
)


def run_job(job: Job, go_on: Callable[[EpochDone], bool]) -> RunDone | EvaluationDone | RunFailed:
    """Do the job; `go_on` is asked after every epoch. Never raises: what goes wrong is a message with a reason."""
    try:
        torch.set_num_threads(job.threads)
        config = parse(dict(job.config))
        data = load_prepared(job.prepared_folder)
        return _train(job, config, data, go_on) if job.kind == "train" else _test(job, config, data)
    except Exception as error:  # the border of a worker: whatever happened must reach the driver with its type
        return RunFailed(job.run_id, _reason(error), first_line(error), traceback.format_exc())


def _train(job: Job, config: RunConfig, data: Prepared, go_on: Callable[[EpochDone], bool]) -> RunDone:
    def report(epoch: EpochReport) -> bool:
        metrics = _metrics({"dev": epoch.dev, "train": epoch.train})
        metrics.update({("train", task, "loss"): loss for task, loss in epoch.losses.items()})
        seconds = epoch.train_seconds + epoch.eval_seconds
        return go_on(EpochDone(job.run_id, epoch.epoch, seconds, epoch.dev.score, metrics))

    outcome, note = _run(job, config, data, report)
    if job.model_folder is not None and not outcome.stopped:
        checkpoint.save(outcome.model, config, Tokenizer.from_str(data.tokenizer_json), job.model_folder)
    return _done(job, outcome, data, note)


def _run(
    job: Job, config: RunConfig, data: Prepared, report: Callable[[EpochReport], bool]
) -> tuple[RunOutcome, str | None]:
    """Return the run; once more with half the batch where a GPU's memory did not do, and then a note that says so.

    Twice the accumulation keeps the optimizer's steps as they were, up to the order of sums and the draws of dropout.
    """
    told = 0

    def first(epoch: EpochReport) -> bool:
        nonlocal told
        told = epoch.epoch
        return report(epoch)

    try:
        return run(config, data, first, job.device, _sharing(job)), None
    except torch.OutOfMemoryError:
        smaller = halved(config)
        if smaller is None:
            raise
    torch.cuda.empty_cache()
    how = f"batch {smaller.multitask.batch_size} with accumulation {smaller.multitask.accumulation}"

    def again(epoch: EpochReport) -> bool:
        return epoch.epoch <= told or report(epoch)

    return run(smaller, data, again, job.device, None), f"ran again with {how}: the GPU's memory did not do"


def halved(config: RunConfig) -> RunConfig | None:
    """Return the same with half the batch and twice the accumulation; None where a batch is one example, or has its
    own size.

    A task's own batch size is halved too.
    """
    part = config.multitask
    sizes = [task.batch_size for task in config.tasks.values() if task.batch_size is not None]
    if min([part.batch_size, *sizes]) < 2:
        return None
    half = {"batch_size": part.batch_size // 2, "accumulation": 2 * part.accumulation}
    tasks = {
        name: task if task.batch_size is None else task.model_copy(update={"batch_size": task.batch_size // 2})
        for name, task in config.tasks.items()
    }
    return config.model_copy(update={"multitask": part.model_copy(update=half), "tasks": tasks})


def _done(job: Job, outcome: RunOutcome, data: Prepared, note: str | None) -> RunDone:
    told = [*([note] if note else []), *degenerate(outcome.best.dev)]
    return RunDone(
        run_id=job.run_id,
        stopped=outcome.stopped,
        best_epoch=outcome.best.epoch,
        score=outcome.best.dev.score,
        leaderboard_score=outcome.best.dev.leaderboard_score,
        last_score=outcome.last_score,
        metrics=_metrics({"dev": outcome.best.dev} | ({} if outcome.train is None else {"train": outcome.train})),
        inference_ms=inference_ms(outcome.model, data),
        outputs=_outputs(outcome.best.dev, "dev", data),
        train_seconds=outcome.train_seconds,
        eval_seconds=outcome.eval_seconds,
        trainable_parameters=outcome.trainable_parameters,
        total_parameters=outcome.total_parameters,
        peak_memory_bytes=outcome.peak_memory_bytes,
        shared_seconds=outcome.shared_seconds,
        shared_train_seconds=outcome.shared_train_seconds,
        stages=tuple(
            StageSeconds(s.name, s.key, s.seconds, s.shared, s.losses, s.train_seconds) for s in outcome.stages
        ),
        trouble=outcome.trouble,
        note="; ".join(told) or None,
    )


def _sharing(job: Job) -> Sharing | None:
    """Return how the run shares its stages, with the store open."""
    told = job.sharing
    if told is None:
        return None
    store = None if told.folder is None else StageStore(told.folder, told.limit_bytes)
    return Sharing(told.keys, store, told.wanted, told.keep_when_stopped)


def _test(job: Job, config: RunConfig, data: Prepared) -> EvaluationDone:
    evaluation = evaluate_split(_saved_or_trained(job, config, data), data, "test")
    return EvaluationDone(job.run_id, _metrics({"test": evaluation}), _outputs(evaluation, "test", data))


def _saved_or_trained(job: Job, config: RunConfig, data: Prepared) -> MultitaskModel:
    """Return the run's model: read if it was kept, else trained again to the same bits."""
    if job.model_folder is not None:
        try:
            model = checkpoint.load(job.model_folder)[0].to(job.device)
            if config.compiled:  # as it was trained: a model that had to be trained again gives the same bits
                compile_layers(model)
            return model
        except CheckpointError:
            pass  # lost or damaged: it can be had again
    outcome = run(config, data, lambda _: True, job.device, _sharing(job))
    if job.model_folder is not None:
        checkpoint.save(outcome.model, config, Tokenizer.from_str(data.tokenizer_json), job.model_folder)
    return outcome.model


def _metrics(evaluations: Mapping[str, Evaluation]) -> dict[tuple[str, str, str], float]:
    """Return all metrics of all tasks, and the two scores of the whole model, by (split, task, metric)."""
    result: dict[tuple[str, str, str], float] = {}
    for split, evaluation in evaluations.items():
        result[split, "", "score"] = evaluation.score
        result[split, "", "leaderboard_score"] = evaluation.leaderboard_score
        for name, task in evaluation.tasks.items():
            result.update({(split, name, metric): value for metric, value in task.metrics.items()})
    return result


def _outputs(evaluation: Evaluation, split: str, data: Prepared) -> dict[tuple[str, str], TaskOutputs]:
    result = {}
    for name, task in evaluation.tasks.items():
        predictions = components.build("tasks", name, {}).predictions(task.outputs)
        ids = "\n".join(data.splits[name, split].ids)
        digest = hashlib.sha256(ids.encode()).hexdigest()
        result[split, name] = TaskOutputs(task.outputs, predictions, task.labels, digest)
    return result


def _reason(error: Exception) -> Reason:
    if isinstance(error, DivergedError):
        return "nan_loss"
    if isinstance(error, MemoryError | torch.OutOfMemoryError) or "DefaultCPUAllocator: can't allocate" in str(error):
        return "out_of_memory"
    return "bad_configuration" if isinstance(error, MtbertError | ValueError) else "error"
