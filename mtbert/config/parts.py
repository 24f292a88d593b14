"""The parts of a configuration: components by name, and the settings of each stage.

`fields.py` puts them together. **Never change a default here without raising `CONFIG_VERSION`** (`run_config.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, model_validator

from mtbert import components
from mtbert.config.faults import validation_error
from mtbert.errors import ConfigurationError

Precision = Literal["float32", "bfloat16"]
Fraction = Annotated[float, Field(ge=0.0, lt=1.0)]


class Part(BaseModel):
    """A part of a configuration: frozen, without unknown fields, and without infinite or NaN numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)


class Component(BaseModel):
    """A component by `name`, with its settings beside it; settings that are left out have their defaults."""

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
            return value  # pydantic reports the fault
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


class AdapterSpec(Component):
    """An adapter by name."""

    kind = "adapters"


class RegularizerSpec(Component):
    """A regularizer by name."""

    kind = "regularizers"


class EncoderConfig(Part):
    """The use of the encoder: its first `layers` layers (None: all), its dropouts, and the tasks that share it.

    `shared`: all tasks train one encoder. False: each task has its own, all starting alike, so that each learns what it
    would learn alone (single-task fine-tuning, one model per task). `frozen_dropout`: layers that are not trained have
    dropout in training all the same, as in the course's starter code; their outputs are then not cached.
    """

    layers: Annotated[int, Field(ge=1)] | None = None
    hidden_dropout: Fraction = 0.1
    attention_dropout: Fraction = 0.1
    shared: bool = True
    frozen_dropout: bool = False


def _subsample(value: Any) -> int | float | str:
    """Return a count, a share of the whole, or "smallest".

    Raises:
        ValueError: the value is none of them; one message for all three.
    """
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if value == "smallest" or (number and (0 < value < 1 or (value >= 1 and isinstance(value, int)))):
        return value  # type: ignore[no-any-return]
    raise ValueError(
        f"must be a number of examples (1 or more), a share of them (between 0 and 1) or 'smallest', got {value!r}; "
        "leave it out for all"
    )


# Not a union of three types: each of them would report a wrong value with its own message.
Subsample = Annotated[int | float | Literal["smallest"], PlainValidator(_subsample)]


class TaskConfig(Part):
    """A task's head, and the amount of its data in a step and an epoch.

    `batch_size` None: the stage's. `subsample`: the number of examples per epoch, drawn again for each; a number below
    1 is a share of them, "smallest" the number that the smallest task has; None: all.
    """

    head: HeadSpec
    batch_size: Annotated[int, Field(ge=1)] | None = None
    subsample: Subsample | None = None


class DataConfig(Part):
    """The amount of data: examples per task (None: all), tokens per sentence.

    A smaller number of examples selects those whose id has the smallest hash, whatever the seed. `vary` "train": the
    run's seed draws the training examples, or `subset_seed` if it is given (`data.subset.first`).
    """

    train_examples: Annotated[int, Field(ge=1)] | None = None
    vary: Literal["none", "train"] = "none"
    subset_seed: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    dev_examples: Annotated[int, Field(ge=1)] | None = None
    max_tokens: Annotated[int, Field(ge=3, le=512)] = 128

    @model_validator(mode="after")
    def _subset_seed_belongs_to_train(self) -> Self:
        if self.vary == "none" and self.subset_seed is not None:
            raise ValueError(f"vary none draws no subset, got subset_seed {self.subset_seed}; use vary train")
        return self


class TrainableConfig(Part):
    """The trained parts: `all`, `adapters_and_heads`, the `last_k` layers and those two, or the `heads` alone."""

    name: Literal["all", "adapters_and_heads", "last_k", "heads"] = "all"
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
    is the share of all steps during which `linear_warmup` rises. Gradients are clipped to norm `clip_norm`, before a
    balancer's weights (`mtbert.training.gradients`); None: no clipping. `head_learning_rate` is the rate of the heads
    (poolings and adapters have the encoder's); None: the same for all.
    """

    name: Literal["adam", "adamw"] = "adam"
    learning_rate: Annotated[float, Field(gt=0.0, le=1.0)] = 3e-5
    weight_decay: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.0
    schedule: Literal["constant", "cosine", "linear_warmup"] = "constant"
    warmup_fraction: Fraction = 0.1
    clip_norm: Annotated[float, Field(gt=0.0)] | None = None
    head_learning_rate: Annotated[float, Field(gt=0.0, le=1.0)] | None = None

    @model_validator(mode="after")
    def _weight_decay_belongs_to_adamw(self) -> Self:
        if self.name == "adam" and self.weight_decay:
            raise ValueError(f"adam has no weight_decay, got {self.weight_decay}; use adamw, or leave it out")
        return self


class MultitaskConfig(Part):
    """The stage that trains all tasks together.

    `accumulation`: the number of the sampler's steps in one step of the optimizer. `patience`: the stage ends after
    this many epochs without a better dev score. `surgery`: how conflicting gradients of tasks are changed.
    `best_epoch`: which epoch is kept, the one with the best score, or for `each_task` the one with its best own dev
    score, as if it had been trained alone. Tasks must then train nothing in common.
    """

    epochs: Annotated[int, Field(ge=1)] = 3
    batch_size: Annotated[int, Field(ge=1)] = 8
    sampler: SamplerSpec = Field(default_factory=lambda: SamplerSpec(name="round_robin_shortest"))
    balancer: BalancerSpec = Field(default_factory=lambda: BalancerSpec(name="sum"))
    trainable: TrainableConfig = TrainableConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    accumulation: Annotated[int, Field(ge=1)] = 1
    patience: Annotated[int, Field(ge=1)] | None = None
    surgery: Literal["none", "pcgrad"] = "none"
    regularizer: RegularizerSpec | None = None
    best_epoch: Literal["score", "each_task"] = "score"
