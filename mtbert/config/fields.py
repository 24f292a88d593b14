"""The fields of a configuration and their defaults. The rules of combinations read them; `RunConfig` adds the checks.

**Never change a default here without raising `CONFIG_VERSION`** (`run_config.py`).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mtbert.config.parts import (
    AdapterSpec,
    DataConfig,
    EncoderConfig,
    Fraction,
    HeadSpec,
    MultitaskConfig,
    Part,
    PoolingSpec,
    Precision,
    TaskConfig,
)
from mtbert.config.stages import (
    FineTuneFirstConfig,
    MlmConfig,
    SimcseSupervisedConfig,
    SimcseUnsupervisedConfig,
    SingleTaskConfig,
)


def _main_tasks() -> dict[str, TaskConfig]:
    heads = {"sst": "linear", "quora": "concat", "sts": "concat"}
    return {task: TaskConfig(head=HeadSpec(name=head)) for task, head in heads.items()}


class AbstractRunConfig(Part):
    """The fields of `RunConfig`.

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
