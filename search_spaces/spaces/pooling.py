"""The pooling. The learning rate is tuned too, so that each pooling is judged at its best."""

from __future__ import annotations

from search_spaces.factors import LEARNING_RATE, POOLING
from search_spaces.grammar import Space

SPACE = Space(
    name="pooling",
    goal="Which pooling gives the sentence vector that serves all three tasks best?",
    factors=(POOLING, LEARNING_RATE),
)
