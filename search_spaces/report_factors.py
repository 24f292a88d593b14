"""What only the reports' tables vary, none of it a technique, and what several of them hold fixed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from search_spaces.factors import ENCODER, QUORA_HEAD, STS_HEAD
from search_spaces.grammar import Factor, Json, Level
from search_spaces.narrowing import fixed

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

# The encoder with all that Kumar changes with it: batches of 64, dropout 0.5 after each layer of the LSTM.
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

# What all four of Zhang's tables hold fixed: the heads, and how the model is trained.
ZHANG_HEADS = (
    fixed(QUORA_HEAD, "concat_absdiff", "The report's heads, the same in all its tables."),
    fixed(STS_HEAD, "cosine_mlp", "The report's heads, the same in all its tables."),
)
ZHANG_TRAINING: Mapping[str, Json] = {
    "multitask.batch_size": 32,
    "multitask.optimizer.name": "adam",
    "multitask.optimizer.learning_rate": 1e-5,
}
