"""A configuration: everything that decides what a run computes, except the data it is given.

    RunConfig
    ├── backbone      the pretrained encoder, by name or folder
    ├── encoder       how much of it is used, and its dropouts
    ├── pooling       a component
    ├── tasks         task name -> its head
    ├── head_dropout
    ├── data          how many examples are used, how long a sentence may be
    ├── multitask     the training stage: epochs, sampler, balancer, what is trained, optimizer
    └── seed          not part of the digest

Frozen, `extra="forbid"`, checked in full before anything is computed. Faults are told all at once, each with its
path and, for a name, the nearest one that exists.

**Never change a default here.** `digest` leaves out what has its default value, so that a field added later does
not change the digest of older configurations; other values belong into search spaces.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    field_validator,
    model_validator,
)

from mtbert import components
from mtbert.config_faults import faults_of, validation_error, with_hint
from mtbert.errors import ConfigurationError, Fault, unknown

# Tasks are trained and printed in this order; others follow by name. So two configurations that differ only in
# the order their tasks were written in are the same configuration, and train alike.
MAIN_TASKS = ("sst", "quora", "sts")

Fraction = Annotated[float, Field(ge=0.0, lt=1.0)]


class Part(BaseModel):
    """A part of a configuration: frozen, and no field that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class Component(BaseModel):
    """A component by `name`, with its settings flat beside it; settings left out get their defaults."""

    model_config = ConfigDict(frozen=True, extra="allow")
    kind: ClassVar[str]
    name: str

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, value: Any) -> Any:
        """Check name and settings against the component's constructor; a bare string is a name."""
        if isinstance(value, str):
            value = {"name": value}
        if not isinstance(value, Mapping) or not isinstance(value.get("name"), str):
            return value  # pydantic says what is wrong
        given = {key: item for key, item in value.items() if key != "name"}
        try:
            return {"name": value["name"], **components.complete(cls.kind, value["name"], given)}
        except ConfigurationError as error:
            raise validation_error(cls.__name__, error.faults, value) from None

    @property
    def settings(self) -> dict[str, Any]:
        """The settings, defaults included."""
        return dict(self.model_extra or {})


class PoolingSpec(Component):
    """A pooling by name."""

    kind = "poolings"


class HeadSpec(Component):
    """A head by name."""

    kind = "heads"


class SamplerSpec(Component):
    """A sampler by name."""

    kind = "samplers"


class BalancerSpec(Component):
    """A balancer by name."""

    kind = "balancers"


class EncoderConfig(Part):
    """How the encoder is used: the first `layers` layers (all when None), and its dropouts."""

    layers: Annotated[int, Field(ge=1)] | None = None
    hidden_dropout: Fraction = 0.1
    attention_dropout: Fraction = 0.1


class TaskConfig(Part):
    """What a task adds to the encoder."""

    head: HeadSpec


class DataConfig(Part):
    """How much of the data is used: examples a task (all when None), tokens a sentence.

    Fewer examples are always the same ones: those whose id has the smallest hash, whatever the seed.
    """

    train_examples: Annotated[int, Field(ge=1)] | None = None
    dev_examples: Annotated[int, Field(ge=1)] | None = None
    max_tokens: Annotated[int, Field(ge=3, le=512)] = 128


class TrainableConfig(Part):
    """What is trained: `all`, the `last_k` layers of the encoder and the heads, or the `heads` alone."""

    name: Literal["all", "last_k", "heads"] = "all"
    layers: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _layers_belong_to_last_k(self) -> Self:
        if (self.name == "last_k") != (self.layers is not None):
            raise ValueError(
                f"last_k needs layers (how many of the last layers are trained), and only last_k has it; "
                f"got name='{self.name}', layers={self.layers}"
            )
        return self


class OptimizerConfig(Part):
    """Adam (Kingma & Ba 2015) or AdamW (Loshchilov & Hutter 2019), its schedule and clipping.

    `weight_decay` is not applied to biases, layer norms and embeddings, and belongs to adamw alone. `warmup_fraction`
    is the part of all steps over which `linear_warmup` rises. Gradients are clipped to norm `clip_norm`; None: not.
    """

    name: Literal["adam", "adamw"] = "adam"
    learning_rate: Annotated[float, Field(gt=0.0, le=1.0)] = 3e-5
    weight_decay: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.0
    schedule: Literal["constant", "cosine", "linear_warmup"] = "constant"
    warmup_fraction: Fraction = 0.1
    clip_norm: Annotated[float, Field(gt=0.0)] | None = 1.0

    @model_validator(mode="after")
    def _weight_decay_belongs_to_adamw(self) -> Self:
        if self.name == "adam" and self.weight_decay:
            raise ValueError(f"adam has no weight_decay, got {self.weight_decay}; use adamw, or leave it out")
        return self


class MultitaskConfig(Part):
    """The stage that trains all tasks together."""

    epochs: Annotated[int, Field(ge=1)] = 3
    batch_size: Annotated[int, Field(ge=1)] = 8
    sampler: SamplerSpec = Field(default_factory=lambda: SamplerSpec(name="round_robin_shortest"))
    balancer: BalancerSpec = Field(default_factory=lambda: BalancerSpec(name="sum"))
    trainable: TrainableConfig = TrainableConfig()
    optimizer: OptimizerConfig = OptimizerConfig()


def _main_tasks() -> dict[str, TaskConfig]:
    heads = {"sst": "linear", "quora": "concat", "sts": "concat"}
    return {task: TaskConfig(head=HeadSpec(name=head)) for task, head in heads.items()}


class RunConfig(Part):
    """One configuration with one seed: all that decides what a run computes, except the data."""

    backbone: str = "minilm"
    encoder: EncoderConfig = EncoderConfig()
    pooling: PoolingSpec = Field(default_factory=lambda: PoolingSpec(name="cls"))
    tasks: dict[str, TaskConfig] = Field(default_factory=_main_tasks)
    head_dropout: Fraction = 0.1
    data: DataConfig = DataConfig()
    multitask: MultitaskConfig = Field(default_factory=MultitaskConfig)
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0

    @model_validator(mode="wrap")
    @classmethod
    def _with_hints(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Say the nearest field where an unknown one was given."""
        try:
            return handler(value)
        except ValidationError as error:
            raise ValidationError.from_exception_data(
                cls.__name__, [with_hint(cls, details) for details in error.errors()]
            ) from None

    @field_validator("tasks")
    @classmethod
    def _heads_fit_tasks(cls, tasks: dict[str, TaskConfig]) -> dict[str, TaskConfig]:
        if not tasks:
            raise ValueError(f"a run needs at least one task; known: {', '.join(components.names('tasks'))}")
        faults = [message for name, task in tasks.items() for message in _task_faults(name, task)]
        if faults:
            raise ValueError("; ".join(faults))
        order = [*(name for name in MAIN_TASKS if name in tasks), *sorted(set(tasks) - set(MAIN_TASKS))]
        return {name: tasks[name] for name in order}

    def digest(self) -> str:
        """SHA-256 (64 hex digits) of the canonical JSON, seed and default values left out."""
        told = _differences(self)
        told.pop("seed", None)
        text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def with_seed(self, seed: int) -> RunConfig:
        """The same configuration with another seed."""
        return self.model_copy(update={"seed": seed})

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
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigurationError([Fault(str(path), f"not a JSON file that can be read: {reason}")]) from None
    try:
        return parse(data)
    except ConfigurationError as error:
        raise ConfigurationError([Fault(f"{path}: {f.path}", f.message) for f in error.faults]) from None


def _task_faults(name: str, task: TaskConfig) -> list[str]:
    """What is wrong with one entry of `tasks`: an unknown task, or a head that reads something else."""
    if name not in components.names("tasks"):
        return [unknown("task", name, components.names("tasks"))]
    given = "pair" if components.load("tasks", name).pair else "sentence"  # type: ignore[attr-defined]
    reads = {head: components.load("heads", head).reads for head in components.names("heads")}  # type: ignore[attr-defined]
    if reads[task.head.name] == given:
        return []
    fitting = ", ".join(head for head, wanted in reads.items() if wanted == given)
    return [
        f"{name}.head {task.head.name} reads a {reads[task.head.name]}, {name} gives a {given}; use one of {fitting}"
    ]


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
        else:
            told[name] = _differences(value) if isinstance(value, BaseModel) else value
    return told


def _plain(value: object) -> object:
    """A default as JSON would give it back: tuples are lists there."""
    return list(value) if isinstance(value, tuple) else value
