"""Files in the current folder that are called like a module of this project, of Python or of a library.

`python -m study.launch` puts the current folder first on the path: a file `results.py` or `queue.py` that lies there
would be what this project, or torch, imports by that name. Here a name means to each file what its author meant: files
of the current folder are for each other, and for whoever finds no other module of that name.

Every package of the project has this installed when a command of it begins (its `__init__.py` says how: it can import
none of the others by name before). Names that Python has read before that, and `study.py` itself, are out of reach.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import FrameType, ModuleType

OURS = ("mtbert", "results", "search_spaces", "study")
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LOADER = os.path.join(ROOT, "study", "functions.py")  # imports by a name that a person has given
MARK = "MTBERT_STUDY_STARTS"  # set while this project starts a process of its own (`study.interrupts`)


class OwnFilesFirst:
    """Finds a module elsewhere where a file in `folder` has its name, unless a file of that folder asks for it."""

    def __init__(self, folder: str) -> None:
        self.folder = os.path.realpath(folder)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module's place; None: wherever Python finds it."""
        if path is not None or not self._has(name):
            return None
        if name in OURS:
            return PathFinder.find_spec(name, [ROOT])
        if name not in sys.stdlib_module_names and self._is_asked_by_own_file():
            return None
        return PathFinder.find_spec(name, [entry for entry in sys.path if not self._is_here(entry)])

    def _has(self, name: str) -> bool:
        place = os.path.join(self.folder, name)
        return os.path.isfile(f"{place}.py") or os.path.isfile(os.path.join(place, "__init__.py"))

    def _is_here(self, entry: str) -> bool:
        return os.path.realpath(entry or os.curdir) == self.folder

    def _is_asked_by_own_file(self) -> bool:
        """Whether the code that imports lies in the folder, or imports by a name that a person has given."""
        frame: FrameType | None = sys._getframe(2)
        while frame is not None and (frame.f_code.co_filename.startswith("<") or _is_importlib(frame.f_globals)):
            frame = frame.f_back
        if frame is None:
            return False
        file = os.path.realpath(frame.f_code.co_filename)
        if file == LOADER:
            return True
        below = os.path.relpath(file, self.folder).split(os.sep)
        ours = any(file.startswith(os.path.join(ROOT, package) + os.sep) for package in OURS)
        return below[0] != os.pardir and not {"site-packages", "dist-packages"} & set(below) and not ours


def _is_importlib(names: dict[str, object]) -> bool:
    return str(names.get("__name__", "")).partition(".")[0] == "importlib"


def install() -> None:
    """Look at the current folder's files from now on; a second time does nothing."""
    if not any(type(finder).__name__ == OwnFilesFirst.__name__ for finder in sys.meta_path):
        sys.meta_path.insert(0, OwnFilesFirst(os.getcwd()))
