"""A text file with one sentence a line, and no columns."""

from __future__ import annotations

from pathlib import Path

from mtbert.errors import DataError


def read_lines(path: Path) -> tuple[tuple[int, str], ...]:
    """The lines that are not blank, each with its number from 1; UTF-8, or Latin-1 where the file is no UTF-8.

    A byte order mark and CRLF are fine. Only "\\n" ends a line: old files hold control characters that Unicode
    calls line ends. In a file without any a carriage return does. Raises DataError when the file cannot be read or
    holds no sentence.
    """
    try:
        raw = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")  # as Pang & Lee published theirs; every byte is a character there
    end = "\n" if "\n" in text else "\r"
    lines = tuple((number, line.strip()) for number, line in enumerate(text.split(end), start=1) if line.strip())
    if not lines:
        raise DataError(f"{path} is empty. Expected: one sentence a line.")
    return lines
