"""What code said when it ended itself (`sys.exit`, argparse, an interruption): for code that must not end a worker."""

from __future__ import annotations

import traceback
from types import TracebackType


def exit_told(error: BaseException) -> str:
    """One line: what the code raised, what it said (argparse prints it and raises a number), and where.

    >>> exit_told(SystemExit("no data"))
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
    """The message that a parser of argparse printed before it raised SystemExit; it is only in its frame."""
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
    """Where the code was, outside argparse: " (t.py, line 3)"."""
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.endswith("argparse.py")
    ]
    return f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
