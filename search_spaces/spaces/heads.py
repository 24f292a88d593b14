"""The head of each task. The learning rate is tuned too, so that each head is judged at its best."""

from __future__ import annotations

from search_spaces.factors import LEARNING_RATE, QUORA_HEAD, SST_HEAD, STS_HEAD
from search_spaces.grammar import Space

SPACE = Space(
    name="heads",
    goal="Which head suits each task: does comparing the two sentences beat putting them side by side?",
    factors=(SST_HEAD, QUORA_HEAD, STS_HEAD, LEARNING_RATE),
)
