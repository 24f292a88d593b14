"""Execution of jobs in a worker, on any engine: results and failures become messages."""

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
    """Run the job and call `go_on` after every epoch; errors become a message with a reason and never raise."""
    try:
        torch.set_num_threads(job.threads)
        config = parse(dict(job.config))
        data = load_prepared(job.prepared_folder)
        return _test(job, config, data) if job.kind == "test" else _train(job, config, data, go_on)
    except Exception as error:  # the boundary of a worker: every error must reach the driver with its type
        return RunFailed(job.run_id, _reason(error), first_line(error), traceback.format_exc())


def _train(job: Job, config: RunConfig, data: Prepared, go_on: Callable[[EpochDone], bool]) -> RunDone:
    def report(epoch: EpochReport) -> bool:
        metrics = _metrics({"search": epoch.search, "train": epoch.train})
        metrics.update({("train", task, "loss"): loss for task, loss in epoch.losses.items()})
        seconds = epoch.train_seconds + epoch.eval_seconds
        return go_on(EpochDone(job.run_id, epoch.epoch, seconds, epoch.search.score, metrics))

    outcome, note = _run(job, config, data, report)
    if job.model_folder is not None and not outcome.stopped:
        checkpoint.save(outcome.model, config, Tokenizer.from_str(data.tokenizer_json), job.model_folder)
    return _done(job, outcome, data, note)


def _run(
    job: Job, config: RunConfig, data: Prepared, report: Callable[[EpochReport], bool]
) -> tuple[RunOutcome, str | None]:
    """Return the run. If the GPU's memory is too small, run again with half the batch, and return a note about it.

    Twice the accumulation keeps the optimizer's steps, up to the order of sums and the draws of dropout.
    """
    reported, decide = 0, job.kind == "train"

    def report_once(epoch: EpochReport) -> bool:
        nonlocal reported
        if epoch.epoch <= reported:
            return True
        reported = epoch.epoch
        return report(epoch)

    try:
        return run(config, data, report_once, job.device, _sharing(job), decide=decide), None
    except torch.OutOfMemoryError:
        smaller = halved(config)
        if smaller is None:
            raise
    torch.cuda.empty_cache()
    size = f"batch {smaller.multitask.batch_size} with accumulation {smaller.multitask.accumulation}"
    outcome = run(smaller, data, report_once, job.device, decide=decide)
    return outcome, f"ran again with {size}: the GPU's memory was too small"


def halved(config: RunConfig) -> RunConfig | None:
    """Return the configuration with half the batch sizes and twice the accumulation; None where one is 1."""
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
    scored = outcome.best.search if outcome.dev is None else outcome.dev
    measured = {"search": outcome.best.search, "dev": outcome.dev, "train": outcome.train}
    notes = [*([note] if note else []), *degenerate(scored)]
    return RunDone(
        run_id=job.run_id,
        stopped=outcome.stopped,
        best_epoch=outcome.best.epoch,
        score=scored.score,
        leaderboard_score=scored.leaderboard_score,
        last_score=outcome.last_score,
        metrics=_metrics({split: each for split, each in measured.items() if each is not None}),
        inference_ms=inference_ms(outcome.model, data),
        outputs={} if outcome.dev is None else _outputs(outcome.dev, "dev", data),
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
        note="; ".join(notes) or None,
    )


def _sharing(job: Job) -> Sharing | None:
    """Return the job's sharing of stages, with the store open."""
    sharing = job.sharing
    if sharing is None:
        return None
    store = None if sharing.folder is None else StageStore(sharing.folder, sharing.limit_bytes)
    return Sharing(sharing.keys, store, sharing.wanted, sharing.keep_when_stopped)


def _test(job: Job, config: RunConfig, data: Prepared) -> EvaluationDone:
    evaluation = evaluate_split(_saved_or_trained(job, config, data), data, "test")
    return EvaluationDone(job.run_id, _metrics({"test": evaluation}), _outputs(evaluation, "test", data))


def _saved_or_trained(job: Job, config: RunConfig, data: Prepared) -> MultitaskModel:
    """Return the run's model: loaded if it was kept, else trained again with equal bits."""
    if job.model_folder is not None:
        try:
            model = checkpoint.load(job.model_folder)[0].to(job.device)
            if config.compiled:  # as in training, for equal bits
                compile_layers(model)
            return model
        except CheckpointError:
            pass  # lost or damaged: trained again below
    outcome = run(config, data, lambda _: True, job.device, _sharing(job), decide=False)
    if job.model_folder is not None:
        checkpoint.save(outcome.model, config, Tokenizer.from_str(data.tokenizer_json), job.model_folder)
    return outcome.model


def _metrics(evaluations: Mapping[str, Evaluation]) -> dict[tuple[str, str, str], float]:
    """Return the metrics of all tasks, and the model's two scores, by (split, task, metric)."""
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
