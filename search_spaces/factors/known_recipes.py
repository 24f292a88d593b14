"""The best configuration of each report, and the best found since (docs/findings), as choices of the shared factors.

Each note says what the choices cannot express. The reports trained BERT-base for 5 to 30 epochs; here a recipe gets any
backbone, data and number of epochs.
"""

from __future__ import annotations

from search_spaces.grammar import Recipe

KNOWN = (
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
            "smart.on.perturbation": "random_noise",
            "learning_rate": 1e-5,
            "head_dropout": "0.3",
        },
        note=(
            "SMART by the random noise of the library it adapted. joint for its round robin with a joint "
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
    Recipe(
        "best",
        "docs/findings/heads_alone.md",
        {
            "pooling": "attention",
            "sst_head": "dense",
            "quora_head": "concat_absdiff_dense",
            "sts_head": "cosine",
            "sampler": "square_root",
            "balancer": "score_adaptive",
            "trainable": "heads",
            "optimizer": "adamw",
            "optimizer.adamw.weight_decay": "0.001",
            "schedule": "cosine",
            "head_learning_rate": "own",
            "head_learning_rate.own.rate": 0.001119,
            "clip_norm": "1",
            "hidden_dropout": "0",
            "head_dropout": "0.5",
        },
        note=(
            "Found on MiniLM with 200 examples per task, 2 epochs, rates ten times these (--learning-rate-times 10). "
            "Its ablation there distinguishes from none the heads of the two pair tasks (docs/findings/heads_alone.md)."
        ),
    ),
)
