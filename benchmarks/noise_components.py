"""The noise of single changes, by task and by what is trained: the table that `--plan` reckons with."""

from __future__ import annotations

from dataclasses import replace

from search_spaces import Space, factors
from search_spaces.grammar.narrowing import steps, with_baseline

SPACE = Space(
    name="noise_components",
    goal="How noisy is the difference that a single change makes?",
    design="grid",
    factors=(
        with_baseline(factors.TRAINABLE, "all", role="nuisance"),
        replace(factors.ADAPTER, role="nuisance"),
        steps(factors.LEARNING_RATE, "3e-5", "1e-4", "3e-4", "1e-3", role="nuisance"),
        replace(factors.POOLING, baseline="mean"),
        factors.HEAD_DROPOUT,
        factors.SST_HEAD,
        replace(factors.QUORA_HEAD, baseline="concat_absdiff"),
        replace(factors.STS_HEAD, baseline="concat_absdiff"),
        replace(factors.BATCH_SIZE, role="scientific"),
        with_baseline(factors.SAMPLER, "round_robin_shortest", keep=("round_robin_shortest", "annealed")),
        with_baseline(factors.BALANCER, "sum", keep=("sum", "uncertainty")),
        with_baseline(factors.SCHEDULE, "constant", keep=("constant", "linear_warmup")),
        factors.OPTIMIZER,
    ),
    constraints=factors.ADAPTER_CONSTRAINTS,
    rows={
        "reference": {},
        "sts_head=cosine_mlp": {"sts_head": "cosine_mlp"},
        "pooling=max": {"pooling": "max"},
        "batch_size=16": {"batch_size": "16"},
        "head_dropout=0.3": {"head_dropout": "0.3"},
        "pooling=cls": {"pooling": "cls"},
        "pooling=attention": {"pooling": "attention"},
        "sst_head=dense": {"sst_head": "dense"},
        "quora_head=concat": {"quora_head": "concat"},
        "quora_head=concat_absdiff_dense": {"quora_head": "concat_absdiff_dense"},
        "sampler=annealed": {"sampler": "annealed"},
        "balancer=uncertainty": {"balancer": "uncertainty"},
        "schedule=linear_warmup": {"schedule": "linear_warmup"},
        "optimizer=adamw": {"optimizer": "adamw"},
    },
)
