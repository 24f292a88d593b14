"""What a command prints: no control characters, characters that the terminal has, and with --json one object alone.

`mtbert` has the same file, since it must not import other packages; `results` and `study` use that of `search_spaces`.
"""

from __future__ import annotations

import codecs
import contextlib
import ctypes
import functools
import io
import os
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator
from typing import ParamSpec, TextIO

INTERRUPTED = 130  # the exit code of a command that Ctrl-C ended, in all shells
# Control characters but for tab and line end, the end of a line in old files, and marks that reverse the direction.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
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
_commands: list[contextlib.ExitStack] = []  # those running: one, except in tests
_object_streams: list[TextIO] = []  # standard output, while it is kept for an object
_was_kept: list[bool] = []


def plain(text: str) -> str:
    r"""Return `text` with every control character escaped, as in \x1b, so that it cannot move the cursor or colour.

    Tabs and line ends stay.
    """
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def command(main: Callable[_Arguments, int]) -> Callable[_Arguments, int]:
    """Return a command's `main` that replaces characters that the terminal does not have by similar ones.

    Ctrl-C ends it with one line, without a traceback, and exit code `INTERRUPTED`.
    """

    @functools.wraps(main)
    def printing(*arguments: _Arguments.args, **named: _Arguments.kwargs) -> int:
        with contextlib.ExitStack() as stack:
            for stream in (sys.stdout, sys.stderr):
                if isinstance(stream, io.TextIOWrapper):
                    stack.callback(_errors, stream, stream.errors)
                    _errors(stream, _ERRORS)
            _commands.append(stack)
            stack.callback(_commands.pop)
            try:
                return main(*arguments, **named)
            except KeyboardInterrupt:
                print("\nInterrupted.", file=sys.stderr)
                return INTERRUPTED

    return printing


def _errors(stream: io.TextIOWrapper, errors: str | None) -> None:
    """Set how a stream encodes characters that its encoding lacks."""
    codecs.register_error(_ERRORS, _plainly)
    with contextlib.suppress(OSError, ValueError):  # closed, or full
        stream.reconfigure(errors=errors)


def _plainly(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_plain, error.object[error.start : error.end])), error.end


def _plain(character: str) -> str:
    """Return printable ASCII for a character: what looks like it, else its escape."""
    place = ord(character)
    if 0x2500 <= place < 0x2600:  # lines and blocks of tables and progress bars
        return _PLAIN.get(character, "#" if place >= 0x2580 else "+")
    alike = _PLAIN.get(character) or "".join(c for c in unicodedata.normalize("NFKD", character) if ord(c) < 128)
    if alike and alike.isprintable():
        return alike
    return character.encode("unicode_escape").decode("ascii")


def alone(json: bool) -> None:
    """Send standard output to standard error until the command ends, except `print_object`, if `json` is set.

    This includes what libraries in C and child processes write.
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
    """Print the one object on standard output."""
    print(text, file=_object_streams[-1] if _object_streams else sys.stdout, flush=True)


def last(code: int) -> int:
    """Return the exit code `code`; once an object was printed, exit handlers print to standard error alone."""
    if _was_kept:
        _write_out(sys.stdout)
        with contextlib.suppress(OSError):
            os.dup2(2, 1)
    return code


def _copy_of(stream: TextIO) -> TextIO | None:
    """Copy standard output to another descriptor, where `stream` is that, and make descriptor 1 standard error's."""
    try:
        if stream.fileno() != 1:
            return None
        copy = os.fdopen(os.dup(1), "w", encoding=stream.encoding, errors=stream.errors)
        os.dup2(2, 1)
    except (OSError, ValueError, AttributeError):  # a stream in memory, or there is no standard error
        return None
    return copy


def _write_out(stream: TextIO) -> None:
    """Flush a stream, and what libraries in C have buffered."""
    with contextlib.suppress(OSError, ValueError):
        stream.flush()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).fflush(None)
