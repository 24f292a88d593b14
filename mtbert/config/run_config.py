"""`RunConfig`: one configuration, checked in full, and its digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import (
    BaseModel,
    ModelWrapValidatorHandler,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from mtbert import components
from mtbert.config.faults import faults_of, line_errors, sound_part, with_hint
from mtbert.config.fields import AbstractRunConfig
from mtbert.config.parts import AdapterSpec, Component, TaskConfig
from mtbert.config.rules import combination_faults
from mtbert.errors import ConfigurationError, Fault

# The version of a configuration's meaning: raised when the same fields give another training, or a default changes. A
# study keeps the version it was started with, and cannot be resumed by another.
CONFIG_VERSION = 3

# Tasks are trained and printed in this order; others follow by name. Two configurations that differ only in the order
# of their tasks are therefore the same configuration, and train alike.
MAIN_TASKS = ("sst", "quora", "sts")

# Fields that are learning rates, in any part.
LEARNING_RATES = ("learning_rate", "head_learning_rate")


class RunConfig(AbstractRunConfig):
    """One configuration with one seed: everything that decides what a run computes, except the data."""

    @model_validator(mode="wrap")
    @classmethod
    def _all_faults_at_once(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Validate, and report every fault: of single parts, with a hint where there is one, and of combinations."""
        config: Self | None
        own: list[ErrorDetails] = []
        unsound: set[str] = set()
        try:
            config = handler(value)
        except ValidationError as error:
            own = error.errors()
            config, unsound = sound_part(value, own, handler)
        between = [] if config is None else combination_faults(config, unsound)
        if config is None or own or between:
            errors = [*(with_hint(cls, details) for details in own), *line_errors(between, value)]
            raise ValidationError.from_exception_data(cls.__name__, errors)
        return config

    @field_validator("tasks")
    @classmethod
    def _tasks_in_order(cls, tasks: dict[str, TaskConfig]) -> dict[str, TaskConfig]:
        order = [*(name for name in MAIN_TASKS if name in tasks), *sorted(set(tasks) - set(MAIN_TASKS))]
        return {name: tasks[name] for name in order}

    @field_validator("adapters", mode="before")
    @classmethod
    def _adapters_by_name(cls, adapters: Any) -> Any:
        """Turn a mapping from name to settings, which the dotted paths of a space produce, into a list of adapters."""
        if not isinstance(adapters, Mapping):
            return adapters
        return [{"name": name, **given} if isinstance(given, Mapping) else given for name, given in adapters.items()]

    @field_validator("adapters")
    @classmethod
    def _each_adapter_once(cls, adapters: tuple[AdapterSpec, ...]) -> tuple[AdapterSpec, ...]:
        names = sorted(adapter.name for adapter in adapters)
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"each adapter may be named once, got {', '.join(names)}; leave out one {twice[0]}")
        return tuple(sorted(adapters, key=lambda adapter: adapter.name))

    def digest(self) -> str:
        """Return the SHA-256 (64 hex digits) of the canonical JSON, without the seed and default values."""
        values = _differences(self)
        values.pop("seed", None)
        text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def with_seed(self, seed: int) -> RunConfig:
        """Return the same configuration with another seed."""
        return self.model_copy(update={"seed": seed})

    @property
    def early_seed(self) -> int:
        """The seed of everything before `multitask`: an encoder without a checkpoint, pretraining, the pooling.

        Seeds of a configuration that have the same one share those stages.
        """
        return self.seed if self.pretraining_seed is None else self.pretraining_seed

    @property
    def subset_seed(self) -> int | None:
        """The seed that draws the training examples; None: they are the same for every run."""
        if self.data.vary == "none":
            return None
        return self.seed if self.data.subset_seed is None else self.data.subset_seed

    def reported_epochs(self) -> int:
        """Return how many epochs a run reports at most: those of `multitask`, then those of `single_task`."""
        return self.multitask.epochs + (self.single_task.epochs if self.single_task is not None else 0)

    def __hash__(self) -> int:
        return hash((self.digest(), self.seed))


def parse(data: Any) -> RunConfig:
    """Return the configuration of JSON data.

    Raises:
        ConfigurationError: the data has faults; it carries all of them.
    """
    try:
        return RunConfig.model_validate(data)
    except ValidationError as error:
        raise ConfigurationError(faults_of(error)) from None


def read(path: Path) -> RunConfig:
    """Return the configuration in a JSON file.

    Raises:
        ConfigurationError: the file cannot be read or its configuration has faults; it names the file.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigurationError([Fault(str(path), f"not a JSON file that can be read: {reason}")]) from None
    try:
        return parse(data)
    except ConfigurationError as error:
        raise ConfigurationError([Fault(f"{path}: {f.path}", f.message) for f in error.faults]) from None


def with_rates(config: RunConfig, times: float) -> RunConfig:
    """Return the configuration with every learning rate, of all parts, multiplied by `times`.

    Raises:
        ConfigurationError: a rate is above 1.
    """
    return config if times == 1 else parse(_multiplied(config.model_dump(mode="json"), times))


def _multiplied(part: Any, times: float) -> Any:
    if not isinstance(part, dict):
        return part
    return {
        key: value * times if key in LEARNING_RATES and value is not None else _multiplied(value, times)
        for key, value in part.items()
    }


def _differences(part: BaseModel) -> dict[str, Any]:
    """Return the values of a part that differ from its defaults, as JSON data."""
    if isinstance(part, Component):
        defaults = components.settings(part.kind, part.name)
        given = part.model_dump(mode="json")
        return {key: value for key, value in given.items() if key == "name" or value != _plain(defaults[key])}
    differences: dict[str, Any] = {}
    for name, field in type(part).model_fields.items():
        value = getattr(part, name)
        if value == field.get_default(call_default_factory=True):
            continue
        if isinstance(value, dict):
            differences[name] = {key: _differences(item) for key, item in value.items()}
        elif isinstance(value, tuple):
            differences[name] = [_differences(item) if isinstance(item, BaseModel) else item for item in value]
        else:
            differences[name] = _differences(value) if isinstance(value, BaseModel) else value
    return differences


def _plain(value: object) -> object:
    """Return a default as JSON represents it: a tuple as a list."""
    return list(value) if isinstance(value, tuple) else value
