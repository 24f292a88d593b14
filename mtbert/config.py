"""A configuration: everything that decides what a run computes, except the data it is given.

    RunConfig
    ├── backbone      the pretrained encoder, by name or folder
    ├── encoder       how much of it is used, and its dropouts
    ├── adapters      components, in the layers of the encoder, a set for each task; their sum
    ├── pooling       a component
    ├── tasks         task name -> its head
    ├── head_dropout
    ├── precision     of the model in all stages: float32, or bfloat16 (autocast; weights and losses stay float32)
    ├── compiled      whether layers are compiled for the device, in all stages (compilation.py)
    ├── data          how many examples are used, how long a sentence may be
    ├── mlm, simcse_unsupervised, simcse_supervised, fine_tune_first      stages before it; None: not run
    ├── multitask     the training stage: epochs, sampler, balancer, what is trained, optimizer
    ├── single_task   the stage after it; None: not run
    ├── seed          not part of the digest
    └── pretraining_seed    of the stages before `multitask`; None: the run's own

Frozen, `extra="forbid"`, checked in full before anything is computed. Faults are told all at once, each with its
path and, for a name, the nearest one that exists.

**Never change a default or a meaning here without raising `CONFIG_VERSION`.** `digest` leaves out what has its
default value, so that a field added later does not change the digest of older configurations; other values belong into
search spaces.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from mtbert import components
from mtbert.config_combinations import combination_faults
from mtbert.config_faults import faults_of, line_errors, sound_part, with_hint
from mtbert.config_parts import AdapterSpec as AdapterSpec
from mtbert.config_parts import BalancerSpec as BalancerSpec
from mtbert.config_parts import Component as Component
from mtbert.config_parts import DataConfig as DataConfig
from mtbert.config_parts import EncoderConfig as EncoderConfig
from mtbert.config_parts import Fraction as Fraction
from mtbert.config_parts import HeadSpec as HeadSpec
from mtbert.config_parts import MultitaskConfig as MultitaskConfig
from mtbert.config_parts import OptimizerConfig as OptimizerConfig
from mtbert.config_parts import Part as Part
from mtbert.config_parts import PoolingSpec as PoolingSpec
from mtbert.config_parts import Precision as Precision
from mtbert.config_parts import RegularizerSpec as RegularizerSpec
from mtbert.config_parts import SamplerSpec as SamplerSpec
from mtbert.config_parts import TaskConfig as TaskConfig
from mtbert.config_parts import TrainableConfig as TrainableConfig
from mtbert.config_stages import FineTuneFirstConfig as FineTuneFirstConfig
from mtbert.config_stages import MlmConfig as MlmConfig
from mtbert.config_stages import SimcseSupervisedConfig as SimcseSupervisedConfig
from mtbert.config_stages import SimcseUnsupervisedConfig as SimcseUnsupervisedConfig
from mtbert.config_stages import SingleTaskConfig as SingleTaskConfig
from mtbert.errors import ConfigurationError, Fault

# What a configuration means: raised when the same fields give another training, or a default changes. A study keeps the
# version it was begun with, and is not resumed by another.
CONFIG_VERSION = 2

# Tasks are trained and printed in this order; others follow by name. So two configurations that differ only in
# the order their tasks were written in are the same configuration, and train alike.
MAIN_TASKS = ("sst", "quora", "sts")

# Fields that are learning rates, wherever they stand.
LEARNING_RATES = ("learning_rate", "head_learning_rate")


def _main_tasks() -> dict[str, TaskConfig]:
    heads = {"sst": "linear", "quora": "concat", "sts": "concat"}
    return {task: TaskConfig(head=HeadSpec(name=head)) for task, head in heads.items()}


class RunConfig(Part):
    """One configuration with one seed: all that decides what a run computes, except the data.

    `shared_pair_layer`: tasks of pairs share a dense layer, GELU(W u + b) of each vector, between the pooling and their
    heads (tried by Thapa & Khurana, section 3).
    """

    backbone: str = "minilm"
    encoder: EncoderConfig = EncoderConfig()
    adapters: tuple[AdapterSpec, ...] = ()
    pooling: PoolingSpec = Field(default_factory=lambda: PoolingSpec(name="cls"))
    tasks: dict[str, TaskConfig] = Field(default_factory=_main_tasks)
    head_dropout: Fraction = 0.1
    shared_pair_layer: bool = False
    precision: Precision = "float32"
    compiled: bool = False
    data: DataConfig = DataConfig()
    mlm: MlmConfig | None = None
    simcse_unsupervised: SimcseUnsupervisedConfig | None = None
    simcse_supervised: SimcseSupervisedConfig | None = None
    fine_tune_first: FineTuneFirstConfig | None = None
    multitask: MultitaskConfig = Field(default_factory=MultitaskConfig)
    single_task: SingleTaskConfig | None = None
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    pretraining_seed: Annotated[int, Field(ge=0, lt=2**63)] | None = None

    @model_validator(mode="wrap")
    @classmethod
    def _all_faults_at_once(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Refuse with every fault: of single parts, with a hint where there is one, and of parts that do not fit."""
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
            told = [*(with_hint(cls, details) for details in own), *line_errors(between, value)]
            raise ValidationError.from_exception_data(cls.__name__, told)
        return config

    @field_validator("tasks")
    @classmethod
    def _tasks_in_order(cls, tasks: dict[str, TaskConfig]) -> dict[str, TaskConfig]:
        order = [*(name for name in MAIN_TASKS if name in tasks), *sorted(set(tasks) - set(MAIN_TASKS))]
        return {name: tasks[name] for name in order}

    @field_validator("adapters", mode="before")
    @classmethod
    def _adapters_by_name(cls, adapters: Any) -> Any:
        """A mapping from name to settings is a list of adapters: what dotted paths of a space write."""
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
        """SHA-256 (64 hex digits) of the canonical JSON, seed and default values left out."""
        told = _differences(self)
        told.pop("seed", None)
        text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def with_seed(self, seed: int) -> RunConfig:
        """The same configuration with another seed."""
        return self.model_copy(update={"seed": seed})

    @property
    def early_seed(self) -> int:
        """What everything before `multitask` is drawn from: an encoder without a checkpoint, pretraining, the pooling.

        Where all seeds of a configuration have the same, they share those stages.
        """
        return self.seed if self.pretraining_seed is None else self.pretraining_seed

    def reported_epochs(self) -> int:
        """How many epochs a run reports at most: those of `multitask`, then those of `single_task`."""
        return self.multitask.epochs + (self.single_task.epochs if self.single_task is not None else 0)

    def __hash__(self) -> int:
        return hash((self.digest(), self.seed))


def parse(data: Any) -> RunConfig:
    """A configuration from JSON data; raises `ConfigurationError` with all faults."""
    try:
        return RunConfig.model_validate(data)
    except ValidationError as error:
        raise ConfigurationError(faults_of(error)) from None


def read(path: Path) -> RunConfig:
    """A configuration from a JSON file; raises `ConfigurationError` naming the file."""
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
    """The configuration with every learning rate, of whatever part, `times` as high; `ConfigurationError` above 1."""
    return config if times == 1 else parse(_multiplied(config.model_dump(mode="json"), times))


def _multiplied(part: Any, times: float) -> Any:
    if not isinstance(part, dict):
        return part
    return {
        key: value * times if key in LEARNING_RATES and value is not None else _multiplied(value, times)
        for key, value in part.items()
    }


def _differences(part: BaseModel) -> dict[str, Any]:
    """What a part sets to other than its default, as JSON data."""
    if isinstance(part, Component):
        defaults = components.settings(part.kind, part.name)
        given = part.model_dump(mode="json")
        told = {key: value for key, value in given.items() if key == "name" or value != _plain(defaults[key])}
        return told
    told = {}
    for name, field in type(part).model_fields.items():
        value = getattr(part, name)
        if value == field.get_default(call_default_factory=True):
            continue
        if isinstance(value, dict):
            told[name] = {key: _differences(item) for key, item in value.items()}
        elif isinstance(value, tuple):
            told[name] = [_differences(item) if isinstance(item, BaseModel) else item for item in value]
        else:
            told[name] = _differences(value) if isinstance(value, BaseModel) else value
    return told


def _plain(value: object) -> object:
    """A default as JSON would give it back: tuples are lists there."""
    return list(value) if isinstance(value, tuple) else value
