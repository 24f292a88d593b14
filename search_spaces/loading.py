"""Loading spaces: those in `spaces/` by name, others from any Python file that defines SPACE."""

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

FOLDER = Path(__file__).parent / "spaces"
_DEFINES_SPACE = re.compile(r"^SPACE\b", re.MULTILINE)


def names() -> tuple[str, ...]:
    """Return the names of the spaces, sorted: the files of the folder that define SPACE. Imports nothing."""
    files = sorted(FOLDER.glob("*.py"))
    return tuple(file.stem for file in files if _DEFINES_SPACE.search(file.read_text(encoding="utf-8")))


def load(name_or_file: str) -> Space:
    """Return the space of that name, or the SPACE of a Python file, whose path ends in ".py".

    The file is run as Python, like any script.

    Raises:
        SpaceError: with one message: an unknown name, a missing file, or the error in the file and its line.
    """
    if name_or_file.endswith(".py"):
        return _load_file(Path(os.path.expanduser(name_or_file)))
    known = names()
    if name_or_file in known:
        module = import_module(f"search_spaces.spaces.{name_or_file}")
        return _space_of(module, f"search_spaces/spaces/{name_or_file}.py")
    if "/" in name_or_file or "\\" in name_or_file:
        raise SpaceError([f"A space is a name or a file that ends in .py, got {name_or_file!r}. {_known(known)}"])
    hint = did_you_mean(name_or_file, known)
    raise SpaceError([f"No space named {name_or_file!r}.{hint} {_known(known)}"])


def _known(known: tuple[str, ...]) -> str:
    return f"Known: {', '.join(known)}; or give a file, such as my_space.py."


def _load_file(file: Path) -> Space:
    try:
        with tokenize.open(file) as stream:  # reads the encoding the file declares, as Python does
            source = stream.read()
    except (OSError, SyntaxError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else f"it is not Python text ({error})"
        raise SpaceError([f"Cannot read the space {file}: {reason}."]) from error
    # Not under its stem: a user's torch.py must not become the module `torch`.
    module = ModuleType(f"search_spaces._user_{file.stem}")
    module.__file__ = str(file)
    sys.modules[module.__name__] = module  # where dataclasses look up annotations
    try:
        exec(compile(source, str(file), "exec"), module.__dict__)
    # The user's code may raise anything; it becomes one message with its line.
    except (Exception, SystemExit) as error:
        del sys.modules[module.__name__]
        linecache.checkcache(str(file))
        raise SpaceError([f"{file}:{_line(error, file)}: {_message(error)}"]) from error
    return _space_of(module, str(file))


def _line(error: BaseException, file: Path) -> int:
    """Return the last line of the user's file that was running, or the one with the syntax error."""
    if isinstance(error, SyntaxError) and error.filename == str(file):
        return error.lineno or 1
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno or 1 for frame in reversed(frames) if frame.filename == str(file)), 1)


def _message(error: BaseException) -> str:
    """Return the message of an error: a SpaceError's as it is, any other with its type."""
    if isinstance(error, SpaceError):
        return str(error)
    message = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {message}"


def _space_of(module: ModuleType, file: str) -> Space:
    space = vars(module).get("SPACE")
    if isinstance(space, Space):
        return space
    got = "it has no SPACE" if space is None else f"SPACE is {type(space).__name__}"
    raise SpaceError(
        [f"{file}:1: a space's file must define SPACE = Space(...); {got}. See search_spaces/spaces/pooling.py."]
    )
