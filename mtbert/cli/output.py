"""What a command prints: characters that the terminal has, and with --json one object on standard output and no more.

The same in `mtbert` and `search_spaces`: no package of ours may import the other.
"""

from __future__ import annotations

import codecs
import contextlib
import ctypes
import functools
import io
import os
import sys
import unicodedata
from collections.abc import Callable, Iterator
from typing import ParamSpec, TextIO

# One character for one where that can be: tables stay in their columns.
_PLAIN = {
    **dict.fromkeys("‐‑‒–—―−─━", "-"),
    **dict.fromkeys("│┃", "|"),
    **dict.fromkeys("“”„«»", '"'),
    **dict.fromkeys("‘’‚‹›", "'"),
    **dict.fromkeys("·•●▪", "*"),
    **dict.fromkeys("…≈", "~"),
    **{"→": "->", "←": "<-", "≥": ">=", "≤": "<=", "≠": "!=", "×": "x", "÷": "/", "±": "+-", "∞": "inf", "√": "sqrt"},
    **{"µ": "u", "μ": "u", "Δ": "D", "σ": "s", "α": "a", "β": "b", "✓": "v", "✗": "x", "€": "EUR", "ß": "ss"},
    **{"æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "°": "deg"},
}
_Arguments = ParamSpec("_Arguments")
_ERRORS = f"{__package__}.plain"
_commands: list[contextlib.ExitStack] = []  # that are under way: one, but in tests
_object_streams: list[TextIO] = []  # standard output, while it is kept for an object
_was_kept: list[bool] = []


def command(main: Callable[_Arguments, int]) -> Callable[_Arguments, int]:
    """A command's `main`, which prints plain characters in the place of those that the terminal does not have."""

    @functools.wraps(main)
    def printing(*arguments: _Arguments.args, **named: _Arguments.kwargs) -> int:
        with contextlib.ExitStack() as stack:
            for stream in (sys.stdout, sys.stderr):
                if isinstance(stream, io.TextIOWrapper):
                    stack.callback(_errors, stream, stream.errors)
                    _errors(stream, _ERRORS)
            _commands.append(stack)
            stack.callback(_commands.pop)
            return main(*arguments, **named)

    return printing


def _errors(stream: io.TextIOWrapper, errors: str | None) -> None:
    """Have a stream do so with characters that its encoding lacks."""
    codecs.register_error(_ERRORS, _plainly)
    with contextlib.suppress(OSError, ValueError):  # closed, or full
        stream.reconfigure(errors=errors)


def _plainly(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_plain, error.object[error.start : error.end])), error.end


def _plain(character: str) -> str:
    """Printable ASCII in the place of a character: what looks like it, else its escape."""
    place = ord(character)
    if 0x2500 <= place < 0x2600:  # lines and blocks of tables and progress bars
        return _PLAIN.get(character, "#" if place >= 0x2580 else "+")
    alike = _PLAIN.get(character) or "".join(c for c in unicodedata.normalize("NFKD", character) if ord(c) < 128)
    if alike and alike.isprintable():
        return alike
    return character.encode("unicode_escape").decode("ascii")


def alone(json: bool) -> None:
    """With `json` what is written to standard output from now on goes to standard error, but for `print_object`.

    Until the command ends; also what libraries in C write, and processes that are started.
    """
    if json and _commands:
        _commands[-1].enter_context(_kept_for_an_object())


@contextlib.contextmanager
def _kept_for_an_object() -> Iterator[None]:
    before = sys.stdout
    before.flush()
    kept = _copy_of(before)
    sys.stdout = sys.stderr
    _object_streams.append(before if kept is None else kept)
    try:
        yield
    finally:
        _object_streams.pop()
        _write_out(sys.stdout)
        sys.stdout = before
        if kept is not None:
            _write_out(kept)
            os.dup2(kept.fileno(), 1)
            kept.close()
            _was_kept.append(True)


def print_object(text: str) -> None:
    """The one object, on standard output."""
    print(text, file=_object_streams[-1] if _object_streams else sys.stdout, flush=True)


def last(code: int) -> int:
    """The exit code of a process that has printed all it has to: what exit handlers write is not part of its object."""
    if _was_kept:
        _write_out(sys.stdout)
        with contextlib.suppress(OSError):
            os.dup2(2, 1)
    return code


def _copy_of(stream: TextIO) -> TextIO | None:
    """Standard output under another descriptor, where `stream` is that; descriptor 1 is then standard error's."""
    try:
        if stream.fileno() != 1:
            return None
        copy = os.fdopen(os.dup(1), "w", encoding=stream.encoding, errors=stream.errors)
        os.dup2(2, 1)
    except (OSError, ValueError, AttributeError):  # a stream in memory, or there is no standard error
        return None
    return copy


def _write_out(stream: TextIO) -> None:
    """Also what libraries in C have buffered."""
    with contextlib.suppress(OSError, ValueError):
        stream.flush()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).fflush(None)
