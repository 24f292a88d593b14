"""Functions by name, "package.module:function" or "file.py:function": what a worker runs, and other people's models."""

from __future__ import annotations

import argparse
import contextlib
import importlib.machinery
import importlib.util
import os
import sys
import sysconfig
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

from search_spaces.grammar import did_you_mean
from study.settings import SettingsError

_STDLIB = Path(sysconfig.get_path("stdlib"))
_LOADED_OTHERWISE = ("__main__", "search_spaces._user_")  # a space's file may be the trainer's
GUARD = "What is for the command line belongs under: if __name__ == '__main__':"


def function_of(name: str) -> Callable[..., Any]:
    """Return the function of a name.

    Raises:
        SettingsError: there is none, or its module cannot be imported.
    """
    module, attribute = module_of(name), name.rpartition(":")[2]
    found: Any = module
    for part in attribute.split("."):
        found = getattr(found, part, None)
    if callable(found):
        function: Callable[..., Any] = found
        return function
    where = f"The module '{module.__name__}' ({getattr(module, '__file__', None) or 'built in'})"
    if found is not None:
        raise SettingsError(f"{where} has '{attribute}', which is no function but {type(found).__name__}: '{name}'.")
    top = module.__name__.partition(".")[0]
    here = Path(f"{top}.py")
    if here.is_file() and Path(getattr(module, "__file__", None) or os.devnull).resolve() != here.resolve():
        raise SettingsError(
            f"{where} has no function '{attribute}'. For {here} in the current folder, which has the same name, write "
            f"./{here}:{attribute}"
        )
    known = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
    raise SettingsError(f"{where} has no function '{attribute}': '{name}'.{did_you_mean(attribute, known)}")


def module_of(name: str) -> ModuleType:
    """Import the module of a function's name.

    Raises:
        SettingsError: it cannot be imported; with file and line.
    """
    where, _, attribute = name.rpartition(":")
    if not where or not attribute:
        raise SettingsError(f"'{name}' names no function. Write it as package.module:function or file.py:function.")
    file = _file(where, name) if _is_path(where) else None
    try:
        with _quiet():
            return importlib.import_module(where) if file is None else _of_file(file)
    except (Exception, SystemExit) as error:  # the user's code may raise anything
        raise SettingsError(_told(error, where, name, file)) from None


def normalized_name(name: str) -> str:
    """Return the same name in one spelling: a path without "./" and "~"."""
    where, colon, attribute = name.rpartition(":")
    return f"{os.path.normpath(os.path.expanduser(where))}:{attribute}" if colon and _is_path(where) else name


def _is_path(where: str) -> bool:
    return where.endswith(".py") or "/" in where or os.sep in where


def _file(where: str, name: str) -> Path:
    given = Path(os.path.expanduser(where))
    file = given if given.suffix == ".py" else given.with_name(f"{given.name}.py")
    if not file.is_file():
        raise SettingsError(f"There is no file {file} (seen from {Path.cwd()}): '{name}'.")
    return file.resolve()


def _of_file(file: Path) -> ModuleType:
    """Import the module in a file; one of a package under its whole name, so that it can import from there."""
    for known in list(sys.modules.values()):
        path, seen = getattr(known, "__file__", None) or "", getattr(known, "__name__", "__main__")
        if path.endswith(file.name) and Path(path).resolve() == file and not seen.startswith(_LOADED_OTHERWISE):
            return known
    root, parts = file.parent, [file.stem]
    while (root / "__init__.py").is_file():
        root, parts = root.parent, [root.name, *parts]
    if str(root) not in sys.path:  # as for a script: what lies beside it can be imported
        sys.path.insert(0, str(root))
    if len(parts) > 1:
        return importlib.import_module(".".join(parts))
    taken = file.stem in sys.modules or file.stem in sys.stdlib_module_names or not file.stem.isidentifier()
    spec = importlib.util.spec_from_file_location(f"trainer_of_{file.stem}" if taken else file.stem, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[module.__name__]
        raise
    return module


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Send what a module prints while it is imported to standard error, and silence its argument parser."""
    kept = argparse.ArgumentParser._print_message
    argparse.ArgumentParser._print_message = lambda *of: None  # type: ignore[method-assign]
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        argparse.ArgumentParser._print_message = kept  # type: ignore[method-assign]


def _told(error: BaseException, where: str, name: str, file: Path | None) -> str:
    """Return one line: which module, where in it, and what is wrong."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if _is_theirs(f.filename)]
    if isinstance(error, ModuleNotFoundError) and not frames and file is None:
        return f"There is no module '{where}' on the path (the current folder is on it): '{name}'."
    shown = f"The trainer's module '{where}' cannot be imported: "
    if isinstance(error, SystemExit):
        return f"{shown}it ends the program. {exit_message(error)}. {GUARD}"
    place = f"{frames[-1].filename}, line {frames[-1].lineno}: " if frames else _origin(where)
    if isinstance(error, SyntaxError) and error.filename:
        place = f"{error.filename}, line {error.lineno}: "
    message = error.msg if isinstance(error, SyntaxError) else str(error)
    lines = f"{type(error).__name__}: {message}".rstrip(": ").splitlines()
    return f"{shown}{place}{lines[0]}"


def _origin(where: str) -> str:
    """Return the file of a module that Python could not read at all."""
    found = importlib.machinery.PathFinder.find_spec(where.partition(".")[0])
    return f"{found.origin}: " if found is not None and found.origin is not None else ""


def _is_theirs(filename: str) -> bool:
    """Return whether a file is neither Python's own, nor this one, nor of a library that is installed."""
    if filename.startswith(("<frozen", str(_STDLIB))) or filename == __file__:
        return False
    return not {"site-packages", "dist-packages"} & set(Path(filename).parts)


def exit_message(error: BaseException) -> str:
    """Return one line for code that ended itself (`sys.exit`, argparse, Ctrl-C): what it raised and said, and where.

    >>> exit_message(SystemExit("no data"))
    'SystemExit: no data'
    """
    if not isinstance(error, SystemExit):
        return f"{type(error).__name__}: {error}".rstrip(": ") + _place(error)
    parsed = _of_argparse(error.__traceback__)
    if parsed is not None:
        return f"argparse: {parsed}{_place(error)}"
    if isinstance(error.code, str):
        return f"SystemExit: {(error.code.splitlines() or [''])[0]}{_place(error)}"
    cause = error.__cause__ or error.__context__
    said = "" if cause is None else f", after {type(cause).__name__}: {cause}"
    return f"SystemExit: sys.exit({'' if error.code is None else error.code}){said.splitlines()[0] if said else ''}" + (
        _place(error)
    )


def _of_argparse(found: TracebackType | None) -> str | None:
    """Return the message that argparse printed before it raised SystemExit with a number; it is only in its frame."""
    while found is not None:
        frame = found.tb_frame
        message = frame.f_locals.get("message")
        if frame.f_globals.get("__name__") == "argparse" and frame.f_code.co_name == "error" and message:
            return f"{(str(message).splitlines() or [''])[0]}"
        if frame.f_globals.get("__name__") == "argparse" and frame.f_code.co_name == "exit" and found.tb_next is None:
            return (str(message).splitlines() or [""])[0] if message else "its help or version was asked for"
        found = found.tb_next
    return None


def _place(error: BaseException) -> str:
    """Return where the code was, outside argparse: " (t.py, line 3)"."""
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.endswith("argparse.py")
    ]
    return f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
