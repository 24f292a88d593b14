"""A run: one configuration with one seed, trained through its chain of stages.

    backbone -> [mlm] -> [simcse_unsupervised] -> [simcse_supervised] -> [fine_tune_first] -> multitask -> [single_task]

The order is fixed; a stage in brackets runs if the configuration has its part. The caller passes the prepared data and
is called after every epoch of the last two stages; the result is the model and all measurements.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mtbert import components
from mtbert.assembly import build_model
from mtbert.config import RunConfig
from mtbert.config.stages import MlmConfig
from mtbert.data.examples import Corpus
from mtbert.data.prepared import prepare
from mtbert.data.subset import require_choice
from mtbert.data.texts import needs_of, read_texts, together
from mtbert.data.tokenize import Prepared
from mtbert.device import forget_peak, peak_memory_bytes
from mtbert.encoder.backbones import load_masked_head, load_tokenizer
from mtbert.encoder.truncation import most_tokens
from mtbert.model import MultitaskModel
from mtbert.stages import fine_tune_first, mlm, multitask, simcse_supervised, simcse_unsupervised, single_task
from mtbert.stages.chain import Chain, Sharing, Stage, StageDone
from mtbert.stages.losses import StageLosses
from mtbert.stages.multitask import EpochReport
from mtbert.tasks.abstract import AbstractTask
from mtbert.training.compilation import compile_layers
from mtbert.training.evaluation import Evaluation, evaluate


def prepare_data(
    config: RunConfig,
    corpus: Corpus,
    texts: Mapping[str, Sequence[str]] | None = None,
    folder: Path | None = None,
    same: Prepared | None = None,
) -> Prepared:
    """Return the corpus tokenized as this configuration reads it.

    `texts` are the sentences for pretraining (`read_texts`); None: those that this configuration needs are read. Data
    prepared for several configurations has what each of them needs. Data that an earlier call saved in `folder` is not
    tokenized again, nor what `same` has, the data of a run with other training sentences.

    Raises:
        DataError: the training sentences vary with the seed, but a task has no more than `train_examples`.
    """
    if config.subset_seed is not None:
        require_choice(corpus, config.data.train_examples)
    if texts is None:
        needs = together(needs_of(config).values())
        texts = read_texts(corpus, needs, config.data.train_examples, config.subset_seed)
    known = (text for task in corpus.tasks.values() for text in (*task.train.texts, *(task.train.texts2 or ())))
    return prepare(
        corpus,
        load_tokenizer(config.backbone, known),
        max_tokens=most_tokens(config),
        train_examples=config.data.train_examples,
        dev_examples=config.data.dev_examples,
        subset_seed=config.subset_seed,
        texts=texts,
        folder=folder,
        same=same,
    )


@dataclass(frozen=True, eq=False)
class RunOutcome:
    """The result of a run, with `model` in the state of its best epoch by `search` score.

    `stages` in the order they ran, or were loaded from the stage store: `shared_seconds` is what these had cost, with
    the features of frozen parts; `shared_train_seconds` the part of it that was not evaluation. `train_seconds` and
    `eval_seconds` are of what this run computed; `train_seconds` includes the stages before `multitask`. Alone the run
    would have trained for `train_seconds` + `shared_train_seconds`. `peak_memory_bytes` is the peak of this run and of
    those that computed what it loaded from the store. `trainable_parameters` is what `multitask` trained. `stopped`:
    the caller ended the run early.

    After `single_task` the best epoch is one of its epochs, unless no head improved. `dev` is the model on the part of
    dev that decides, `train` on a sample of the train split, larger than that of the epochs; None if the run was
    stopped or was not to be decided. `last_score` is the `search` score after the last epoch. `trouble` says why the
    stage store could not be used to the end.
    """

    model: MultitaskModel
    epochs: tuple[EpochReport, ...]
    best: EpochReport
    dev: Evaluation | None
    train: Evaluation | None
    last_score: float
    stopped: bool
    train_seconds: float
    eval_seconds: float
    shared_seconds: float
    shared_train_seconds: float
    trainable_parameters: int
    total_parameters: int
    peak_memory_bytes: int
    stages: tuple[StageDone, ...]
    trouble: str | None = None


def run(
    config: RunConfig,
    data: Prepared,
    report: Callable[[EpochReport], bool],
    device: str = "cpu",
    sharing: Sharing | None = None,
    *,
    decide: bool = True,
) -> RunOutcome:
    """Train one run on `device`; `report` is called after each epoch and ends the run by returning False.

    With `sharing`, stages in its store are not computed again; epochs from there are reported like any other. Without
    `decide` the run never reads the part of dev that decides, as a run of a search should not. On the
    CPU the result depends on `config`, `data` and the number of threads (torch.set_num_threads) alone.

    Raises:
        DivergedError: a loss or an output is not finite.
        BackboneError: the encoder is not available.
    """
    forget_peak(device)
    model = build_model(config, data.vocabulary_size).to(device)
    if config.compiled:
        compile_layers(model)
    chain = Chain(model, sharing)
    chain.before(_before(model, config, data))
    outcome = multitask.run(
        model,
        config.multitask,
        data,
        config.seed,
        report,
        config.tasks,
        chain,
        chain.features(config),
        decide=decide and config.single_task is None,
    )
    chain.finish(outcome.epochs)
    trainable, epochs, part = model.trainable_parameters(), outcome.epochs, config.single_task
    if part is not None and not outcome.stopped:
        optimizer = config.multitask.optimizer
        outcome = single_task.run(model, part, data, config.seed, report, outcome, optimizer, decide=decide)
        chain.add_single_task(outcome.epochs)
        epochs = (*epochs, *outcome.epochs)
    return _outcome(model, chain, outcome, epochs, trainable, device)


def _outcome(
    model: MultitaskModel,
    chain: Chain,
    last: multitask.StageOutcome,
    epochs: tuple[EpochReport, ...],
    trainable_parameters: int,
    device: str,
) -> RunOutcome:
    """Return the outcome of a run that ended with the stage outcome `last`."""
    here, taken = ([stage for stage in chain.done if stage.shared is shared] for shared in (False, True))
    train_seconds, shared_train_seconds = (sum(stage.train_seconds for stage in part) for part in (here, taken))
    return RunOutcome(
        model=model,
        epochs=epochs,
        best=last.best,
        dev=last.dev,
        train=last.train,
        last_score=last.last_score,
        stopped=last.stopped,
        train_seconds=train_seconds,
        eval_seconds=sum(stage.seconds for stage in here) - train_seconds + last.eval_seconds,
        shared_seconds=sum(stage.seconds for stage in taken),
        shared_train_seconds=shared_train_seconds,
        trainable_parameters=trainable_parameters,
        total_parameters=model.total_parameters(),
        peak_memory_bytes=max((peak_memory_bytes(device), *(stage.peak_memory_bytes for stage in taken))),
        stages=tuple(chain.done),
        trouble=chain.store.trouble if chain.store is not None else None,
    )


def _before(model: MultitaskModel, config: RunConfig, data: Prepared) -> list[Stage]:
    """Return the stages before `multitask` that the configuration has, and the parameters that each changes."""
    seed, optimizer, stages = config.early_seed, config.multitask.optimizer, []
    if config.mlm is not None:
        stages.append(Stage(mlm.NAME, partial(_mlm, model, config, config.mlm, data), ("encoder.",)))
    vectors = ("encoder.", "pooling.")
    if config.simcse_unsupervised is not None:
        unsupervised = partial(simcse_unsupervised.run, model, config.simcse_unsupervised, data, seed)
        stages.append(Stage(simcse_unsupervised.NAME, unsupervised, vectors))
    if config.simcse_supervised is not None:
        supervised = partial(simcse_supervised.run, model, config.simcse_supervised, data, seed)
        stages.append(Stage(simcse_supervised.NAME, supervised, vectors))
    if config.fine_tune_first is not None:
        first = partial(fine_tune_first.run, model, config.fine_tune_first, data, seed, config.tasks, optimizer)
        own = tuple(f"{part}.{config.fine_tune_first.task}." for part in ("heads", "adapters"))
        stages.append(Stage(fine_tune_first.NAME, first, (*vectors, "pair_layer.", "copies.", *own)))
    return stages


def _mlm(model: MultitaskModel, config: RunConfig, part: MlmConfig, data: Prepared) -> StageLosses:
    """Run the stage `mlm`, with the checkpoint's own head if the configuration asks for it."""
    published = load_masked_head(config.backbone) if part.head == "tied" else None
    return mlm.run(model, part, data, config.early_seed, published)


def evaluate_split(model: MultitaskModel, data: Prepared, split: str) -> Evaluation:
    """Evaluate a model on a split of all its tasks: `search`, `dev` or `test`."""
    tasks: dict[str, AbstractTask] = {name: components.build("tasks", name, {}) for name in model.heads}
    return evaluate(model, tasks, {name: data.splits[name, split] for name in tasks}, data.pad_id)
