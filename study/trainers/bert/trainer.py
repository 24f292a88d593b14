"""The built-in trainer: multitask BERT. Its half in workers is `study.trainers.bert.worker`."""

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
from mtbert.data.tokenize import choose
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
from study.trainers.bert.configuration import idle_level_notes, single_task_config, to_config
from study.trainers.bert.drawn_data import DrawnData
from study.trainers.bert.example_rows import example_rows
from study.trainers.bert.preparation import check_all, deciding_rows, describe_data, prepare
from study.trainers.bert.stage_keys import StageKeys
from study.trainers.bert.timing import measure

THREADS = 1  # per worker, so that results do not depend on the number of cores


def devices() -> tuple[str, ...]:
    """Return the GPUs of this machine, else its processor."""
    return tuple(f"cuda:{i}" for i in range(torch.cuda.device_count())) or ("cpu",)


def precision() -> str:
    """Return the value of `--precision auto` on this machine."""
    return native_precision(devices()[0])


def compiles(settings: Settings) -> bool:
    """Return the value of `--compile auto` here, by the steps of the baseline; unlimited examples count as enough."""
    examples = math.inf if settings.train_examples is None else settings.train_examples
    steps = settings.epochs * len(settings.tasks) * examples / MultitaskConfig().batch_size
    return repays(devices()[0], steps)


class MultitaskBert(AbstractTrainer):
    """The trainer `mtbert`: a space's choices override the settings and give a `RunConfig`."""

    name: ClassVar[str] = "mtbert"
    worker: ClassVar[str] = "study.trainers.bert.worker:run_job"
    # torch._dynamo: the first optimizer of a process imports it, which takes longer than a small run.
    preload: ClassVar[tuple[str, ...]] = ("study.trainers.bert.worker", "torch._dynamo")
    phases: ClassVar[tuple[str, ...]] = PHASES
    shares: ClassVar[bool] = True

    def __init__(self, settings: Settings) -> None:
        self._devices = devices()
        if settings.compiled and (message := fault(self._devices[0])) is not None:
            raise SettingsError(message)
        self._settings, self._checked = settings, check_all(settings)
        self.space, self.tasks, self.varies = self._checked.space, settings.tasks, settings.vary == "train"
        corpus, sentences = self._checked.corpus, self._checked.sentences
        most = math.inf if settings.train_examples is None else settings.train_examples
        sizes = [int(min(most, len(task.train))) for task in corpus.tasks.values()]
        notes = []
        if (reason := slow(settings.precision, self._devices[0])) is not None:
            notes.append(f"{reason}; --precision auto selects the faster one")
        if not corpus.made_up:  # results on made-up data are not interpreted
            notes += held_out.notes(corpus)
            subset = self._checked.baseline.subset_seed
            notes += measurable.notes(corpus, settings.train_examples, settings.dev_examples, subset)
            notes += triplets_note(sentences.texts)
        notes += [*truncation.notes(self._checked.baseline, corpus), *sentences.notes()]
        self.facts = StudyFacts(
            data_source=settings.data,
            made_up=corpus.made_up,
            fingerprint=corpus.fingerprint,
            backbone=settings.backbone,
            config_version=CONFIG_VERSION,
            code=version_name(CONFIG_VERSION),
            issues=tuple(IssueRow(i.file, i.line, i.kind, i.message) for i in corpus.issues),
            notes=(*notes, *idle_level_notes(self.space, settings, sizes)),
        )
        self._stages: StageKeys | None = None
        self._data: DrawnData | None = None

    def devices(self) -> tuple[str, ...]:
        """Return the GPUs, else the processor."""
        return self._devices

    def gpu(self) -> str | None:
        """Return the first GPU's name."""
        return torch.cuda.get_device_name(0) if self._devices != ("cpu",) else None

    def configuration(self, choices: Choices, seed: int = 0) -> RunConfig:
        """Return the `RunConfig` of these choices."""
        return to_config(self.space, choices, self._settings, seed)

    def reference(self, choices: Choices, task: str, seed: int = 0) -> RunConfig:
        """Return the `RunConfig` of these choices without the other tasks."""
        return single_task_config(self.configuration(choices, seed), task)

    def on_first_sentences(self, choices: Choices, seed: int = 0) -> RunConfig:
        """Return the `RunConfig` of these choices on the training sentences of the first fresh seed."""
        config = self.configuration(choices, seed).model_dump(mode="json")
        config["data"]["subset_seed"] = self._settings.seeds_of(1)[0]
        return RunConfig.model_validate(config)

    def read(self, data: Mapping[str, Any], seed: int) -> RunConfig:
        """Return a stored `RunConfig`."""
        return RunConfig.model_validate(data).with_seed(seed)

    def epochs(self, config: RunConfig) -> tuple[int, int]:
        """Return the epochs of `multitask`, which can be pruned, and those with `single_task`."""
        return config.multitask.epochs, config.reported_epochs()

    def prepare(self, folder: Path, device: str) -> dict[str, Any]:
        """Tokenize the data once for all workers, and return its numbers."""
        self._data = DrawnData(self._checked, folder, prepare(self._checked, folder))
        self._stages = StageKeys(self._data.hashes_of, device, THREADS)
        return describe_data(self._checked, self._data.prepared)

    def folder_of(self, config: RunConfig, folder: Path) -> Path:
        """Return the folder with the run's training sentences."""
        return folder if self._data is None else self._data.folder_of(config)

    def examples(self) -> list[ExampleRow]:
        """Return the stored facts about dev examples; words are counted in the training sentences of all tasks.

        If those vary, the words of all rows that they are drawn from count.
        """
        most = None if self.varies else self._settings.train_examples
        chosen = choose(self._checked.corpus, most, self._settings.dev_examples)
        dev, train = ({task: split for (task, name), split in chosen.items() if name == of} for of in ("dev", "train"))
        return list(example_rows(dev, train.values()))

    def keys(self, config: RunConfig) -> ChainKeys | None:
        """Return the keys of a run's stages."""
        return None if self._stages is None else self._stages.of(config)

    def ends_to_change(self, configs: Sequence[tuple[RunConfig, ChainKeys | None, str]]) -> frozenset[str]:
        """Return the ends of `multitask` in confirm that ablate may continue, by removing or adding `single_task`.

        The best configuration is not known yet; the best of the search is the guess.
        """
        kept = [keys for config, keys, label in configs if config.single_task is not None or label == "confirm:1"]
        return frozenset(keys.multitask[-1] for keys in kept if keys is not None)

    def timing(self, configs: Sequence[RunConfig]) -> Timing:
        """Return the durations of runs, estimated from a few steps of every kind of training in `configs`."""
        checked, baseline = self._checked, self._checked.baseline
        data = prepare_data(baseline, checked.corpus, checked.sentences.texts)
        costs = measure([baseline, *configs], data, self._devices[0])
        both = {each.digest(): each for each in (baseline, *configs)}.items()
        tested = sum(len(rows) for (_, split), rows in data.splits.items() if split == "test")
        step = costs.trained(baseline) * baseline.multitask.batch_size
        note = f"measured: a few steps of {len(costs.kinds)} of {costs.all_kinds} kinds of training"
        note += "" if len(costs.kinds) == costs.all_kinds else " (the others are assumed to cost the mean of these)"
        note += f" and of {', '.join(costs.stages)}" if costs.stages else ""
        return Timing(
            seconds={digest: costs.seconds(config, data) for digest, config in both},
            search_seconds={digest: costs.seconds(config, data, decides=False) for digest, config in both},
            test_seconds=costs.evaluated * tested,
            notes=(f"one step measured: {step * 1000:.0f} ms", note),
            facts={
                "rows": {f"{task}/{split}": len(rows) for (task, split), rows in data.splits.items()},
                "dropped": len(checked.corpus.issues),
                "precision": self._settings.precision,
                "step_seconds": step,
                "dev_rows": deciding_rows(checked.corpus),
                "dev_example_seconds": costs.of_dev_example(baseline),
                "kinds": costs.all_kinds,
                "measured": len(costs.kinds),
                "stages": list(costs.stages),
            },
        )

    def keep_best(
        self, rows: Sequence[RunRow], models: Path, folder: Path, say: Callable[[str], None]
    ) -> RunRow | None:
        """Put the model with the highest score into `folder`, and delete the models kept for that choice."""
        kept = best_model.keep(rows, models, folder, self._checked.corpus, say)
        if kept is not None:
            shutil.rmtree(models, ignore_errors=True)
        return kept
