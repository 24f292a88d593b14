"""Search spaces: questions as data, one file per space. Needs the standard library only.

`load("full_ablation")` or `load("my_space.py")` returns a `Space`; `names()` lists the spaces.
"""

from __future__ import annotations

import os
import sys

from search_spaces import own_files

if sys.argv[:1] == ["-m"] or own_files.MARK in os.environ:
    own_files.install()  # files in the current folder do not shadow modules imported from here on

from search_spaces.description import describe
from search_spaces.grammar import Constraint, Factor, Level, Range, Recipe, Space, SpaceError
from search_spaces.loading import load, names

__all__ = ["Constraint", "Factor", "Level", "Range", "Recipe", "Space", "SpaceError", "describe", "load", "names"]
