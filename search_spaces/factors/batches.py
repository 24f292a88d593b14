"""Factors of the data per step and per epoch: batch sizes, accumulation, and how many of Quora's examples are used.

Quora's factors are relative, so that they mean the same in every budget: its batch size is a multiple of the other
tasks' (`Level.scale`), its number of examples a fraction of those that the budget allows.
"""

from __future__ import annotations

from search_spaces.grammar import Factor, Level, levels_of

BATCH_SIZE = Factor(
    "batch_size",
    "nuisance",
    "8",  # reports 000, 003, 004
    (
        Level("3", {"multitask.batch_size": 3}, note="Thapa & Khurana where Quora has 8: quora_batch_size=8_to_3"),
        Level("8", {"multitask.batch_size": 8}),
        Level("16", {"multitask.batch_size": 16}),
        Level("32", {"multitask.batch_size": 32}, note="Zhang"),
        Level("64", {"multitask.batch_size": 64}, note="Kumar, for the LSTM"),
    ),
    about="Examples of one task in a batch.",
)

QUORA_BATCH_SIZE = Factor(
    "quora_batch_size",
    "scientific",
    "same",
    (
        Level("same"),
        Level("2x", scale={"tasks.quora.batch_size": 2}),
        Level("8_to_3", scale={"tasks.quora.batch_size": 8 / 3}, note="Thapa & Khurana: 8 examples beside 3 and 3"),
        Level("4x", scale={"tasks.quora.batch_size": 4}),
    ),
    about="Quora's examples in a batch, in multiples of the other tasks': it has more of them.",
)

QUORA_EXAMPLES = Factor(
    "quora_examples",
    "scientific",
    "all",
    (
        Level("all"),
        Level("half", {"tasks.quora.subsample": 0.5}, note="drawn again each epoch"),
        Level(
            "tenth",
            {"tasks.quora.subsample": 0.1},
            note="drawn again each epoch; Hurtado & Teaw's 10,000 are a fourteenth, Kumar's 8,544 a seventeenth",
        ),
        Level("8544", {"tasks.quora.subsample": 8544}, note="as many as SST has (Kumar), drawn again each epoch"),
        Level("10000", {"tasks.quora.subsample": 10_000}, note="Hurtado & Teaw, drawn again each epoch"),
    ),
    about="How many of Quora's examples an epoch sees, at most.",
)

ACCUMULATION = Factor(
    "accumulation",
    "nuisance",
    "1",
    levels_of("multitask.accumulation", 1, 2, 4),
    about="Steps of the sampler whose mean gradient makes one step of the optimizer.",
)
