"""The grammar of search spaces: factors with levels or ranges, and `Space`, which combines them.

Standard library only. `terms` defines the words, `choices` walks a tree of factors, `constraints` excludes
combinations, `shapes` and `definition` validate a space, `pinning` and `restricting` make a space smaller, `narrowing`
fits shared factors to a space, `numbers` rounds the numbers of a range.
"""

from search_spaces.grammar.choices import choose
from search_spaces.grammar.space import Space
from search_spaces.grammar.terms import (
    Alternative,
    Choice,
    Choices,
    Constraint,
    Design,
    Difference,
    Factor,
    Json,
    Level,
    Random,
    Range,
    Recipe,
    Role,
    SpaceError,
    did_you_mean,
    levels_of,
    off_on,
)

__all__ = [
    "Alternative",
    "Choice",
    "Choices",
    "Constraint",
    "Design",
    "Difference",
    "Factor",
    "Json",
    "Level",
    "Random",
    "Range",
    "Recipe",
    "Role",
    "Space",
    "SpaceError",
    "choose",
    "did_you_mean",
    "levels_of",
    "off_on",
]
