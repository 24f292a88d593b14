"""Tab-separated files and files of lines, read so that a broken row affects no other.

The first line of a table names the columns; other columns than those requested are ignored. Fields may be quoted as in
CSV ("" inside stands for "). A byte order mark, CRLF and blank lines are accepted. A field that spans several lines is
not: the format has one row per line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mtbert.data.examples import IssueKind
from mtbert.errors import DataError

_FIELD = re.compile(r'(?:("(?:[^"]|"")*" *)|([^\t]*))(?:\t|$)')


@dataclass(frozen=True)
class Row:
    """The requested fields, in the requested order; `line` counts from 1, the header included."""

    line: int
    fields: tuple[str, ...]


@dataclass(frozen=True)
class BrokenRow:
    """A line that could not be split into fields, and why."""

    line: int
    kind: IssueKind
    message: str


@dataclass(frozen=True)
class Table:
    """The content of a file; the rows read are those of both kinds together."""

    rows: tuple[Row, ...]
    broken: tuple[BrokenRow, ...]


def read_table(path: Path, columns: Sequence[str]) -> Table:
    """Read the named columns.

    Raises:
        DataError: the file as a whole cannot be read.
    """
    try:
        raw = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error
    lines = raw.split(b"\n" if b"\n" in raw else b"\r")  # files of old Macs have carriage returns alone
    expected = f"Expected: a first line naming {', '.join(columns)}, separated by tabs, then one row per line."
    if not any(line.strip() for line in lines):
        raise DataError(f"{path} is empty. {expected}")
    names = _header(path, lines[0], columns, expected)
    places = [names.index(column) for column in columns]
    rows: list[Row] = []
    broken: list[BrokenRow] = []
    for number, raw in enumerate(lines[1:], start=2):
        if not raw.strip():
            continue
        fields = _row(raw.rstrip(b"\r"), number, names)
        if isinstance(fields, BrokenRow):
            broken.append(fields)
        else:
            rows.append(Row(number, tuple(fields[place] for place in places)))
    return Table(tuple(rows), tuple(broken))


def _header(path: Path, raw: bytes, columns: Sequence[str], expected: str) -> list[str]:
    try:
        line = raw.decode("utf-8").strip("\r")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text. {expected}") from error
    names = [(_unquoted(field) or "").strip() for field in line.split("\t")]
    missing = [column for column in columns if column not in names]
    if missing:
        shown = line if len(line) <= 80 else line[:77] + "..."
        comma = " It looks comma-separated." if "\t" not in line and "," in line else ""
        raise DataError(f"{path} has no column {', '.join(missing)}.{comma} {expected} Found: {shown!r}.")
    return names


def _row(raw: bytes, line: int, names: list[str]) -> list[str] | BrokenRow:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        where = f"byte 0x{raw[error.start]:02x} at position {error.start + 1}"
        return BrokenRow(line, "encoding", f"not UTF-8 ({where}); row dropped")
    # Split at tabs first: with the right number of fields a stray quote cannot swallow its neighbours.
    raw_fields = text.split("\t")
    if len(raw_fields) > len(names):
        quoted = _split_quoted(text)
        raw_fields = quoted if len(quoted) == len(names) else raw_fields
    fields = [_unquoted(field) for field in raw_fields]
    whole = [field for field in fields if field is not None]
    if len(whole) < len(fields):
        place = fields.index(None)
        name = names[place] if place < len(names) and names[place] else f"number {place + 1}"
        message = f"column {name} opens with a quote that does not close; row dropped"
        return BrokenRow(line, "stray_quote", message)
    if len(whole) != len(names):
        return BrokenRow(line, "columns", f"{len(whole)} columns instead of {len(names)}; row dropped")
    return whole


def _split_quoted(text: str) -> list[str]:
    """Split at tabs outside quotes."""
    fields: list[str] = []
    start = 0
    while start <= len(text):
        match = _FIELD.match(text, start)
        if match is None:  # a quoted field with something after its closing quote
            return []
        fields.append(match.group(1) or match.group(2) or "")
        if match.end() == len(text) and not match.group(0).endswith("\t"):
            break
        start = match.end()
    return fields


def _unquoted(field: str) -> str | None:
    """Return the content of a field; None if it opens with a quote that does not close at its end."""
    if not field.startswith('"'):
        return field
    field = field.rstrip(" ")
    inner = field[1:-1].replace('""', "\0")
    if len(field) < 2 or not field.endswith('"') or '"' in inner:
        return None
    return inner.replace("\0", '"')


def read_lines(path: Path) -> tuple[tuple[int, str], ...]:
    r"""Return the lines that are not blank, each with its number from 1; UTF-8, or Latin-1 if the file is not UTF-8.

    A byte order mark and CRLF are accepted. Only "\n" ends a line, because old files contain control characters that
    Unicode treats as line ends. In a file without any, a carriage return does.

    Raises:
        DataError: the file cannot be read or has no sentence.
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
        raise DataError(f"{path} is empty. Expected: one sentence per line.")
    return lines
