"""Factors of what reads the encoder's output: the pooling, the head of each task, the dropout before it."""

from __future__ import annotations

from search_spaces.grammar import Factor, Level

POOLING = Factor(
    "pooling",
    "scientific",
    "cls",
    (
        Level("cls", {"pooling.name": "cls"}),
        Level("cls_pooler", {"pooling.name": "cls_pooler"}, note="starts from the checkpoint's pooler if it has one"),
        Level("mean", {"pooling.name": "mean"}),
        Level("max", {"pooling.name": "max"}),
        Level("attention", {"pooling.name": "attention"}, note="starts as mean"),
    ),
    about="How the states of the tokens become one vector a sentence.",
)

SST_HEAD = Factor(
    "sst_head",
    "scientific",
    "linear",
    (
        Level("linear", {"tasks.sst.head.name": "linear"}),
        Level("dense", {"tasks.sst.head.name": "dense"}),
        Level("dense2", {"tasks.sst.head.name": "dense2"}),
    ),
    about="From the sentence vector to five classes of sentiment.",
)


def _pair_head(task: str, about: str) -> Factor:
    """The head of a task whose examples are pairs."""

    def level(name: str, note: str = "") -> Level:
        return Level(name, {f"tasks.{task}.head.name": name}, note=note)

    return Factor(
        f"{task}_head",
        "scientific",
        "concat",
        (
            level("concat"),
            level("concat_absdiff"),
            level("concat_dense"),
            level("concat_absdiff_dense"),
            level("product"),
            level("difference", note="signed: cannot be symmetric"),
            level("cosine"),
            level("cosine_mlp"),
        ),
        about=about,
    )


QUORA_HEAD = _pair_head("quora", "From two sentence vectors to one logit: a paraphrase or not.")
STS_HEAD = _pair_head("sts", "From two sentence vectors to a similarity from 0 to 5.")

HEAD_DROPOUT = Factor(
    "head_dropout",
    "scientific",
    "0.1",  # the baseline of Hurtado & Teaw
    (
        Level("0.1", {"head_dropout": 0.1}),
        Level("0.3", {"head_dropout": 0.3}),
        Level("0.5", {"head_dropout": 0.5}),
    ),
    about="Dropout before each head; Kumar's Table 3.",
)
