"""All techniques, with the plain multitask fine-tuning of the five reports as the baseline.

Epochs, examples and tokens are set by the budget, not by the space.
"""

from __future__ import annotations

from search_spaces import factors
from search_spaces.factors.known_recipes import KNOWN
from search_spaces.grammar import Space
from search_spaces.grammar.narrowing import with_baseline

SPACE = Space(
    name="full_ablation",
    goal="Which technique helps multitask BERT, by how much and at what cost, and is that sure?",
    factors=(
        factors.POOLING,
        factors.SST_HEAD,
        factors.QUORA_HEAD,
        factors.STS_HEAD,
        factors.SAMPLER,
        # The reports' numbers (8,544, 10,000) refer to their whole data; fractions mean the same in any budget.
        with_baseline(factors.QUORA_EXAMPLES, "all", keep=("all", "half", "tenth")),
        factors.QUORA_BATCH_SIZE,
        factors.BALANCER,
        factors.SURGERY,
        factors.ADAPTER,
        factors.TRAINABLE,
        factors.OPTIMIZER,
        factors.SCHEDULE,
        factors.LEARNING_RATE,
        factors.HEAD_LEARNING_RATE,
        factors.BATCH_SIZE,
        factors.ACCUMULATION,
        factors.CLIP_NORM,
        factors.EARLY_STOPPING,
        factors.HIDDEN_DROPOUT,
        factors.ATTENTION_DROPOUT,
        factors.HEAD_DROPOUT,
        factors.MLM,
        factors.SIMCSE_UNSUPERVISED,
        factors.SIMCSE_SUPERVISED,
        factors.FINE_TUNE_FIRST,
        factors.SMART,
        factors.SINGLE_TASK,
        factors.ENCODER,
        factors.ENCODER_SHARING,
    ),
    recipes=KNOWN,
    constraints=(*factors.ENCODER_CONSTRAINTS, *factors.TRAINING_CONSTRAINTS, *factors.ADAPTER_CONSTRAINTS),
)
