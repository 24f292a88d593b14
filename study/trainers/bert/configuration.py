"""Configurations of `mtbert` made from a space's choices and the settings common to all runs."""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Collection, Mapping
from typing import Any

from mtbert import components
from mtbert.config import RunConfig, parse, with_rates
from mtbert.config.parts import MultitaskConfig
from mtbert.config.rules import nothing_to_train
from mtbert.encoder.backbones import check_layers
from mtbert.errors import BackboneError, ConfigurationError, Fault, unknown
from search_spaces import Space
from search_spaces.grammar import Choices
from search_spaces.grammar.restricting import without
from study.settings import Settings

# Fields of a stage that limit the number of its sentences.
SENTENCES = ("sentences", "max_sentences", "triplets")

# Paths that a level may set as a multiple.
SCALABLE = re.compile(rf"[a-z_]+\.({'|'.join(('epochs', *SENTENCES))})|tasks\.[a-z_]+\.batch_size")

# Paths with an entry per task, by its name.
BY_TASK = ("tasks", "multitask.balancer.weights")

# Paths, and values of a path, that do not apply to a BiLSTM.
NOT_IN_BILSTM = ("encoder.attention_dropout", "adapters", "backbone")
NOT_FOR_BILSTM = {"multitask.trainable.name": ("adapters_and_heads",)}

# More layers than any encoder has.
DEEP = 1000

# Enough draws to include every level of every factor many times; they take some hundredths of a second.
CHECK_SAMPLES = 64


def to_config(space: Space, choices: Mapping[str, Any], settings: Settings, seed: int = 0) -> RunConfig:
    """Return the configuration of `choices`: the settings, overridden by what the chosen levels set.

    A level that scales a path (`Level.scale`) multiplies the settings' value: `multitask.epochs: 2` doubles the epochs,
    rounded to at least 1; a task's batch size is a multiple of the stage's. A task set to null is left out. Every
    learning rate is multiplied by `learning_rate_times`. `--layers` holds for the settings' backbone alone: another one
    that a level sets keeps all its layers.

    Raises:
        ConfigurationError: these choices are no valid configuration.
    """
    chosen = space.configuration(choices)
    same_backbone = chosen.get("backbone", settings.backbone) == settings.backbone
    common: dict[str, Any] = {
        "backbone": settings.backbone,
        "encoder": {"layers": settings.layers if same_backbone else None},
        "precision": settings.precision,
        "compiled": settings.compiled,
        "data": {
            "train_examples": settings.train_examples,
            "dev_examples": settings.dev_examples,
            "vary": settings.vary,
        },
        "multitask": {"epochs": settings.epochs},
        "seed": seed,
        "pretraining_seed": settings.seed if settings.fixed_pretraining_seed else None,
    }
    batch_size = chosen.get("multitask", {}).get("batch_size", MultitaskConfig().batch_size)
    scaled = _scaled(space.scale(choices), settings, batch_size)
    merged = _merged(_merged(_merged(_defaults(settings), common), scaled), chosen)
    merged["tasks"] = {name: task for name, task in merged["tasks"].items() if task is not None}
    # After parsing, so that rates which the space does not set are multiplied too.
    return with_rates(parse(merged), settings.learning_rate_times)


def single_task_config(config: RunConfig, task: str) -> RunConfig:
    """Return the configuration that trains one of its tasks alone, without a shared layer and other tasks' weights.

    Raises:
        ConfigurationError: a stage needs another task, or the task's head alone has nothing to train.
    """
    data = config.model_dump(mode="json")
    data["tasks"] = {task: data["tasks"][task]} if task in data["tasks"] else {}
    data["shared_pair_layer"] = False
    balancer = data["multitask"]["balancer"]
    if balancer.get("weights"):
        balancer["weights"] = {name: weight for name, weight in balancer["weights"].items() if name == task}
    config = parse(data)
    if (fault := nothing_to_train(config)) is not None:
        raise ConfigurationError([fault])
    return config


def restricted(space: Space, settings: Settings) -> Space:
    """Return the space without levels for tasks that the study does not train, or parts that its backbone lacks.

    Rows of a printed table are never changed: `check_space` refuses one that trains more layers than there are.
    """
    names = components.names("tasks")
    others = [name for name in names if name not in settings.tasks]
    pairs = [name for name in names if name in settings.tasks and components.load("tasks", name).pair]
    bilstm = settings.backbone == "bilstm"
    too_deep = () if settings.layers is None or space.rows else range(settings.layers + 1, DEEP)
    return without(
        space,
        [*(f"{path}.{name}" for path in BY_TASK for name in others), *(NOT_IN_BILSTM if bilstm else ())],
        {
            "fine_tune_first.task": others,
            "multitask.trainable.layers": too_deep,
            "shared_pair_layer": [True] if len(pairs) < 2 else (),
            **(NOT_FOR_BILSTM if bilstm else {}),
        },
    )


def check_space(space: Space, settings: Settings) -> RunConfig:
    """Return the baseline's configuration, once every level was parsed in some configuration.

    Raises:
        ConfigurationError: all faults, so that none appears hours later.
    """
    faults: dict[str, Fault] = {}
    for choices in covering_choices(space):
        try:
            _check(space, choices, settings)
        except ConfigurationError as error:
            faults.update({str(fault): fault for fault in error.faults})
    if faults:
        raise ConfigurationError([Fault(f"space {space.name}, {f.path}", f.message) for f in faults.values()])
    return to_config(space, space.baseline(), settings)


def _check(space: Space, choices: Choices, settings: Settings) -> None:
    """Raise `ConfigurationError` for an invalid configuration, or more layers than the backbone's files have."""
    config = to_config(space, space.complete(choices), settings)
    last = config.multitask.trainable.layers
    if last is None or config.backbone != settings.backbone:
        return
    try:
        check_layers(config.backbone, config.encoder.layers, last)
    except BackboneError as error:
        raise ConfigurationError([Fault("multitask.trainable.layers", str(error))]) from error


def idle_level_notes(space: Space, settings: Settings, sizes: Collection[int]) -> list[str]:
    """Return a sentence about each level without effect at these epochs and sizes: comparing it measures noise.

    `sizes` are the numbers of train examples per task.
    """
    notes = {}
    stages = [to_config(space, space.complete(choices), settings).multitask for choices in covering_choices(space)]
    for part in stages:
        name, epochs = part.balancer.name, components.load("balancers", part.balancer.name).idle_epochs
        if part.epochs <= epochs:
            notes[name] = (
                f"Balancer {name} gives all tasks the same weight in its first {epochs} epochs, so in this study it "
                f"equals the balancer sum. Train longer: --epochs {epochs + 1}"
            )
    samplers = {part.sampler.name for part in stages}
    if len(sizes) > 1 and len(set(sizes)) == 1 and {"round_robin_longest", "round_robin_shortest"} <= samplers:
        notes["round_robin_longest"] = (
            "Samplers round_robin_longest and round_robin_shortest are the same where all tasks have equally many "
            f"examples: here {min(sizes):,} each"
        )
    return list(notes.values())


def covering_choices(space: Space) -> list[Choices]:
    """Return choices that contain every level: the baseline, recipes, rows, and many random ones, always the same."""
    rng = random.Random(0)
    listed = [space.baseline(), *(recipe.choices for recipe in space.recipes), *space.rows.values()]
    return [*listed, *(space.sample(rng) for _ in range(CHECK_SAMPLES))]


def _defaults(settings: Settings) -> dict[str, Any]:
    """Return the tasks with their default heads: `linear` for a sentence, `concat` for a pair."""
    names = components.names("tasks")
    faults = [Fault("tasks", unknown("task", name, names)) for name in settings.tasks if name not in names]
    if faults:
        raise ConfigurationError(faults)
    pairs = {name: components.load("tasks", name).pair for name in settings.tasks}
    return {"tasks": {name: {"head": {"name": "concat" if pair else "linear"}} for name, pair in pairs.items()}}


def _scaled(multiples: Mapping[str, float], settings: Settings, batch_size: int) -> dict[str, Any]:
    """Return the scaled settings as numbers: epochs and sentences of a stage, and batch sizes of tasks.

    Sentences are multiples of the number of training examples, and keep the stage's default where that is unlimited.
    `batch_size` is the stage's.
    """
    message = "a level can scale the epochs and sentences of a stage, and the batch_size of a task"
    faults = [Fault(path, message) for path in multiples if not SCALABLE.fullmatch(path)]
    if faults:
        raise ConfigurationError(faults)
    examples = None if settings.train_examples is None else settings.train_examples * len(settings.tasks)
    wholes = {"epochs": settings.epochs, "batch_size": batch_size}
    result: dict[str, Any] = {}
    for path, times in multiples.items():
        *parents, field = path.split(".")
        whole = wholes.get(field, examples)
        if whole is not None:
            inner = result
            for parent in parents:
                inner = inner.setdefault(parent, {})
            inner[field] = max(1, round(whole * times))
    return result


def _merged(base: Mapping[str, Any], override: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` updated by `override`: a component (a part with a name) is replaced whole, other parts merged."""
    result: dict[str, Any] = copy.deepcopy(dict(base))
    for key, value in override.items():
        part = result.get(key)
        if isinstance(part, dict) and isinstance(value, Mapping) and "name" not in value:
            result[key] = _merged(part, value)
        else:
            result[key] = copy.deepcopy(value)
    return result
