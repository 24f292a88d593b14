"""All techniques, with the plain multitask fine-tuning of the five reports as the baseline.

Epochs, examples and tokens are set by the budget, not by the space.
"""

from __future__ import annotations

from search_spaces.factors import (
    ACCUMULATION,
    ADAPTER,
    ADAPTER_CONSTRAINTS,
    ATTENTION_DROPOUT,
    BALANCER,
    BATCH_SIZE,
    CLIP_NORM,
    EARLY_STOPPING,
    ENCODER,
    ENCODER_CONSTRAINTS,
    ENCODER_SHARING,
    FINE_TUNE_FIRST,
    HEAD_DROPOUT,
    HEAD_LEARNING_RATE,
    HIDDEN_DROPOUT,
    LEARNING_RATE,
    MLM,
    OPTIMIZER,
    POOLING,
    QUORA_BATCH_SIZE,
    QUORA_EXAMPLES,
    QUORA_HEAD,
    SAMPLER,
    SCHEDULE,
    SIMCSE_SUPERVISED,
    SIMCSE_UNSUPERVISED,
    SINGLE_TASK,
    SMART,
    SST_HEAD,
    STS_HEAD,
    SURGERY,
    TRAINABLE,
    TRAINING_CONSTRAINTS,
)
from search_spaces.factors.known_recipes import KNOWN
from search_spaces.grammar import Space
from search_spaces.grammar.narrowing import with_baseline

SPACE = Space(
    name="full_ablation",
    goal="Which technique helps multitask BERT, by how much and at what cost, and is that sure?",
    factors=(
        POOLING,
        SST_HEAD,
        QUORA_HEAD,
        STS_HEAD,
        SAMPLER,
        # The reports' numbers (8,544, 10,000) refer to their whole data; fractions mean the same in any budget.
        with_baseline(QUORA_EXAMPLES, "all", keep=("all", "half", "tenth")),
        QUORA_BATCH_SIZE,
        BALANCER,
        SURGERY,
        ADAPTER,
        TRAINABLE,
        OPTIMIZER,
        SCHEDULE,
        LEARNING_RATE,
        HEAD_LEARNING_RATE,
        BATCH_SIZE,
        ACCUMULATION,
        CLIP_NORM,
        EARLY_STOPPING,
        HIDDEN_DROPOUT,
        ATTENTION_DROPOUT,
        HEAD_DROPOUT,
        MLM,
        SIMCSE_UNSUPERVISED,
        SIMCSE_SUPERVISED,
        FINE_TUNE_FIRST,
        SMART,
        SINGLE_TASK,
        ENCODER,
        ENCODER_SHARING,
    ),
    recipes=KNOWN,
    constraints=(*ENCODER_CONSTRAINTS, *TRAINING_CONSTRAINTS, *ADAPTER_CONSTRAINTS),
)
