"""Results of studies, from the SQL database to the report. `load` returns a study as tidy pandas frames.

Importing this package imports neither pandas nor SQLAlchemy.
"""

from __future__ import annotations

import os
import sys

if sys.argv[:1] == ["-m"] or "MTBERT_STUDY_STARTS" in os.environ:
    # This process is a command: files in the current folder must not shadow the modules that it imports from here on.
    # The code is read by its path, because a file there may shadow `search_spaces` itself.
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
    """Return the tables of study `name` in the database at URL `storage` as pandas frames; see docs/pandas.md.

    Raises:
        StorageError: there is no such database, or it cannot be read.
        UnknownStudy: the database has no such study.
    """
    from results.frames import load_study

    return load_study(storage, name)
