"""Rules about what tasks share: steps with several tasks, and parameters that several tasks train."""

from __future__ import annotations

from collections.abc import Iterator

from mtbert import components
from mtbert.config.fields import AbstractRunConfig
from mtbert.errors import Fault

NOTHING_SHARED = ("heads", "adapters_and_heads")  # values of `trainable` that leave the encoder as it is


def has_parameters(config: AbstractRunConfig) -> bool:
    """Return whether the pooling has a parameter."""
    return "width" in components.facts("poolings", config.pooling.name)


def pooling_of_separate_encoders(config: AbstractRunConfig) -> Iterator[Fault]:
    """Yield the fault of separate encoders under a pooling whose parameters all tasks train."""
    if not config.encoder.shared and has_parameters(config):
        message = (
            f"encoder.shared=false means one model per task, and all tasks would train the weights of pooling "
            f"{config.pooling.name}; use a pooling without weights (cls, mean, max), or encoder.shared=true"
        )
        yield Fault("pooling", message)


def first_task_of_separate_encoders(config: AbstractRunConfig) -> Iterator[Fault]:
    """Yield the fault of a first task whose separate encoder leaves the others unchanged."""
    if config.fine_tune_first is not None and not config.encoder.shared:
        message = (
            f"the other tasks benefit from {config.fine_tune_first.task} only through a shared encoder, and "
            "encoder.shared=false leaves none: the stage would only train that one task for longer; use "
            "encoder.shared=true, or leave it out"
        )
        yield Fault("fine_tune_first", message)


def balancer_with_one_task_per_step(config: AbstractRunConfig) -> Iterator[Fault]:
    """Yield the fault of a balancer that compares tasks under a sampler with one task per step."""
    reason, balancer = _one_task_per_step(config), config.multitask.balancer.name
    if reason and _compares_tasks(balancer):
        yield Fault("multitask.balancer", f"{balancer} needs the losses of all tasks in a step, {reason}")


def surgery_with_one_task_per_step(config: AbstractRunConfig) -> Iterator[Fault]:
    """Yield the fault of gradient surgery under a sampler with one task per step."""
    reason, surgery = _one_task_per_step(config), config.multitask.surgery
    if reason and surgery != "none":
        yield Fault("multitask.surgery", f"{surgery} needs the gradients of all tasks in a step, {reason}")


def _one_task_per_step(config: AbstractRunConfig) -> str | None:
    """Return the reason and the way out if the sampler has one task per step, otherwise None."""
    sampler, samplers = config.multitask.sampler.name, components.names("samplers")
    suitable = [name for name in samplers if components.load("samplers", name).gives_all_tasks]
    return None if sampler in suitable else f"sampler {sampler} has one; use the sampler {' or '.join(suitable)}"


def balancer_of_nothing_shared(config: AbstractRunConfig) -> Iterator[Fault]:
    """Yield the fault of a balancer that compares gradients of shared parameters where none is trained."""
    reason, balancer = _nothing_shared(config), config.multitask.balancer.name
    if reason and _compares_tasks(balancer):
        message = f"{balancer} compares the tasks' gradients of shared parameters, and {reason}"
        yield Fault("multitask.balancer", message)


def constant_weights_of_nothing_shared(config: AbstractRunConfig) -> Iterator[Fault]:
    """Yield the fault of constant weights where tasks share no trained parameter.

    Adam divides a gradient by its size, so a constant factor of all gradients of a parameter has no effect.
    """
    reason, balancer = _nothing_shared(config), config.multitask.balancer.name
    component = components.load("balancers", balancer)
    if reason and component.weighs and component.constant and _shared_beside_the_encoder(config) is None:
        message = (
            f"{balancer} multiplies all gradients of a task by one number, which Adam divides out again, so weights "
            f"have an effect only on parameters that tasks share; pooling {config.pooling.name} has none, and {reason}"
        )
        yield Fault("multitask.balancer", message)


def surgery_of_nothing_shared(config: AbstractRunConfig) -> Iterator[Fault]:
    """Yield the fault of gradient surgery where no shared parameter is trained."""
    reason, surgery = _nothing_shared(config), config.multitask.surgery
    if reason and surgery != "none":
        message = f"{surgery} operates on the tasks' gradients of shared parameters, and {reason}"
        yield Fault("multitask.surgery", message)


def hybrid_of_nothing_shared(config: AbstractRunConfig) -> Iterator[Fault]:
    """Yield the fault of the sampler `hybrid` where no shared parameter is trained."""
    reason = _nothing_shared(config)
    if reason and config.multitask.sampler.name == "hybrid":
        yield Fault("multitask.sampler", f"hybrid trains the shared parameters every other epoch, and {reason}")


def _nothing_shared(config: AbstractRunConfig) -> str | None:
    """Return the reason and the way out if nothing of a shared encoder is trained, otherwise None."""
    reasons, ways_out = [], []
    if not config.encoder.shared:
        reasons.append("encoder.shared=false leaves none")
        ways_out.append("encoder.shared=true")
    if config.multitask.trainable.name in NOTHING_SHARED:
        reasons.append(f"trainable={config.multitask.trainable.name} trains no shared parameter of the encoder")
        ways_out.append("trainable all or last_k")
    return f"{' and '.join(reasons)}; use {' and '.join(ways_out)}, or leave it out" if reasons else None


def _compares_tasks(balancer: str) -> bool:
    return bool(components.load("balancers", balancer).needs_all_tasks)


def best_epoch_of_each_task(config: AbstractRunConfig) -> Iterator[Fault]:
    """Yield the fault of a best epoch per task where tasks share what is trained, and hence the epoch."""
    if config.multitask.best_epoch != "each_task":
        return
    if _nothing_shared(config) is None:
        rule = "the tasks train one encoder, so they cannot keep different epochs"
        yield Fault("multitask.best_epoch", f"{rule}; use score, encoder.shared=false, or trainable heads")
    elif (shared := _shared_beside_the_encoder(config)) is not None:
        what, way_out = shared
        rule = f"the tasks train {what} together, so they cannot keep different epochs"
        yield Fault("multitask.best_epoch", f"{rule}; use score, or {way_out}")


def _shared_beside_the_encoder(config: AbstractRunConfig) -> tuple[str, str] | None:
    """Return what else the tasks of one encoder train together and how to avoid it; None: nothing."""
    if config.encoder.shared and has_parameters(config):
        return f"pooling {config.pooling.name}", "a pooling without weights (cls, mean, max)"
    return ("the pair layer", "leave out shared_pair_layer") if config.shared_pair_layer else None


def pair_layer_of_several_tasks(config: AbstractRunConfig) -> Iterator[Fault]:
    """Yield the faults of a pair layer that fewer than two tasks share, or that separate models would share."""
    if not config.shared_pair_layer:
        return
    known = [name for name in config.tasks if name in components.names("tasks")]
    pairs = [name for name in known if components.load("tasks", name).pair]
    if len(pairs) < 2:
        message = f"shared_pair_layer needs two tasks of pairs, got {', '.join(pairs) or 'none'}; leave it out"
        yield Fault("shared_pair_layer", message)
    if not config.encoder.shared:
        rule = "encoder.shared=false means one model per task, and several tasks train the shared_pair_layer"
        yield Fault("shared_pair_layer", f"{rule}; leave it out, or use encoder.shared=true")
