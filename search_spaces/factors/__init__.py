"""All shared factors; each is defined once, so that it means the same in every space.

Levels are the components that exist; a new component is one more level. The baselines together are the plain multitask
fine-tuning that all five reports start from. Learning rates, dropouts and batch sizes include the reports' values.
"""

from search_spaces.factors.adapters import ADAPTER, ADAPTER_CONSTRAINTS
from search_spaces.factors.batches import ACCUMULATION, BATCH_SIZE, QUORA_BATCH_SIZE, QUORA_EXAMPLES
from search_spaces.factors.encoder import (
    ATTENTION_DROPOUT,
    ENCODER,
    ENCODER_CONSTRAINTS,
    ENCODER_SHARING,
    FIRST_NEEDS_SHARING,
    HIDDEN_DROPOUT,
)
from search_spaces.factors.heads import HEAD_DROPOUT, POOLING, QUORA_HEAD, SST_HEAD, STS_HEAD
from search_spaces.factors.optimization import LEARNING_RATE, OPTIMIZER, SCHEDULE, TRAINABLE
from search_spaces.factors.stages import (
    FINE_TUNE_FIRST,
    MLM,
    SIMCSE_SUPERVISED,
    SIMCSE_UNSUPERVISED,
    SINGLE_TASK,
    SMART,
)
from search_spaces.factors.training import (
    BALANCER,
    CLIP_NORM,
    EARLY_STOPPING,
    HEAD_LEARNING_RATE,
    SAMPLER,
    SURGERY,
    TRAINING_CONSTRAINTS,
)

__all__ = [
    "ACCUMULATION",
    "ADAPTER",
    "ADAPTER_CONSTRAINTS",
    "ATTENTION_DROPOUT",
    "BALANCER",
    "BATCH_SIZE",
    "CLIP_NORM",
    "EARLY_STOPPING",
    "ENCODER",
    "ENCODER_CONSTRAINTS",
    "ENCODER_SHARING",
    "FINE_TUNE_FIRST",
    "FIRST_NEEDS_SHARING",
    "HEAD_DROPOUT",
    "HEAD_LEARNING_RATE",
    "HIDDEN_DROPOUT",
    "LEARNING_RATE",
    "MLM",
    "OPTIMIZER",
    "POOLING",
    "QUORA_BATCH_SIZE",
    "QUORA_EXAMPLES",
    "QUORA_HEAD",
    "SAMPLER",
    "SCHEDULE",
    "SIMCSE_SUPERVISED",
    "SIMCSE_UNSUPERVISED",
    "SINGLE_TASK",
    "SMART",
    "SST_HEAD",
    "STS_HEAD",
    "SURGERY",
    "TRAINABLE",
    "TRAINING_CONSTRAINTS",
]
