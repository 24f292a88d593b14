"""Finding spaces: those of this folder by name, and a user's own in any Python file that defines SPACE."""

from __future__ import annotations

import linecache
import os
import re
import sys
import tokenize
import traceback
from importlib import import_module
from pathlib import Path
from types import ModuleType

from search_spaces.grammar import Space, SpaceError, did_you_mean

FOLDER = Path(__file__).parent
_DEFINES_SPACE = re.compile(r"^SPACE\b", re.MULTILINE)


def names() -> tuple[str, ...]:
    """The spaces of this folder, sorted: every file that defines SPACE. Nothing is imported."""
    files = sorted(FOLDER.glob("*.py"))
    return tuple(file.stem for file in files if _DEFINES_SPACE.search(file.read_text(encoding="utf-8")))


def load(name_or_file: str) -> Space:
    """A space of this folder by its name, or the SPACE of a user's Python file, whose path ends in ".py".

    The file is run as Python, like any script of the user's. Raises `SpaceError` with one message: an unknown
    name, a missing file, or what is wrong in the file and on which line.
    """
    if name_or_file.endswith(".py"):
        return _load_file(Path(os.path.expanduser(name_or_file)))
    known = names()
    if name_or_file in known:
        return _space_of(import_module(f"search_spaces.{name_or_file}"), f"search_spaces/{name_or_file}.py")
    if "/" in name_or_file or "\\" in name_or_file:
        raise SpaceError([f"A space is a name or a file that ends in .py, got {name_or_file!r}. {_known(known)}"])
    hint = did_you_mean(name_or_file, known)
    raise SpaceError([f"No space named {name_or_file!r}.{hint} {_known(known)}"])


def _known(known: tuple[str, ...]) -> str:
    return f"Known: {', '.join(known)}; or give a file of your own, my_space.py."


def _load_file(file: Path) -> Space:
    try:
        with tokenize.open(file) as stream:  # reads the encoding the file declares, as Python does
            source = stream.read()
    except (OSError, SyntaxError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else f"it is not Python text ({error})"
        raise SpaceError([f"Cannot read the space {file}: {reason}."]) from error
    # Not under its own stem: a user's torch.py must not become the module `torch`.
    module = ModuleType(f"search_spaces._user_{file.stem}")
    module.__file__ = str(file)
    sys.modules[module.__name__] = module  # where dataclasses look up the names of annotations
    try:
        exec(compile(source, str(file), "exec"), module.__dict__)
    # The user's code may raise anything, and all of it is told as one message with its line.
    except (Exception, SystemExit) as error:
        del sys.modules[module.__name__]
        linecache.checkcache(str(file))
        raise SpaceError([f"{file}:{_line(error, file)}: {_told(error)}"]) from error
    return _space_of(module, str(file))


def _line(error: BaseException, file: Path) -> int:
    """The last line of the user's file that was being run, or the one Python could not read."""
    if isinstance(error, SyntaxError) and error.filename == str(file):
        return error.lineno or 1
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno or 1 for frame in reversed(frames) if frame.filename == str(file)), 1)


def _told(error: BaseException) -> str:
    """What a person reads of an error: the faults of a space as they are, anything else with its kind."""
    if isinstance(error, SpaceError):
        return str(error)
    message = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {message}"


def _space_of(module: ModuleType, file: str) -> Space:
    space = vars(module).get("SPACE")
    if isinstance(space, Space):
        return space
    got = "it has no SPACE" if space is None else f"SPACE is {type(space).__name__}"
    raise SpaceError([f"{file}:1: a space's file must define SPACE = Space(...); {got}. See search_spaces/pooling.py."])
