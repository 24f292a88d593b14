"""Parts of a configuration that are sound alone and cannot go together, each with the reason and the way out.

Nothing is ever left aside in silence: what a run could not do is refused before it starts. `LAWS` are the laws; each is
told with what it reads, so that it still speaks where another part has faults of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from mtbert import components
from mtbert.config.fields import AbstractRunConfig
from mtbert.config.parts import EncoderConfig, TaskConfig
from mtbert.errors import Fault, unknown

# Backbones without a checkpoint, and their numbers of layers: weights are drawn from the run's seed, and a vocabulary
# is trained on its texts.
FRESH_LAYERS = {"tiny": 2, "bilstm": 2}
NOTHING_SHARED = ("heads", "adapters_and_heads")  # of `trainable`: the encoder that tasks share stays as it was


class Law(NamedTuple):
    """What cannot go together, and the dotted paths of a configuration that decide it."""

    reads: tuple[str, ...]
    faults: Callable[[AbstractRunConfig], Iterator[Fault]]


def combination_faults(config: AbstractRunConfig, unsound: Collection[str] = ()) -> list[Fault]:
    """Return every fault between parts, each with its path, the law, the value and the way out.

    `unsound` are dotted paths with faults of their own: a law that would have to read one of them does not judge.
    """
    return [fault for law in LAWS if not _reads_any(law, unsound) for fault in law.faults(config)]


def nothing_to_train(config: AbstractRunConfig) -> Fault | None:
    """Return where `multitask` could train nothing at all, why: heads alone, none with a parameter, nor the pooling.

    None of `LAWS`: a space of one task may draw such a configuration, and its run then fails with the same reason.
    """
    if config.multitask.trainable.name != "heads" or _has_weights(config) or config.shared_pair_layer:
        return None
    if any(_learns(name, task) for name, task in config.tasks.items()):
        return None
    heads = ", ".join(dict.fromkeys(task.head.name for task in config.tasks.values()))
    told = (
        f"heads trains the heads and the pooling alone, and neither {heads} nor {config.pooling.name} has a parameter; "
        "use trainable all or last_k, or another head"
    )
    return Fault("multitask.trainable", told)


def _learns(name: str, task: TaskConfig) -> bool:
    """Return whether the head of a task has a parameter."""
    head, on_scale = components.load("heads", task.head.name), components.load("tasks", name).label_kind == "score"  # type: ignore[attr-defined]
    return not on_scale or bool(head.learns_on_scale)  # type: ignore[attr-defined]


def _has_weights(config: AbstractRunConfig) -> bool:
    """Return whether the pooling has a parameter."""
    return "width" in components.facts("poolings", config.pooling.name)


def _reads_any(law: Law, paths: Collection[str]) -> bool:
    """Return whether one of the paths is, holds, or lies inside what the law reads."""
    return any(
        f"{path}.".startswith(f"{read}.") or f"{read}.".startswith(f"{path}.") for path in paths for read in law.reads
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
    """Yield a head that reads something else than its task gives."""
    given = "pair" if components.load("tasks", name).pair else "sentence"  # type: ignore[attr-defined]
    reads = {head: components.load("heads", head).reads for head in components.names("heads")}  # type: ignore[attr-defined]
    if reads[task.head.name] != given:
        fitting = ", ".join(head for head, wanted in reads.items() if wanted == given)
        told = f"{task.head.name} reads a {reads[task.head.name]}, {name} gives a {given}; use one of {fitting}"
        yield Fault(f"tasks.{name}.head", told)


def _adapters_in_a_bilstm(config: AbstractRunConfig) -> Iterator[Fault]:
    if config.adapters and config.backbone == "bilstm":
        told = (
            "adapters stand in the layers of a BERT and a BiLSTM has no place for them, got "
            f"{_named(config)} with backbone bilstm; leave them out, or use a BERT"
        )
        yield Fault("adapters", told)


def _attention_of_a_bilstm(config: AbstractRunConfig) -> Iterator[Fault]:
    dropout = config.encoder.attention_dropout
    if config.backbone == "bilstm" and dropout != EncoderConfig().attention_dropout:
        yield Fault("encoder.attention_dropout", f"a BiLSTM has no attention, got {dropout}; leave it out")


def _layers_of_a_fresh_encoder(config: AbstractRunConfig) -> Iterator[Fault]:
    layers, most = config.encoder.layers, FRESH_LAYERS.get(config.backbone)
    if layers is not None and most is not None and layers > most:
        told = (
            f"backbone {config.backbone} has {most} layers, got {layers}; use at most {most}, or leave it out for all"
        )
        yield Fault("encoder.layers", told)


def _trained_layers(config: AbstractRunConfig) -> Iterator[Fault]:
    """More trained layers than there are, where the configuration tells how many there are."""
    last, told = config.multitask.trainable.layers, (config.encoder.layers, FRESH_LAYERS.get(config.backbone))
    most = min((layers for layers in told if layers is not None), default=None)
    if last is not None and most is not None and last > most:
        law = f"last_k trains the last layers of the encoder, which has {most}, got {last}"
        yield Fault("multitask.trainable.layers", f"{law}; use at most {most}, or trainable all")


def _adapters_are_trained(config: AbstractRunConfig) -> Iterator[Fault]:
    trained = config.multitask.trainable.name
    if config.adapters and trained == "heads":
        told = (
            f"adapters start at zero, so ones that are never trained do nothing, got {_named(config)} with "
            "multitask.trainable heads; use adapters_and_heads, or leave them out"
        )
        yield Fault("adapters", told)
    if not config.adapters and trained == "adapters_and_heads":
        told = "adapters_and_heads needs at least one adapter, got none; name one in adapters, or use heads"
        yield Fault("multitask.trainable", told)


def _named(config: AbstractRunConfig) -> str:
    return ", ".join(adapter.name for adapter in config.adapters)


def _pooling_of_separate_encoders(config: AbstractRunConfig) -> Iterator[Fault]:
    if not config.encoder.shared and _has_weights(config):
        told = (
            f"encoder.shared=false is one model a task, and pooling {config.pooling.name} has weights that all tasks "
            "would train; use a pooling without (cls, mean, max), or encoder.shared=true"
        )
        yield Fault("pooling", told)


def _first_task(config: AbstractRunConfig) -> Iterator[Fault]:
    if config.fine_tune_first is not None and config.fine_tune_first.task not in config.tasks:
        told = f"must be one of the run's tasks ({', '.join(config.tasks)}), got '{config.fine_tune_first.task}'"
        yield Fault("fine_tune_first.task", told)


def _first_task_of_separate_encoders(config: AbstractRunConfig) -> Iterator[Fault]:
    if config.fine_tune_first is not None and not config.encoder.shared:
        told = (
            f"what {config.fine_tune_first.task} learns first reaches the other tasks through the encoder they share, "
            "and encoder.shared=false leaves none: it would only train that one task for longer; use "
            "encoder.shared=true, or leave it out"
        )
        yield Fault("fine_tune_first", told)


def _balancer_with_one_task_a_step(config: AbstractRunConfig) -> Iterator[Fault]:
    way_out, balancer = _one_task_a_step(config), config.multitask.balancer.name
    if way_out and _compares_tasks(balancer):
        yield Fault("multitask.balancer", f"{balancer} needs the losses of all tasks in a step, {way_out}")


def _surgery_with_one_task_a_step(config: AbstractRunConfig) -> Iterator[Fault]:
    way_out, surgery = _one_task_a_step(config), config.multitask.surgery
    if way_out and surgery != "none":
        yield Fault("multitask.surgery", f"{surgery} needs the gradients of all tasks in a step, {way_out}")


def _one_task_a_step(config: AbstractRunConfig) -> str | None:
    """Return why not and the way out, where the sampler gives one task a step."""
    sampler, samplers = config.multitask.sampler.name, components.names("samplers")
    giving = [name for name in samplers if components.load("samplers", name).gives_all_tasks]  # type: ignore[attr-defined]
    return None if sampler in giving else f"sampler {sampler} gives one; use the sampler {' or '.join(giving)}"


def _balancer_of_nothing_shared(config: AbstractRunConfig) -> Iterator[Fault]:
    why, balancer = _nothing_shared(config), config.multitask.balancer.name
    if why and _compares_tasks(balancer):
        told = f"{balancer} compares the tasks' gradients of shared parameters, and {why}"
        yield Fault("multitask.balancer", told)


def _constant_weights_of_nothing_shared(config: AbstractRunConfig) -> Iterator[Fault]:
    """Adam divides a gradient by its size, so that a constant factor of all gradients of a parameter is gone again."""
    why, balancer = _nothing_shared(config), config.multitask.balancer.name
    weighs = components.load("balancers", balancer)
    constant = bool(weighs.weighs and weighs.constant)  # type: ignore[attr-defined]
    if why and constant and _shared_beside_the_encoder(config) is None:
        told = (
            f"{balancer} multiplies all gradients of a task by one number, which Adam divides out again, so weights "
            f"count only where tasks share what is trained; pooling {config.pooling.name} is not such a part, and {why}"
        )
        yield Fault("multitask.balancer", told)


def _surgery_of_nothing_shared(config: AbstractRunConfig) -> Iterator[Fault]:
    why, surgery = _nothing_shared(config), config.multitask.surgery
    if why and surgery != "none":
        told = f"{surgery} operates on the tasks' gradients of shared parameters, and {why}"
        yield Fault("multitask.surgery", told)


def _hybrid_of_nothing_shared(config: AbstractRunConfig) -> Iterator[Fault]:
    why = _nothing_shared(config)
    if why and config.multitask.sampler.name == "hybrid":
        yield Fault("multitask.sampler", f"hybrid trains the shared parameters every other epoch, and {why}")


def _nothing_shared(config: AbstractRunConfig) -> str | None:
    """Return why not and the way out, where nothing of an encoder that tasks share is trained."""
    laws, ways_out = [], []
    if not config.encoder.shared:
        laws.append("encoder.shared=false leaves none")
        ways_out.append("encoder.shared=true")
    if config.multitask.trainable.name in NOTHING_SHARED:
        laws.append(f"trainable={config.multitask.trainable.name} trains no shared parameter of the encoder")
        ways_out.append("trainable all or last_k")
    return f"{' and '.join(laws)}; use {' and '.join(ways_out)}, or leave it out" if laws else None


def _compares_tasks(balancer: str) -> bool:
    return bool(components.load("balancers", balancer).needs_all_tasks)  # type: ignore[attr-defined]


def _best_epoch_of_each_task(config: AbstractRunConfig) -> Iterator[Fault]:
    """Tasks that share what is trained have an epoch in common, too."""
    if config.multitask.best_epoch != "each_task":
        return
    if _nothing_shared(config) is None:
        told = "the tasks train one encoder, so they cannot each keep an epoch of their own"
        yield Fault("multitask.best_epoch", f"{told}; use score, encoder.shared=false, or trainable heads")
    elif (shared := _shared_beside_the_encoder(config)) is not None:
        what, way_out = shared
        told = f"the tasks train {what} together, so they cannot each keep an epoch of their own"
        yield Fault("multitask.best_epoch", f"{told}; use score, or {way_out}")


def _shared_beside_the_encoder(config: AbstractRunConfig) -> tuple[str, str] | None:
    """Return what tasks with one encoder train together beside it, whatever is frozen, and how to do without; or None."""
    if config.encoder.shared and _has_weights(config):
        return f"pooling {config.pooling.name}", "a pooling without weights (cls, mean, max)"
    return ("the pair layer", "leave out shared_pair_layer") if config.shared_pair_layer else None


def _pair_layer_of_several_tasks(config: AbstractRunConfig) -> Iterator[Fault]:
    if not config.shared_pair_layer:
        return
    known = [name for name in config.tasks if name in components.names("tasks")]
    pairs = [name for name in known if components.load("tasks", name).pair]  # type: ignore[attr-defined]
    if len(pairs) < 2:
        told = f"shared_pair_layer needs two tasks of pairs, got {', '.join(pairs) or 'none'}; leave it out"
        yield Fault("shared_pair_layer", told)
    if not config.encoder.shared:
        told = "encoder.shared=false is one model a task, and shared_pair_layer a layer that several train"
        yield Fault("shared_pair_layer", f"{told}; leave it out, or use encoder.shared=true")


def _weights_of_tasks(config: AbstractRunConfig) -> Iterator[Fault]:
    known = components.names("tasks")  # the weight of a task that a run has not does no harm
    for task in config.multitask.balancer.settings.get("weights") or {}:
        if task not in known:
            yield Fault("multitask.balancer.weights", unknown("task", task, known))


def _order_of_tasks(config: AbstractRunConfig) -> Iterator[Fault]:
    known = components.names("tasks")  # as with weights, a task that a run has not may be named
    order = config.multitask.sampler.settings.get("order") or ()
    for task in dict.fromkeys(order):
        if task not in known:
            yield Fault("multitask.sampler.order", unknown("task", task, known))
        if order.count(task) > 1:
            told = f"each task may be named once, got {', '.join(order)}; leave out one {task}"
            yield Fault("multitask.sampler.order", told)


_SHARED = ("encoder.shared", "multitask.trainable")

LAWS = (
    Law(("tasks",), _some_task),
    Law((), _each_task),  # one by one: a task with faults of its own is not among them
    Law(("backbone", "adapters"), _adapters_in_a_bilstm),
    Law(("backbone", "encoder.attention_dropout"), _attention_of_a_bilstm),
    Law(("backbone", "encoder.layers"), _layers_of_a_fresh_encoder),
    Law(("backbone", "encoder.layers", "multitask.trainable"), _trained_layers),
    Law(("adapters", "multitask.trainable"), _adapters_are_trained),
    Law(("encoder.shared", "pooling"), _pooling_of_separate_encoders),
    Law(("tasks", "fine_tune_first.task"), _first_task),
    Law(("encoder.shared", "fine_tune_first.task"), _first_task_of_separate_encoders),
    Law(("multitask.sampler", "multitask.balancer"), _balancer_with_one_task_a_step),
    Law(("multitask.sampler", "multitask.surgery"), _surgery_with_one_task_a_step),
    Law((*_SHARED, "multitask.balancer"), _balancer_of_nothing_shared),
    Law((*_SHARED, "multitask.balancer", "pooling", "shared_pair_layer"), _constant_weights_of_nothing_shared),
    Law((*_SHARED, "multitask.surgery"), _surgery_of_nothing_shared),
    Law((*_SHARED, "multitask.sampler"), _hybrid_of_nothing_shared),
    Law((*_SHARED, "pooling", "shared_pair_layer", "multitask.best_epoch"), _best_epoch_of_each_task),
    Law(("encoder.shared", "tasks", "shared_pair_layer"), _pair_layer_of_several_tasks),
    Law(("multitask.balancer",), _weights_of_tasks),
    Law(("multitask.sampler",), _order_of_tasks),
)
