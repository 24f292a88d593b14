"""The trainer of this project: multitask BERT. Its worker's half is `study.trainers.bert.worker`."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import torch

from mtbert.config import CONFIG_VERSION, RunConfig
from mtbert.config.parts import MultitaskConfig
from mtbert.data import held_out, measurable
from mtbert.data.texts import triplets_note
from mtbert.data.tokenize import Prepared, choose
from mtbert.encoder import truncation
from mtbert.precision import native_precision, slow
from mtbert.run import prepare_data
from mtbert.stage_store.keys import ChainKeys
from mtbert.training.compilation import fault, repays
from results.database.rows import ExampleRow, IssueRow, RunRow
from results.measurements.code_versions import version_name
from search_spaces.grammar import Choices
from study.settings import PHASES, Settings, SettingsError
from study.trainers.abstract import AbstractTrainer, StudyFacts, Timing
from study.trainers.bert import best_model
from study.trainers.bert.configuration import idle, of_one_task, to_config
from study.trainers.bert.example_rows import example_rows
from study.trainers.bert.preparation import check_all, describe_data, prepare
from study.trainers.bert.stage_keys import StageKeys
from study.trainers.bert.timing import measure

THREADS = 1  # of a worker: results then do not depend on the number of cores


def devices() -> tuple[str, ...]:
    """Return the GPUs of this machine, else its processor."""
    return tuple(f"cuda:{i}" for i in range(torch.cuda.device_count())) or ("cpu",)


def precision() -> str:
    """Return what `--precision auto` means here."""
    return native_precision(devices()[0])


def compiles(settings: Settings) -> bool:
    """Return what `--compile auto` means here: by the steps of the baseline, where all examples of a task count as
    enough.
    """
    examples = math.inf if settings.train_examples is None else settings.train_examples
    steps = settings.epochs * len(settings.tasks) * examples / MultitaskConfig().batch_size
    return repays(devices()[0], steps)


class MultitaskBert(AbstractTrainer):
    """`mtbert`: a space's choices are laid over the settings and give a `RunConfig`."""

    name: ClassVar[str] = "mtbert"
    worker: ClassVar[str] = "study.trainers.bert.worker:run_job"
    # torch._dynamo: the first optimizer of a process imports it, which takes longer than a small run.
    preload: ClassVar[tuple[str, ...]] = ("study.trainers.bert.worker", "torch._dynamo")
    phases: ClassVar[tuple[str, ...]] = PHASES
    shares: ClassVar[bool] = True

    def __init__(self, settings: Settings) -> None:
        why_not = fault(devices()[0]) if settings.compiled else None
        if why_not is not None:
            raise SettingsError(why_not)
        self._settings, self._checked = settings, check_all(settings)
        self.space, self.tasks = self._checked.space, settings.tasks
        corpus = self._checked.corpus
        most = math.inf if settings.train_examples is None else settings.train_examples
        sizes = [int(min(most, len(task.train))) for task in corpus.tasks.values()]
        dear = slow(settings.precision, devices()[0])
        warned = [] if dear is None else [f"{dear}; --precision auto takes what is faster"]
        sentences = self._checked.sentences
        # Of made-up data nobody has to judge what its numbers rest on.
        of_data = (
            ()
            if corpus.made_up
            else (
                *held_out.notes(corpus),
                *measurable.notes(corpus, settings.train_examples, settings.dev_examples),
                *triplets_note(sentences.texts),
            )
        )
        told = (*of_data, *truncation.notes(self._checked.baseline, corpus), *sentences.notes())
        self.facts = StudyFacts(
            data_source=settings.data,
            made_up=corpus.made_up,
            fingerprint=corpus.fingerprint,
            backbone=settings.backbone,
            config_version=CONFIG_VERSION,
            code=version_name(CONFIG_VERSION),
            issues=tuple(IssueRow(i.file, i.line, i.kind, i.message) for i in corpus.issues),
            notes=(*warned, *told, *idle(self.space, settings, sizes)),
        )
        self._devices = devices()
        self._stages: StageKeys | None = None
        self._prepared: Prepared | None = None

    def devices(self) -> tuple[str, ...]:
        """GPUs where there are any."""
        return self._devices

    def gpu(self) -> str | None:
        """Return the first GPU's name."""
        return torch.cuda.get_device_name(0) if self._devices != ("cpu",) else None

    def configuration(self, choices: Choices, seed: int = 0) -> RunConfig:
        """Return the `RunConfig` of these choices."""
        return to_config(self.space, choices, self._settings, seed)

    def reference(self, choices: Choices, task: str, seed: int = 0) -> RunConfig:
        """Return the `RunConfig` of these choices without the other tasks."""
        return of_one_task(self.configuration(choices, seed), task)

    def read(self, data: Mapping[str, Any], seed: int) -> RunConfig:
        """Return a `RunConfig` that was written."""
        return RunConfig.model_validate(data).with_seed(seed)

    def epochs(self, config: RunConfig) -> tuple[int, int]:
        """Return those of `multitask`, which may be stopped, and of `single_task` after it."""
        return config.multitask.epochs, config.reported_epochs()

    def prepare(self, folder: Path, device: str) -> dict[str, Any]:
        """Tokenize once for all workers."""
        self._prepared = prepare(self._checked, folder)
        self._stages = StageKeys(self._prepared.hashes, device, THREADS)
        return describe_data(self._checked, self._prepared)

    def examples(self) -> list[ExampleRow]:
        """Return what is stored of the dev examples' words; the training sentences are those of all tasks."""
        chosen = choose(self._checked.corpus, self._settings.train_examples, self._settings.dev_examples)
        dev, train = ({task: split for (task, name), split in chosen.items() if name == of} for of in ("dev", "train"))
        return list(example_rows(dev, train.values()))

    def keys(self, config: RunConfig) -> ChainKeys | None:
        """Return the keys of a run's stages."""
        return None if self._stages is None else self._stages.of(config)

    def ends_to_change(self, configs: Sequence[tuple[RunConfig, ChainKeys | None, str]]) -> frozenset[str]:
        """Return the ends of `multitask` in confirm from which ablate may go on: it takes `single_task` away, or adds
        it.

        Which configuration will be the best is not known; the best of the search is the first guess.
        """
        kept = [keys for config, keys, label in configs if config.single_task is not None or label == "confirm:1"]
        return frozenset(keys.multitask[-1] for keys in kept if keys is not None)

    def timing(self, configs: Sequence[RunConfig]) -> Timing:
        """Return a few steps of every kind of training in `configs` are trained and measured."""
        checked, baseline = self._checked, self._checked.baseline
        data = prepare_data(baseline, checked.corpus, checked.sentences.texts)
        costs = measure([baseline, *configs], data, self._devices[0])
        seconds = {config.digest(): costs.seconds(config, data) for config in (baseline, *configs)}
        tested = sum(len(rows) for (_, split), rows in data.splits.items() if split == "test")
        each = costs.trained(baseline) * baseline.multitask.batch_size
        told = f"measured were a few steps of {len(costs.kinds)} of {costs.all_kinds} kinds of training"
        told += "" if len(costs.kinds) == costs.all_kinds else " (the others are taken to cost the mean of these)"
        return Timing(
            seconds=seconds,
            test_seconds=costs.evaluated * tested,
            notes=(
                f"one step measured: {each * 1000:.0f} ms",
                told + (f" and of {', '.join(costs.stages)}" if costs.stages else ""),
            ),
            facts={
                "rows": {f"{task}/{split}": len(rows) for (task, split), rows in data.splits.items()},
                "dropped": len(checked.corpus.issues),
                "precision": self._settings.precision,
                "step_seconds": each,
                "kinds": costs.all_kinds,
                "measured": len(costs.kinds),
                "stages": list(costs.stages),
            },
        )

    def keep_best(
        self, rows: Sequence[RunRow], models: Path, folder: Path, say: Callable[[str], None]
    ) -> RunRow | None:
        """Have the model with the highest score there; models kept on the way are then no longer needed."""
        kept = best_model.keep(rows, models, folder, self._checked.corpus, say)
        if kept is not None:
            shutil.rmtree(models, ignore_errors=True)
        return kept
