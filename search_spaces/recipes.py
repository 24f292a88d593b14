"""Configurations with a name, in the words of `full_ablation`: its search tries them first, `--recipe NAME` trains one.

What the reports' best configurations become, and the best that was found since (docs/findings); each note says what is
missing. The reports ran theirs on BERT-base for 5 to 30 epochs, here they get whatever backbone, data and epochs they
are given. `mtbert` finds this module by the entry point `mtbert.recipes` (pyproject.toml), through `names` and
`configuration`; it imports none of ours.
"""

from __future__ import annotations

from typing import Any

from search_spaces.terms import Recipe

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
            "Found on MiniLM with 200 examples a task, 2 epochs and rates ten times these (--learning-rate-times 10). "
            "What its ablation tells from none there: the heads of the two pair tasks (docs/findings/heads_alone.md)."
        ),
    ),
)


def names() -> tuple[str, ...]:
    """The names of the recipes."""
    return tuple(recipe.name for recipe in KNOWN)


def configuration(name: str, epochs: int, batch_size: int) -> dict[str, Any]:
    """The recipe as a nested configuration, for `epochs` of multitask fine-tuning on all of the data.

    What a level tells in multiples (`Level.scale`) becomes a number: epochs of `epochs`, a task's batch size of the
    recipe's own, or else of `batch_size`. Sentences of a stage in multiples of all examples stay the stage's own.
    Raises `KeyError` where there is no such recipe.
    """
    from search_spaces.full_ablation import SPACE  # here: that space reads KNOWN

    choices = SPACE.complete({recipe.name: recipe for recipe in KNOWN}[name].choices)
    nested = SPACE.configuration(choices)
    multitask = nested.setdefault("multitask", {})
    wholes = {"epochs": epochs, "batch_size": multitask.get("batch_size", batch_size)}
    multitask.setdefault("epochs", epochs)
    for path, times in SPACE.scale(choices).items():
        *parents, field = path.split(".")
        if field in wholes:
            inner = nested
            for parent in parents:
                inner = inner.setdefault(parent, {})
            inner[field] = max(1, round(wholes[field] * times))
    return nested
