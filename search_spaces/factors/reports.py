"""Factors that only the reports' tables vary (none is a technique), and settings that several tables hold fixed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from search_spaces.factors.encoder import ENCODER
from search_spaces.factors.heads import QUORA_HEAD, STS_HEAD
from search_spaces.grammar import Constraint, Factor, Json, Level, off_on
from search_spaces.grammar.narrowing import fixed

# The course's starter code, at the rate of full fine-tuning.
ADAM: Mapping[str, Json] = {
    "multitask.batch_size": 8,
    "multitask.optimizer.name": "adam",
    "multitask.optimizer.learning_rate": 1e-5,
}

EPOCHS = Factor(
    "epochs",
    "scientific",
    "1x",
    (
        Level("1x", note="as many as the budget has"),
        Level("2x", scale={"multitask.epochs": 2}, note="twice as many as the budget has"),
        Level("3x", scale={"multitask.epochs": 3}, note="three times as many as the budget has"),
    ),
    about="Epochs of the multitask stage, in multiples of the budget's.",
)

BEST_EPOCH = Factor(
    "best_epoch",
    "nuisance",
    "score",
    (
        Level("score", {"multitask.best_epoch": "score"}, note="the epoch with the best mean over the tasks"),
        Level("each_task", {"multitask.best_epoch": "each_task"}, note="as models that were trained apart have it"),
    ),
    about="Whether the tasks keep one epoch together, or each the epoch that is best for it.",
)
BEST_EPOCH_CONSTRAINT = Constraint(
    {"best_epoch": ("each_task",)},
    {"encoder_sharing": ("shared",)},
    "Tasks that train one encoder keep one epoch of it.",
)

# In the course's starter code the whole model is in training mode, including frozen layers.
FROZEN_DROPOUT = Factor(
    "frozen_dropout",
    "nuisance",
    "off",
    off_on("encoder.frozen_dropout", off="what is frozen is computed once", on="the course's starter code"),
    about="Whether layers that are not trained have dropout during training.",
)

# The encoder with the settings that Kumar changes with it: batches of 64, dropout 0.5 after each layer of the LSTM.
KUMAR_ENCODER = replace(
    ENCODER,
    levels=(
        Level("bert", {"multitask.batch_size": 8}, note="the study's backbone"),
        Level(
            "bilstm",
            {"backbone": "bilstm", "multitask.batch_size": 64, "encoder.hidden_dropout": 0.5},
            note="two bidirectional layers from random (Kumar: batches of 64, dropout 0.5 after each layer)",
        ),
    ),
)

# All four of Zhang's tables hold the heads and the training settings fixed.
ZHANG_HEADS = (
    fixed(QUORA_HEAD, "concat_absdiff", "The report's heads, the same in all its tables."),
    fixed(STS_HEAD, "cosine_mlp", "The report's heads, the same in all its tables."),
)
ZHANG_TRAINING: Mapping[str, Json] = {**ADAM, "multitask.batch_size": 32}
