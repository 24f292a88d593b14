"""Rules for combinations: parts of a configuration that are valid alone but not together.

Nothing is ignored silently: a run that could not do what its configuration asks for is refused before it starts. Each
of `RULES` lists the paths that it reads, so that it is checked even where another part is faulty.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from mtbert import components
from mtbert.config import sharing_rules
from mtbert.config.fields import AbstractRunConfig
from mtbert.config.parts import EncoderConfig, TaskConfig
from mtbert.errors import Fault, unknown

# Backbones without a checkpoint, and their numbers of layers: weights are drawn from the run's seed, and a vocabulary
# is trained on its texts.
FRESH_LAYERS = {"tiny": 2, "bilstm": 2}


class Rule(NamedTuple):
    """A rule about a combination, and the dotted paths of a configuration that it reads."""

    reads: tuple[str, ...]
    faults: Callable[[AbstractRunConfig], Iterator[Fault]]


def combination_faults(config: AbstractRunConfig, unsound: Collection[str] = ()) -> list[Fault]:
    """Return every fault between parts, each with its path, the rule, the value and a way out.

    `unsound` are dotted paths with other faults: a rule that reads one of them is not checked.
    """
    return [fault for rule in RULES if not _reads_any(rule, unsound) for fault in rule.faults(config)]


def nothing_to_train(config: AbstractRunConfig) -> Fault | None:
    """Return the fault of a configuration whose `multitask` trains heads alone, and nothing has parameters.

    It is none of `RULES`: a space of one task may contain such a configuration, whose run then fails with the same
    reason.
    """
    if config.multitask.trainable.name != "heads" or sharing_rules.has_parameters(config) or config.shared_pair_layer:
        return None
    if any(_learns(name, task) for name, task in config.tasks.items()):
        return None
    heads = ", ".join(dict.fromkeys(task.head.name for task in config.tasks.values()))
    message = (
        f"heads trains only the heads and the pooling, and neither {heads} nor {config.pooling.name} has a parameter; "
        "use trainable all or last_k, or another head"
    )
    return Fault("multitask.trainable", message)


def _learns(name: str, task: TaskConfig) -> bool:
    """Return whether the head of a task has a parameter."""
    head, on_scale = components.load("heads", task.head.name), components.load("tasks", name).label_kind == "score"
    return not on_scale or bool(head.learns_on_scale)


def _reads_any(rule: Rule, paths: Collection[str]) -> bool:
    """Return whether one of the paths is, contains or lies inside a path that the rule reads."""
    return any(
        f"{path}.".startswith(f"{read}.") or f"{read}.".startswith(f"{path}.") for path in paths for read in rule.reads
    )


def _some_task(config: AbstractRunConfig) -> Iterator[Fault]:
    if not config.tasks:
        yield Fault("tasks", f"a run needs at least one task; known: {', '.join(components.names('tasks'))}")


def _each_task(config: AbstractRunConfig) -> Iterator[Fault]:
    known = components.names("tasks")
    for name, task in config.tasks.items():
        if name not in known:
            yield Fault(f"tasks.{name}", unknown("task", name, known))
        else:
            yield from _head(name, task)


def _head(name: str, task: TaskConfig) -> Iterator[Fault]:
    """Yield the fault of a head that does not read what its task provides."""
    provides = "pair" if components.load("tasks", name).pair else "sentence"
    reads = {head: components.load("heads", head).reads for head in components.names("heads")}
    if reads[task.head.name] != provides:
        suitable = ", ".join(head for head, read in reads.items() if read == provides)
        message = (
            f"{task.head.name} reads a {reads[task.head.name]}, {name} provides a {provides}; use one of {suitable}"
        )
        yield Fault(f"tasks.{name}.head", message)


def _adapters_in_a_bilstm(config: AbstractRunConfig) -> Iterator[Fault]:
    if config.adapters and config.backbone == "bilstm":
        message = f"a BiLSTM has no place for adapters, got {_named(config)} with backbone bilstm"
        yield Fault("adapters", f"{message}; leave them out, or use a BERT")


def _attention_of_a_bilstm(config: AbstractRunConfig) -> Iterator[Fault]:
    dropout = config.encoder.attention_dropout
    if config.backbone == "bilstm" and dropout != EncoderConfig().attention_dropout:
        yield Fault("encoder.attention_dropout", f"a BiLSTM has no attention, got {dropout}; leave it out")


def _layers_of_a_fresh_encoder(config: AbstractRunConfig) -> Iterator[Fault]:
    layers, most = config.encoder.layers, FRESH_LAYERS.get(config.backbone)
    if layers is not None and most is not None and layers > most:
        message = (
            f"backbone {config.backbone} has {most} layers, got {layers}; use at most {most}, or leave it out for all"
        )
        yield Fault("encoder.layers", message)


def _trained_layers(config: AbstractRunConfig) -> Iterator[Fault]:
    """Yield the fault of more trained layers than the configuration has, where it states how many."""
    last, stated = config.multitask.trainable.layers, (config.encoder.layers, FRESH_LAYERS.get(config.backbone))
    most = min((layers for layers in stated if layers is not None), default=None)
    if last is not None and most is not None and last > most:
        rule = f"last_k trains the last layers of the encoder, which has {most}, got {last}"
        yield Fault("multitask.trainable.layers", f"{rule}; use at most {most}, or trainable all")


def _adapters_are_trained(config: AbstractRunConfig) -> Iterator[Fault]:
    trained = config.multitask.trainable.name
    if config.adapters and trained == "heads":
        message = (
            f"adapters start at zero and do nothing if they are never trained, got {_named(config)} with "
            "multitask.trainable heads; use adapters_and_heads, or leave them out"
        )
        yield Fault("adapters", message)
    if not config.adapters and trained == "adapters_and_heads":
        message = "adapters_and_heads needs at least one adapter, got none; name one in adapters, or use heads"
        yield Fault("multitask.trainable", message)


def _named(config: AbstractRunConfig) -> str:
    return ", ".join(adapter.name for adapter in config.adapters)


def _first_task(config: AbstractRunConfig) -> Iterator[Fault]:
    if config.fine_tune_first is not None and config.fine_tune_first.task not in config.tasks:
        message = f"must be one of the run's tasks ({', '.join(config.tasks)}), got '{config.fine_tune_first.task}'"
        yield Fault("fine_tune_first.task", message)


def _weights_of_tasks(config: AbstractRunConfig) -> Iterator[Fault]:
    known = components.names("tasks")  # the weight of a task that the run does not have is not used
    for task in config.multitask.balancer.settings.get("weights") or {}:
        if task not in known:
            yield Fault("multitask.balancer.weights", unknown("task", task, known))


def _order_of_tasks(config: AbstractRunConfig) -> Iterator[Fault]:
    known = components.names("tasks")  # as with weights, a task that the run does not have may be named
    order = config.multitask.sampler.settings.get("order") or ()
    for task in dict.fromkeys(order):
        if task not in known:
            yield Fault("multitask.sampler.order", unknown("task", task, known))
        if order.count(task) > 1:
            message = f"each task may be named once, got {', '.join(order)}; leave out one {task}"
            yield Fault("multitask.sampler.order", message)


_SHARED = ("encoder.shared", "multitask.trainable")

RULES = (
    Rule(("tasks",), _some_task),
    Rule((), _each_task),  # checks each task: one with faults of its own has been left out
    Rule(("backbone", "adapters"), _adapters_in_a_bilstm),
    Rule(("backbone", "encoder.attention_dropout"), _attention_of_a_bilstm),
    Rule(("backbone", "encoder.layers"), _layers_of_a_fresh_encoder),
    Rule(("backbone", "encoder.layers", "multitask.trainable"), _trained_layers),
    Rule(("adapters", "multitask.trainable"), _adapters_are_trained),
    Rule(("encoder.shared", "pooling"), sharing_rules.pooling_of_separate_encoders),
    Rule(("tasks", "fine_tune_first.task"), _first_task),
    Rule(("encoder.shared", "fine_tune_first.task"), sharing_rules.first_task_of_separate_encoders),
    Rule(("multitask.sampler", "multitask.balancer"), sharing_rules.balancer_with_one_task_per_step),
    Rule(("multitask.sampler", "multitask.surgery"), sharing_rules.surgery_with_one_task_per_step),
    Rule((*_SHARED, "multitask.balancer"), sharing_rules.balancer_of_nothing_shared),
    Rule(
        (*_SHARED, "multitask.balancer", "pooling", "shared_pair_layer"),
        sharing_rules.constant_weights_of_nothing_shared,
    ),
    Rule((*_SHARED, "multitask.surgery"), sharing_rules.surgery_of_nothing_shared),
    Rule((*_SHARED, "multitask.sampler"), sharing_rules.hybrid_of_nothing_shared),
    Rule((*_SHARED, "pooling", "shared_pair_layer", "multitask.best_epoch"), sharing_rules.best_epoch_of_each_task),
    Rule(("encoder.shared", "tasks", "shared_pair_layer"), sharing_rules.pair_layer_of_several_tasks),
    Rule(("multitask.balancer",), _weights_of_tasks),
    Rule(("multitask.sampler",), _order_of_tasks),
)
