"""Every technique, from the plain multitask fine-tuning the five reports start from.

Left out because they are a budget and not a technique: epochs, examples, tokens. The recipes are what the reports' best
configurations become; each note says what is missing. All of them ran on BERT-base for 10 to 20 epochs, here on
whatever backbone, data and epochs the study is given.
"""

from __future__ import annotations

from search_spaces.factors import (
    ACCUMULATION,
    ADAPTER,
    ADAPTER_CONSTRAINTS,
    ATTENTION_DROPOUT,
    BALANCER,
    BATCH_SIZE,
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
from search_spaces.grammar import Recipe, Space
from search_spaces.narrowing import with_baseline

SPACE = Space(
    name="full_ablation",
    goal="Which technique helps multitask BERT, by how much and at what cost, and is that sure?",
    factors=(
        POOLING,
        SST_HEAD,
        QUORA_HEAD,
        STS_HEAD,
        SAMPLER,
        # The reports' own numbers (8,544, 10,000) are for the whole of their data; parts mean the same in any budget.
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
    recipes=(
        Recipe(
            "hurtado_teaw",
            "000, Table 1, row Cosine Similarity + SimCSE (best plain mean, 0.571)",
            {
                "sts_head": "cosine",
                "sampler": "round_robin_longest",
                "simcse_unsupervised": "on",
                "learning_rate": 1e-5,
                "head_dropout": "0.3",
            },
            note="SimCSE on the tasks' sentences, not on Wikipedia's. Pooling is not stated, taken as cls.",
        ),
        Recipe(
            "kumar",
            "001, Table 9, Additive Loss, with the best settings of Tables 3, 4, 7 and 8",
            {
                "sts_head": "product",
                "sampler": "sequential",
                "learning_rate": 1e-5,
                "head_dropout": "0.3",
            },
            note=(
                "'The most optimal setting' is not spelled out; the product head is a hair better than cosine. "
                "Pooling and batch size are not stated, taken as cls and 8."
            ),
        ),
        Recipe(
            "zhang",
            "002, Section 5, final model (mean pooling, Low Rank + Top, hybrid curriculum)",
            {
                "pooling": "mean",
                "quora_head": "concat_absdiff",
                "sts_head": "cosine_mlp",
                "adapter": "low_rank+top_layer",
                "sampler": "hybrid",
                "learning_rate": 1e-5,
                "batch_size": "32",
            },
            note="Optimizer and dropout are not stated, taken as the baseline's.",
        ),
        Recipe(
            "thapa_khurana",
            "003, Table 1, run 0",
            {
                "pooling": "mean",
                "quora_head": "concat_absdiff",
                "sts_head": "cosine",
                "sampler": "joint",
                "optimizer": "adamw",
                "optimizer.adamw.weight_decay": "0.001",
                "simcse_supervised": "on",
                "fine_tune_first": "quora",
                "smart": "on",
                "learning_rate": 1e-5,
                "head_dropout": "0.3",
            },
            note=(
                "SMART with the radius of the library it adapted. joint for its round robin with a joint "
                "loss; which of its two STS heads run 0 had is not stated."
            ),
        ),
        Recipe(
            "sankhe_galhotra_passmore",
            "004, Table 4, MTFT-D-STFT",
            {
                "sst_head": "dense",
                "quora_head": "concat_dense",
                "sts_head": "concat_absdiff_dense",
                "sampler": "sequential",
                "single_task": "on",
                "learning_rate": 1e-5,
                "head_dropout": "0.3",
            },
            note=("Prints 1e-3 for fine-tuning, read as the rate of the frozen encoder."),
        ),
    ),
    constraints=(*ENCODER_CONSTRAINTS, *TRAINING_CONSTRAINTS, *ADAPTER_CONSTRAINTS),
)
