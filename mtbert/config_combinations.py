"""Parts of a configuration that are sound alone and cannot go together, each with the reason and the way out.

Nothing is ever left aside in silence: what a run could not do is refused before it starts.
"""

from __future__ import annotations

from collections.abc import Iterator

from mtbert import components
from mtbert.config_parts import MultitaskConfig
from mtbert.errors import Fault, unknown

NOTHING_SHARED = ("heads", "adapters_and_heads")  # of `trainable`: what tasks share stays as it was


def training_faults(path: str, config: MultitaskConfig, *, shared: bool) -> Iterator[Fault]:
    """What cannot go together in a stage that trains several tasks; `path` leads to it, `shared`: one encoder."""
    yield from _one_task_a_step(path, config)
    yield from _nothing_shared(path, config, shared)
    known = components.names("tasks")  # the weight of a task that a run has not does no harm
    for task in config.balancer.settings.get("weights") or {}:
        if task not in known:
            yield Fault(f"{path}.balancer.weights", unknown("task", task, known))


def _one_task_a_step(path: str, config: MultitaskConfig) -> Iterator[Fault]:
    """What compares the tasks of a step, with a sampler that gives one task a step."""
    samplers = components.names("samplers")
    giving = [name for name in samplers if components.load("samplers", name).gives_all_tasks]  # type: ignore[attr-defined]
    if config.sampler.name in giving:
        return
    way_out = f"sampler {config.sampler.name} gives one; use the sampler {' or '.join(giving)}"
    if components.load("balancers", config.balancer.name).needs_all_tasks:  # type: ignore[attr-defined]
        yield Fault(f"{path}.balancer", f"{config.balancer.name} needs the losses of all tasks in a step, {way_out}")
    if config.surgery != "none":
        yield Fault(f"{path}.surgery", f"{config.surgery} needs the gradients of all tasks in a step, {way_out}")


def _nothing_shared(path: str, config: MultitaskConfig, shared: bool) -> Iterator[Fault]:
    """What deals with shared parameters, where none is trained."""
    if shared and config.trainable.name not in NOTHING_SHARED:
        return
    if shared:
        law = f"trainable={config.trainable.name} trains no shared parameter"
        way_out = "use trainable all or last_k, or leave it out"
    else:
        law, way_out = "encoder.shared=false leaves none", "use encoder.shared=true, or leave it out"
    if components.load("balancers", config.balancer.name).needs_all_tasks:  # type: ignore[attr-defined]
        told = f"{config.balancer.name} compares the tasks' gradients of shared parameters, and {law}; {way_out}"
        yield Fault(f"{path}.balancer", told)
    if config.surgery != "none":
        told = f"{config.surgery} operates on the tasks' gradients of shared parameters, and {law}; {way_out}"
        yield Fault(f"{path}.surgery", told)
    if config.sampler.name == "hybrid":
        told = f"hybrid trains the shared parameters every other epoch, and {law}; {way_out}"
        yield Fault(f"{path}.sampler", told)
