"""Factors of the model on top of the encoder: pooling, the head of each task, dropout before the heads."""

from __future__ import annotations

from search_spaces.grammar import Factor, levels_of

POOLING = Factor(
    "pooling",
    "scientific",
    "cls",
    levels_of(
        *("pooling.name", "cls", "cls_pooler", "mean", "max", "attention"),
        notes={"cls_pooler": "starts from the checkpoint's pooler if it has one", "attention": "starts as mean"},
    ),
    about="How the states of the tokens become one vector a sentence.",
)

SST_HEAD = Factor(
    "sst_head",
    "scientific",
    "linear",
    levels_of("tasks.sst.head.name", "linear", "dense", "dense2"),
    about="From the sentence vector to five classes of sentiment.",
)


def _pair_head(task: str, about: str) -> Factor:
    """Return the head of a task whose examples are pairs."""
    return Factor(
        f"{task}_head",
        "scientific",
        "concat",
        levels_of(
            f"tasks.{task}.head.name",
            *("concat", "concat_absdiff", "concat_dense", "concat_absdiff_dense"),
            *("product", "difference", "cosine", "cosine_mlp"),
            notes={"difference": "signed: cannot be symmetric"},
        ),
        about=about,
    )


QUORA_HEAD = _pair_head("quora", "From two sentence vectors to one logit: a paraphrase or not.")
STS_HEAD = _pair_head("sts", "From two sentence vectors to a similarity from 0 to 5.")

HEAD_DROPOUT = Factor(
    "head_dropout",
    "scientific",
    "0.1",  # the baseline of Hurtado & Teaw
    levels_of("head_dropout", 0.1, 0.3, 0.5),
    about="Dropout before each head; Kumar's Table 3.",
)
