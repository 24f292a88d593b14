"""From a space's choices to configurations of `mtbert`: the space says what differs, the settings what is the same."""

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

# Fields of a stage that say how many sentences it reads at most.
SENTENCES = ("sentences", "max_sentences", "triplets")

# What a level may tell as a multiple.
SCALABLE = re.compile(rf"[a-z_]+\.({'|'.join(('epochs', *SENTENCES))})|tasks\.[a-z_]+\.batch_size")

# Paths below which there is something for each task, by its name.
BY_TASK = ("tasks", "multitask.balancer.weights")

# What a BiLSTM has no place for, or is already: paths, and values of a path.
NOT_IN_BILSTM = ("encoder.attention_dropout", "adapters", "backbone")
NOT_FOR_BILSTM = {"multitask.trainable.name": ("adapters_and_heads",)}

# More layers than any encoder has.
DEEP = 1000

# Enough draws to meet every level of every factor many times; it takes some hundredths of a second.
CHECK_SAMPLES = 64


def to_config(space: Space, choices: Mapping[str, Any], settings: Settings, seed: int = 0) -> RunConfig:
    """Return the configuration of `choices`: the settings, and over them what the chosen levels set.

    Where a level scales a path (`Level.scale`), the budget's value is multiplied: `multitask.epochs: 2` trains twice as
    many epochs as the settings say, rounded to whole ones and never none; a task's batch size is a multiple of the
    stage's. A task set to null is left out. Every learning rate, of whatever part, is taken as often as the settings
    say. The settings' layers are their backbone's: where a level sets another one, that has all of its own.
    """
    chosen = space.configuration(choices)
    own_backbone = chosen.get("backbone", settings.backbone) == settings.backbone
    common: dict[str, Any] = {
        "backbone": settings.backbone,
        "encoder": {"layers": settings.layers if own_backbone else None},
        "precision": settings.precision,
        "compiled": settings.compiled,
        "data": {"train_examples": settings.train_examples, "dev_examples": settings.dev_examples},
        "multitask": {"epochs": settings.epochs},
        "seed": seed,
        "pretraining_seed": settings.seed if settings.fixed_pretraining_seed else None,
    }
    batch_size = chosen.get("multitask", {}).get("batch_size", MultitaskConfig().batch_size)
    scaled = _scaled(space.scale(choices), settings, batch_size)
    told = _over(_over(_over(_defaults(settings), common), scaled), chosen)
    told["tasks"] = {name: task for name, task in told["tasks"].items() if task is not None}
    # Of the whole configuration: a rate that the space leaves alone has its default there.
    return with_rates(parse(told), settings.learning_rate_times)


def of_one_task(config: RunConfig, task: str) -> RunConfig:
    """Return the configuration on one of its tasks alone, all else the same; `ConfigurationError` where it cannot be
    trained.

    Weights of other tasks go with them, and the layer that it shares with one. A stage that trains another task first
    cannot be had without that task, nor a training of heads alone where the task's has nothing to learn.
    """
    told = config.model_dump(mode="json")
    told["tasks"] = {task: told["tasks"][task]} if task in told["tasks"] else {}
    told["shared_pair_layer"] = False
    balancer = told["multitask"]["balancer"]
    if balancer.get("weights"):
        balancer["weights"] = {name: weight for name, weight in balancer["weights"].items() if name == task}
    config = parse(told)
    idle = nothing_to_train(config)
    if idle is not None:
        raise ConfigurationError([idle])
    return config


def restricted(space: Space, settings: Settings) -> Space:
    """Return the space without what it says of tasks that the study has not, and of parts that its backbone has not.

    A row of a printed table is not changed into another one: where it trains more layers than there are, `check_space`
    refuses it.
    """
    known = components.names("tasks")
    others = [name for name in known if name not in settings.tasks]
    pairs = [name for name in known if name in settings.tasks and components.load("tasks", name).pair]
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
    """Return the baseline's configuration, after every level was tried in some configuration.

    Raises `ConfigurationError` with all faults, so that none shows up hours later.
    """
    faults: dict[str, Fault] = {}
    for choices in drawn(space):
        try:
            _check(space, choices, settings)
        except ConfigurationError as error:
            faults.update({str(fault): fault for fault in error.faults})
    if faults:
        raise ConfigurationError([Fault(f"space {space.name}, {f.path}", f.message) for f in faults.values()])
    return to_config(space, space.baseline(), settings)


def _check(space: Space, choices: Choices, settings: Settings) -> None:
    """Raises `ConfigurationError` where these choices are none, or train more layers than the backbone's files have."""
    config = to_config(space, space.complete(choices), settings)
    last = config.multitask.trainable.layers
    if last is None or config.backbone != settings.backbone:
        return
    try:
        check_layers(config.backbone, config.encoder.layers, last)
    except BackboneError as error:
        raise ConfigurationError([Fault("multitask.trainable.layers", str(error))]) from error


def idle(space: Space, settings: Settings, sizes: Collection[int]) -> list[str]:
    """Return a sentence about each level that can do nothing in this study (epochs, data): it measures noise.

    `sizes`: the train examples of each task.
    """
    found = {}
    for choices in drawn(space):
        part = to_config(space, space.complete(choices), settings).multitask
        name, epochs = part.balancer.name, components.load("balancers", part.balancer.name).idle_epochs
        if part.epochs <= epochs:
            found[name] = (
                f"Balancer {name} weighs all tasks alike in its first {epochs} epochs: in this study it does what sum "
                f"does. Give it more: --epochs {epochs + 1}"
            )
    samplers = {to_config(space, space.complete(choices), settings).multitask.sampler.name for choices in drawn(space)}
    if len(sizes) > 1 and len(set(sizes)) == 1 and {"round_robin_longest", "round_robin_shortest"} <= samplers:
        found["round_robin_longest"] = (
            f"Sampler round_robin_longest does what round_robin_shortest does where all tasks have as many examples: "
            f"here {min(sizes):,} each"
        )
    return list(found.values())


def drawn(space: Space) -> list[Choices]:
    """Choices in which every level stands: the baseline, recipes, rows, and many at random, always the same ones."""
    rng = random.Random(0)
    known = [space.baseline(), *(recipe.choices for recipe in space.recipes), *space.rows.values()]
    return [*known, *(space.sample(rng) for _ in range(CHECK_SAMPLES))]


def _defaults(settings: Settings) -> dict[str, Any]:
    """Return the tasks and their heads before the space has its say: `linear` for a sentence, `concat` for a pair."""
    known = components.names("tasks")
    faults = [Fault("tasks", unknown("task", name, known)) for name in settings.tasks if name not in known]
    if faults:
        raise ConfigurationError(faults)
    pairs = {name: components.load("tasks", name).pair for name in settings.tasks}
    return {"tasks": {name: {"head": {"name": "concat" if pair else "linear"}} for name, pair in pairs.items()}}


def _scaled(multiples: Mapping[str, float], settings: Settings, batch_size: int) -> dict[str, Any]:
    """Return what a space tells in multiples, in numbers: epochs and sentences of a stage, a task's examples in a
    batch.

    Sentences in multiples of all the training examples; where the budget takes all of these, the stage's own number
    holds. `batch_size` is the stage's, of which a task's own is a multiple.
    """
    unknown = [path for path in multiples if not SCALABLE.fullmatch(path)]
    if unknown:
        told = "a level scales epochs and sentences of a stage, and the batch_size of a task"
        raise ConfigurationError([Fault(path, told) for path in unknown])
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


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`above` laid over `below`. A component (a part with a name) is replaced whole, other parts are merged."""
    result: dict[str, Any] = copy.deepcopy(dict(below))
    for key, value in above.items():
        under = result.get(key)
        if isinstance(under, dict) and isinstance(value, Mapping) and "name" not in value:
            result[key] = _over(under, value)
        else:
            result[key] = copy.deepcopy(value)
    return result
