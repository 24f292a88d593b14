"""Optimizer and schedule. Learning rate and batch size are tuned too, for a fair comparison."""

from __future__ import annotations

from search_spaces.factors import BATCH_SIZE, LEARNING_RATE, OPTIMIZER, SCHEDULE
from search_spaces.grammar import Space
from search_spaces.grammar.narrowing import with_baseline

SPACE = Space(
    name="optimization",
    goal="Do decoupled weight decay or a schedule beat plain Adam at a well-tuned learning rate?",
    factors=(OPTIMIZER, SCHEDULE, LEARNING_RATE, with_baseline(BATCH_SIZE, "8", keep=("8", "16", "32"))),
)
