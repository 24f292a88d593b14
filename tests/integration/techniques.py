"""Every technique that there is, as a short training: found in the registry and in the configuration's types.

So a new component, a new stage or a new choice of a setting is under test the moment it exists.
"""

from __future__ import annotations

import pkgutil
import typing
from collections.abc import Iterator, Mapping
from importlib import import_module
from itertools import product
from types import ModuleType
from typing import Any, get_args

from tier import NIGHTLY

from mtbert import components, stages
from mtbert.config import MAIN_TASKS, RunConfig, parse
from mtbert.config.parts import MultitaskConfig, OptimizerConfig, TrainableConfig

# On two layers of MiniLM in `make nightly`; in `make check` on two small ones that start from nothing.
BACKBONE = "minilm" if NIGHTLY else "tiny"
EXAMPLES = 200  # of each task to train on
SENTENCES = 96  # of each corpus of a stage that reads sentences
EPOCHS = 4  # balancers that look back two epochs have weights of their own in the third; two dense layers start slowly
ROWS = 8  # sentences in a batch: half as many pairs
RATE, HEADS_RATE = 5e-5 if NIGHTLY else 5e-4, 2e-3  # what starts from nothing needs larger steps
BASE: dict[str, Any] = {
    "backbone": BACKBONE,
    "encoder": {"layers": 2},
    "pooling": "mean",
    "data": {"train_examples": EXAMPLES, "dev_examples": 16, "max_tokens": 32},
}
# A stage's own settings, for some dozen steps of it. A stage that is not here has no test, and fails.
SIMCSE = {"epochs": 3, "batch_size": 16, "learning_rate": 1e-4}
STAGES: Mapping[str, Mapping[str, Any]] = {
    # The untied head, whose loss falls from ln V at once; tests/mtbert/stages/test_mlm_learns.py has the tied one.
    "mlm": {
        "corpora": "in_domain+tasks",
        "max_sentences": SENTENCES // 2,
        "epochs": 2,
        "learning_rate": 1e-3,
        "head": "untied",
    },
    "simcse_unsupervised": {**SIMCSE, "sentences": SENTENCES},
    "simcse_supervised": {**SIMCSE, "triplets": SENTENCES},
    "fine_tune_first": {"epochs": 2, "batches": 10, "optimizer": {"learning_rate": 1e-4}},
    "single_task": {"epochs": 1, "learning_rate": 3e-3},
}
Changes = dict[str, Any]


def stage_modules() -> dict[str, ModuleType]:
    """Every stage but `multitask`, which all others stand around."""
    found = [import_module(f"{stages.__name__}.{module.name}") for module in pkgutil.iter_modules(stages.__path__)]
    return {module.NAME: module for module in found if hasattr(module, "NAME") and module.NAME != "multitask"}


def stages_alone() -> dict[str, tuple[str, RunConfig]]:
    """A short training for each stage, as it is and with each of its switches: its name and a configuration."""
    found = {}
    for name in stage_modules():
        plain = parse({**BASE, name: STAGES[name]})
        found[name] = name, plain
        for switch, on in getattr(plain, name):
            if isinstance(on, bool):
                found[f"{name} {switch}={not on}"] = name, parse({**BASE, name: {**STAGES[name], switch: not on}})
    return found


def cases() -> dict[str, RunConfig]:
    """A short training for each technique of the multitask stage, by its name; none twice."""
    found: dict[str, RunConfig] = {}
    for told, changes in (*_of_components(), *_of_training()):
        config = _configured(changes)
        if config not in found.values():
            found[told] = config
    return found


def task_alone(name: str) -> RunConfig:
    """A short training of one task alone."""
    head = "concat" if components.load("tasks", name).pair else "linear"
    config = _configured({"tasks": {name: {"head": head}}}).model_dump(mode="json")
    config["tasks"] = {name: {**config["tasks"][name], "subsample": 9 * config["tasks"][name]["batch_size"]}}
    return parse(config)


def _of_components() -> Iterator[tuple[str, Changes]]:
    joint = {"name": "joint"}
    yield from ((told, {"pooling": chosen}) for told, chosen in _of_kind("poolings"))
    for told, chosen in _of_kind("heads"):
        pair = components.load("heads", chosen["name"]).reads == "pair"
        yield told, {"tasks": {name: {"head": chosen} for name in MAIN_TASKS if _is_pair(name) == pair}}
    yield from ((told, {"adapters": [chosen]}) for told, chosen in _of_kind("adapters"))
    yield "adapters low_rank+top_layer", {"adapters": ["low_rank", "top_layer"]}
    for told, chosen in _of_kind("samplers"):
        steps = {"steps": None} if "steps" in components.settings("samplers", chosen["name"]) else {}
        yield told, _multitask(sampler={**chosen, **steps})
    yield from ((told, _multitask(balancer=chosen, sampler=joint)) for told, chosen in _of_kind("balancers"))
    yield from ((told, _multitask(regularizer=chosen)) for told, chosen in _of_kind("regularizers"))
    for word in _words(MultitaskConfig, "surgery"):
        yield f"surgery {word}", _multitask(surgery=word, sampler=joint)


def _of_training() -> Iterator[tuple[str, Changes]]:
    for word in _words(TrainableConfig, "name"):
        layers = {"layers": 1} if word == "last_k" else {}
        adapters = ["low_rank"] if word == "adapters_and_heads" else []
        yield f"trainable {word}", {"adapters": adapters, **_multitask(trainable={"name": word, **layers})}
    for name, schedule in product(_words(OptimizerConfig, "name"), _words(OptimizerConfig, "schedule")):
        decay = {"weight_decay": 0.01} if name == "adamw" else {}
        yield f"{name} {schedule}", _multitask(optimizer={"name": name, "schedule": schedule, **decay})
    yield "one learning rate", _multitask(optimizer={"learning_rate": 3e-4, "head_learning_rate": None})
    yield "accumulation", _multitask(accumulation=2)
    yield "encoder.shared=false", {"encoder": {"shared": False}}
    yield "backbone bilstm", {"backbone": "bilstm", **_multitask(optimizer={"learning_rate": 3e-3})}


def _of_kind(kind: str) -> Iterator[tuple[str, Changes]]:
    """Every component of a kind as it is, and with each switch and each other word that its settings may have."""
    for name in components.names(kind):
        yield f"{kind} {name}", {"name": name}
        types = typing.get_type_hints(components.load(kind, name).__init__) if components.settings(kind, name) else {}
        for setting, default in components.settings(kind, name).items():
            known = (not default,) if isinstance(default, bool) else get_args(types[setting])
            for other in known:
                if isinstance(other, bool | str) and other != default:
                    yield f"{kind} {name} {setting}={other}", {"name": name, setting: other}


def _configured(changes: Changes) -> RunConfig:
    """The changes on a training of 20 to 40 steps of the optimizer."""
    plain = parse(BASE).model_dump(mode="json")
    plain["multitask"]["epochs"] = EPOCHS
    plain["multitask"]["optimizer"] |= {"learning_rate": RATE, "head_learning_rate": HEADS_RATE}
    config = _over(plain, changes)
    together = components.load("samplers", config["multitask"]["sampler"]["name"]).gives_all_tasks
    for name, task in config["tasks"].items():
        task["batch_size"] = ROWS // 2 if _is_pair(name) else ROWS
        task["subsample"] = task["batch_size"] * (7 if together else 3)
    return parse(config)


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`above` laid over `below`; a component, which has settings of its own, replaces what was there."""
    merged = {
        key: _over(below[key], value)
        for key, value in above.items()
        if isinstance(value, dict) and isinstance(below.get(key), dict) and ("name" not in value or key == "optimizer")
    }
    return {**below, **above, **merged}


def _words(model: type, field: str) -> tuple[str, ...]:
    """What a field of a configuration may be."""
    found: tuple[str, ...] = get_args(model.model_fields[field].annotation)
    return found


def _multitask(**parts: object) -> Changes:
    return {"multitask": parts}


def _is_pair(task: str) -> bool:
    pair: bool = components.load("tasks", task).pair
    return pair
