"""An import hook that stops files in the current folder from shadowing modules of this project, Python or libraries.

`python -m study.launch` puts the current folder first on the path: without the hook, this project or torch would import
a file `results.py` or `queue.py` in that folder instead of the intended module. With it, files of the current folder
find each other, and other code finds them only if no other module has the name.

Each package of the project installs the hook when one of its commands starts (see its `__init__.py`, which cannot
import the other packages by name before). Modules imported earlier, and `study.py` itself, are not protected.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import FrameType, ModuleType

OURS = ("mtbert", "results", "search_spaces", "study")
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LOADER = os.path.join(ROOT, "study", "functions.py")  # imports names given by the user
MARK = "MTBERT_STUDY_STARTS"  # set while this project starts a process (`study.signals`)


class OwnFilesFirst:
    """Finder that skips `folder` for names that other modules have, unless a file of that folder imports them."""

    def __init__(self, folder: str) -> None:
        self.folder = os.path.realpath(folder)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the module's spec; None leaves the search to Python."""
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
        """Return whether the importing code is in the folder, or imports a name given by the user."""
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
    """Install the hook for the current folder; a second call does nothing."""
    if not any(type(finder).__name__ == OwnFilesFirst.__name__ for finder in sys.meta_path):
        sys.meta_path.insert(0, OwnFilesFirst(os.getcwd()))
