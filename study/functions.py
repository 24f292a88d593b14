"""Import of functions by name, "package.module:function" or "file.py:function": workers and custom trainers."""

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
from typing import Any, cast

from search_spaces.grammar import did_you_mean
from study.settings import SettingsError

_STDLIB = Path(sysconfig.get_path("stdlib"))
_LOADED_OTHERWISE = ("__main__", "search_spaces._user_")  # a space's file may be the trainer's
GUARD = "Put the code of the command line under: if __name__ == '__main__':"


def function_of(name: str) -> Callable[..., Any]:
    """Return the function of a name.

    Raises:
        SettingsError: there is no such function, or its module cannot be imported.
    """
    module, attribute = module_of(name), name.rpartition(":")[2]
    function: Any = module
    for part in attribute.split("."):
        function = getattr(function, part, None)
    if callable(function):
        return cast("Callable[..., Any]", function)
    file = getattr(module, "__file__", None)
    described = f"The module '{module.__name__}' ({file or 'built in'})"
    if function is not None:
        kind = type(function).__name__
        raise SettingsError(f"{described} has '{attribute}', which is not a function but of type {kind}: '{name}'.")
    local = Path(f"{module.__name__.partition('.')[0]}.py")
    if local.is_file() and Path(file or os.devnull).resolve() != local.resolve():
        raise SettingsError(
            f"{described} has no function '{attribute}'. For {local} in the current folder, which has the same name, "
            f"write ./{local}:{attribute}"
        )
    names = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
    raise SettingsError(f"{described} has no function '{attribute}': '{name}'.{did_you_mean(attribute, names)}")


def module_of(name: str) -> ModuleType:
    """Import the module of a function's name.

    Raises:
        SettingsError: it cannot be imported; the message has the file and line.
    """
    module, _, attribute = name.rpartition(":")
    if not module or not attribute:
        raise SettingsError(f"'{name}' names no function. Write it as package.module:function or file.py:function.")
    file = _file(module, name) if _is_path(module) else None
    try:
        with _quiet():
            return importlib.import_module(module) if file is None else _import_file(file)
    except (Exception, SystemExit) as error:  # the user's code may raise anything
        raise SettingsError(_import_fault(error, module, name, file)) from None


def normalized_name(name: str) -> str:
    """Return the name with a normalized path, without "./" and "~"."""
    module, colon, attribute = name.rpartition(":")
    return f"{os.path.normpath(os.path.expanduser(module))}:{attribute}" if colon and _is_path(module) else name


def _is_path(module: str) -> bool:
    return module.endswith(".py") or "/" in module or os.sep in module


def _file(module: str, name: str) -> Path:
    path = Path(os.path.expanduser(module))
    file = path if path.suffix == ".py" else path.with_name(f"{path.name}.py")
    if not file.is_file():
        raise SettingsError(f"There is no file {file} (seen from {Path.cwd()}): '{name}'.")
    return file.resolve()


def _import_file(file: Path) -> ModuleType:
    """Import the module in a file; a package's module under its full name, so that relative imports work."""
    for loaded in list(sys.modules.values()):
        path, name = getattr(loaded, "__file__", None) or "", getattr(loaded, "__name__", "__main__")
        if path.endswith(file.name) and Path(path).resolve() == file and not name.startswith(_LOADED_OTHERWISE):
            return loaded
    root, parts = file.parent, [file.stem]
    while (root / "__init__.py").is_file():
        root, parts = root.parent, [root.name, *parts]
    if str(root) not in sys.path:  # as for a script, whose folder is on the path
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
    """Redirect a module's output during its import to standard error, and silence its argument parser."""
    original = argparse.ArgumentParser._print_message
    argparse.ArgumentParser._print_message = lambda *of: None  # type: ignore[method-assign]
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        argparse.ArgumentParser._print_message = original  # type: ignore[method-assign]


def _import_fault(error: BaseException, module: str, name: str, file: Path | None) -> str:
    """Return one line with the module, the place in it, and the error."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if _is_users(f.filename)]
    if isinstance(error, ModuleNotFoundError) and not frames and file is None:
        return f"There is no module '{module}' on the path, which includes the current folder: '{name}'."
    prefix = f"The trainer's module '{module}' cannot be imported: "
    if isinstance(error, SystemExit):
        return f"{prefix}it ends the program. {exit_message(error)}. {GUARD}"
    place = f"{frames[-1].filename}, line {frames[-1].lineno}: " if frames else _origin(module)
    if isinstance(error, SyntaxError) and error.filename:
        place = f"{error.filename}, line {error.lineno}: "
    message = error.msg if isinstance(error, SyntaxError) else str(error)
    lines = f"{type(error).__name__}: {message}".rstrip(": ").splitlines()
    return f"{prefix}{place}{lines[0]}"


def _origin(module: str) -> str:
    """Return the file of a module that Python could not read."""
    spec = importlib.machinery.PathFinder.find_spec(module.partition(".")[0])
    return f"{spec.origin}: " if spec is not None and spec.origin is not None else ""


def _is_users(filename: str) -> bool:
    """Return whether a file is the user's: not Python's, not this one, and not of an installed library."""
    if filename.startswith(("<frozen", str(_STDLIB))) or filename == __file__:
        return False
    return not {"site-packages", "dist-packages"} & set(Path(filename).parts)


def exit_message(error: BaseException) -> str:
    """Return one line for code that ended its process (`sys.exit`, argparse, Ctrl-C): exception, message, place.

    >>> exit_message(SystemExit("no data"))
    'SystemExit: no data'
    """
    if not isinstance(error, SystemExit):
        return f"{type(error).__name__}: {error}".rstrip(": ") + _place(error)
    parsed = _argparse_message(error.__traceback__)
    if parsed is not None:
        return f"argparse: {parsed}{_place(error)}"
    if isinstance(error.code, str):
        return f"SystemExit: {(error.code.splitlines() or [''])[0]}{_place(error)}"
    cause = error.__cause__ or error.__context__
    after = "" if cause is None else f", after {type(cause).__name__}: {cause}".splitlines()[0]
    return f"SystemExit: sys.exit({'' if error.code is None else error.code}){after}{_place(error)}"


def _argparse_message(trace: TracebackType | None) -> str | None:
    """Return the message that argparse printed before it raised SystemExit; only its frame has it."""
    while trace is not None:
        frame = trace.tb_frame
        message, function = frame.f_locals.get("message"), frame.f_code.co_name
        if frame.f_globals.get("__name__") == "argparse" and (
            (function == "error" and message) or (function == "exit" and trace.tb_next is None)
        ):
            return (str(message).splitlines() or [""])[0] if message else "its help or version was requested"
        trace = trace.tb_next
    return None


def _place(error: BaseException) -> str:
    """Return the last place in the code outside argparse: " (t.py, line 3)"."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.endswith("argparse.py")]
    return f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
