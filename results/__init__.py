"""What SQL knows of a study, and the way from SQL to the page. `load` gives tidy pandas frames.

Importing this package loads nothing: no pandas, no SQLAlchemy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from results.frames import StudyFrames

__all__ = ["DEFAULT_STORAGE", "load"]

DEFAULT_STORAGE = "sqlite:///runs/studies.db"  # below the folder a command is started in


def load(storage: str, name: str) -> StudyFrames:
    """The tables of study `name` in the database at URL `storage`, as pandas frames; see docs/pandas.md.

    StorageError when there is no such database, UnknownStudy when it has no such study.
    """
    from results.frames import load_study

    return load_study(storage, name)
