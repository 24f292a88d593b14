"""What SQL knows of a study, and the way from SQL to the page. `load` gives tidy pandas frames.

Importing this package loads nothing: no pandas, no SQLAlchemy.
"""

from __future__ import annotations

import os
import sys

if sys.argv[:1] == ["-m"] or "MTBERT_STUDY_STARTS" in os.environ:
    # A command begins: files in the current folder do not take the place of modules that are imported from here on.
    # By its path: `search_spaces` may be such a file itself. Nothing is imported for it.
    _own_files = {"__file__": os.path.join(os.path.dirname(os.path.dirname(__file__)), "search_spaces", "own_files.py")}
    with open(_own_files["__file__"], encoding="utf-8") as _source:
        exec(compile(_source.read(), _own_files["__file__"], "exec"), _own_files)
    _own_files["install"]()  # type: ignore[operator]

from typing import TYPE_CHECKING

from results.database.defaults import DEFAULT_STORAGE

if TYPE_CHECKING:
    from results.frames import StudyFrames

__all__ = ["DEFAULT_STORAGE", "load"]


def load(storage: str, name: str) -> StudyFrames:
    """Return the tables of study `name` in the database at URL `storage`, as pandas frames; see docs/pandas.md.

    StorageError when there is no such database, UnknownStudy when it has no such study.
    """
    from results.frames import load_study

    return load_study(storage, name)
