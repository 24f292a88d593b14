"""Search spaces: questions as data, one file a space; needs the standard library only.

`load("full_ablation")` or `load("my_space.py")` gives a `Space`; `names()` lists what there is.
"""

from __future__ import annotations

from search_spaces.grammar import (
    Constraint,
    Factor,
    Level,
    Range,
    Recipe,
    Space,
    SpaceError,
    describe,
)
from search_spaces.loading import load, names

__all__ = ["Constraint", "Factor", "Level", "Range", "Recipe", "Space", "SpaceError", "describe", "load", "names"]
