"""Everything that exists so far, from the plain multitask fine-tuning the five reports start from.

Left out until there is a choice: the loss balancer (only `sum` exists). Left out because they are a budget
and not a technique: epochs, examples, tokens. The recipes are what the reports' best configurations become
with the factors that exist; each note says what is missing. All of them ran on BERT-base for 10 to 20 epochs,
here on whatever backbone, data and epochs the study is given.
"""

from __future__ import annotations

from search_spaces.factors import (
    ATTENTION_DROPOUT,
    BATCH_SIZE,
    HEAD_DROPOUT,
    HIDDEN_DROPOUT,
    LEARNING_RATE,
    OPTIMIZER,
    POOLING,
    QUORA_HEAD,
    SAMPLER,
    SCHEDULE,
    SST_HEAD,
    STS_HEAD,
    TRAINABLE,
)
from search_spaces.grammar import Recipe, Space

SPACE = Space(
    name="full_ablation",
    goal="Which technique helps multitask BERT, by how much and at what cost, and is that sure?",
    factors=(
        POOLING,
        SST_HEAD,
        QUORA_HEAD,
        STS_HEAD,
        SAMPLER,
        TRAINABLE,
        OPTIMIZER,
        SCHEDULE,
        LEARNING_RATE,
        BATCH_SIZE,
        HIDDEN_DROPOUT,
        ATTENTION_DROPOUT,
        HEAD_DROPOUT,
    ),
    recipes=(
        Recipe(
            "hurtado_teaw",
            "000, Table 1, row Cosine Similarity + SimCSE (best plain mean, 0.571)",
            {"sts_head": "cosine", "learning_rate": 1e-5, "head_dropout": "0.3"},
            note=(
                "Without unsupervised SimCSE. Its round robin ran to the longest task, here to the shortest; "
                "pooling is not stated, taken as cls."
            ),
        ),
        Recipe(
            "kumar",
            "001, Table 9, Additive Loss, with the best settings of Tables 3, 4, 7 and 8",
            {
                "sts_head": "cosine",
                "sampler": "sequential",
                "learning_rate": 1e-5,
                "head_dropout": "0.3",
            },
            note=(
                "'The most optimal setting' is not spelled out. The product head, a hair better than cosine, "
                "does not exist yet; pooling and batch size are not stated, taken as cls and 8."
            ),
        ),
        Recipe(
            "zhang",
            "002, Section 5, final model (mean pooling, Low Rank + Top, hybrid curriculum)",
            {
                "pooling": "mean",
                "quora_head": "concat_absdiff",
                "sts_head": "cosine",
                "sampler": "joint",
                "learning_rate": 1e-5,
                "batch_size": "32",
            },
            note=(
                "Without adapters; joint for the hybrid curriculum, cosine for its head of two dense layers "
                "before the cosine. Optimizer and dropout are not stated, taken as the baseline's."
            ),
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
                "learning_rate": 1e-5,
                "head_dropout": "0.3",
            },
            note=(
                "Without Quora first, supervised SimCSE and SMART. joint for its round robin with a joint "
                "loss; which of its two STS heads run 0 had is not stated."
            ),
        ),
        Recipe(
            "sankhe_galhotra_passmore",
            "004, Table 4, MTFT-D-STFT",
            {
                "sst_head": "dense",
                "sts_head": "concat_absdiff",
                "sampler": "sequential",
                "learning_rate": 1e-5,
                "head_dropout": "0.3",
            },
            note=(
                "Without the single-task stage after. Dense only for sentiment: its heads for pairs had a "
                "GELU layer too. Prints 1e-3 for fine-tuning, read as the rate of the frozen encoder."
            ),
        ),
    ),
)
