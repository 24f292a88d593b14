"""Storage URLs: parsing, masking of passwords, and messages for what is wrong with them or with their database."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from results.database.defaults import DEFAULT_STORAGE
from results.errors import ResultsError, StorageError

# How a password is written in a URL.
PERCENT = (
    "Characters of a user's name or password that mean something in a URL are written percent-encoded: @ as %40, : as "
    "%3A, / as %2F, # as %23, ? as %3F, % as %25, a space as %20."
)
NOT_WRITABLE = "{} cannot be opened for writing. Check its permissions and its folder's."
_NAMED = "(?:password|passwd|sslpassword|token|api_?key|access_key|secret)="
_EXAMPLES = "Give sqlite:///runs/studies.db or postgresql+psycopg://user:password@host:5432/database."


def parse_url(text: str) -> URL:
    """Return the URL of a SQLite file or a PostgreSQL database; StorageError for anything else.

    `postgresql://` and `postgres://` mean `postgresql+psycopg://`, the one driver that `[postgres]` installs.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):  # which quotes what could not be read, a password among it
        hint = f" {PERCENT}" if re.match(r"postgres\w*(\+\w+)?://", text) else ""
        raise StorageError(f"'{masked_url(text)}' is not a database URL. {_EXAMPLES}{hint}") from None
    backend = url.drivername.partition("+")[0]
    if backend in ("postgresql", "postgres"):
        _check_borders(text, url)
        driver = url.drivername.partition("+")[2] or "psycopg"
        return url.set(drivername=f"postgresql+{driver}")
    if backend != "sqlite":
        raise StorageError(f"Studies are kept in SQLite or PostgreSQL, not in '{backend}'. {_EXAMPLES}")
    if url.database in (None, "", ":memory:"):
        raise StorageError(f"A SQLite database in memory would forget the study. {_EXAMPLES}")
    return url


def _check_borders(text: str, url: URL) -> None:
    """Raise StorageError for an @ behind the parsed password: a part of the password would be used as the host."""
    rest = text.partition("://")[2]
    account = re.match(r"[^:/]*:[^@]*@", rest)
    behind = rest[account.end() :] if account else f"{url.host or ''}{url.database or ''}"
    if "@" in behind:
        name = re.match(r"[^:/@?]*", rest)
        begin = f"{text.partition('://')[0]}://{name[0] if name else ''}:***"
        raise StorageError(f"The storage URL {begin} cannot be read: it has one @ too many. {PERCENT}")


def shown(url: URL) -> str:
    """Return the URL without its password, for logs and reports."""
    return masked_url(url.render_as_string(hide_password=True))


def masked_url(text: str) -> str:
    """Return a text that is one URL, valid or not, without its password, whatever characters that has."""
    scheme, mark, rest = text.partition("://")
    if not mark or scheme.startswith("sqlite"):
        return mask(text)
    rest = re.sub(rf"(?i)({_NAMED})[^&]*", r"\1***", rest)
    colon, at = rest.find(":"), rest.rfind("@")
    if 0 <= colon < at:
        rest = f"{rest[:colon]}:***{rest[at:]}"
    elif at < 0 <= colon and not re.match(r":\d*([/?]|$)", rest[colon:]) and not rest.startswith("["):
        rest = f"{rest[:colon]}:***"
    return mask(f"{scheme}://{rest}")


def mask(text: str) -> str:
    """Return `text` with every password of a URL replaced: before the @ and among the parameters after the ?.

    In a web address a single word before the @ is a token. A password with spaces is found where its URL is quoted, as
    in a shell.
    """
    quoted = re.sub(r"(['\"])((?!sqlite)[\w+]+://[^:/@'\"]*):[^'\"]*@", r"\1\2:***@", text)
    # A file's name may have both signs; in SQLite's URL of a file a slash follows.
    before_at = re.sub(r"(?:(?<!sqlite)://|(?<=sqlite)://(?!/))([^:@\s]*):[^\s]*@", r"://\1:***@", quoted)
    tokens = re.sub(r"(?i)(https?://)[^:/@\s]+@", r"\1***@", before_at)
    return re.sub(rf"(?i)({_NAMED})[^&\s]*", r"\1***", tokens)


def masked_command(arguments: Sequence[str]) -> str:
    """Return a command line that can be typed again, except for its passwords."""
    words = []
    for argument in arguments:
        hidden = masked_url(argument) if re.match(r"[\w+]+://", argument) else mask(argument)
        plain = hidden == argument or shlex.quote(hidden.replace("***", "x")) != hidden.replace("***", "x")
        words.append(shlex.quote(hidden) if plain else hidden)
    return " ".join(words)


def one_line(text: object, most: int = 200) -> str:
    """Return a library's message in one line, without passwords, at most `most` characters."""
    return mask(" ".join(str(text).split()))[:most]


def _without_password(url: URL, text: str) -> str:
    """Return a driver's message without the password of the URL."""
    given = [url.password, *(url.query.get(name) for name in ("password", "sslpassword"))]
    for secret in (each for each in given if isinstance(each, str) and each):
        text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", "***", text)
    return text


def sqlite_file(url: URL) -> Path | None:
    """Return the file of a SQLite URL, None for a server."""
    if url.get_backend_name() != "sqlite" or url.database is None or url.database.startswith("file:"):
        return None
    return Path(url.database)


def make_folder(url: URL) -> None:
    """Make the folder of a SQLite file; StorageError when it cannot be made."""
    file = sqlite_file(url)
    if file is None:
        return
    if file.is_dir():
        raise StorageError(f"{file} is a folder, a database is a file. Give e.g. sqlite:///{file}/studies.db.")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise StorageError(
            f"The folder {file.parent} for the database cannot be made ({fault.strerror}). "
            "Choose another place with --storage."
        ) from fault


def require_writable(url: URL) -> None:
    """Raise StorageError for a SQLite file without write access: SQLite would leave its own files beside it."""
    file = sqlite_file(url)
    if file is not None and file.is_file() and not os.access(file, os.W_OK):
        raise StorageError(NOT_WRITABLE.format(file))


def require_file(url: URL) -> None:
    """Raise StorageError when a SQLite URL names no file; opening it would make an empty one."""
    file = sqlite_file(url)
    if file is not None and not file.is_file():
        raise StorageError(
            f"There is no database at {file}. Give the --storage that the study was launched with "
            f"(default {DEFAULT_STORAGE}), from the same folder."
        )


def opening_fault(url: URL, fault: BaseException) -> StorageError:
    """Return the error for a database that cannot be opened, read or written."""
    text = one_line(getattr(fault, "orig", None) or fault, 300)
    where = shown(url)
    file = sqlite_file(url)
    if "disk is full" in text or "No space left" in text:
        return StorageError(f"The disk of {where} is full. Make room, then launch again: nothing finished is lost.")
    if "file is not a database" in text or "malformed" in text:
        return StorageError(f"{file} is not a SQLite database, or it is damaged. Choose another --storage.")
    if "unable to open database file" in text or "readonly" in text:
        return StorageError(NOT_WRITABLE.format(file or url.database))
    if "database is locked" in text:
        return StorageError(f"{file} is locked by another program for more than a minute. Try again later.")
    if url.get_backend_name() != "sqlite":
        hint = f" {PERCENT}" if "password authentication failed" in text else ""
        if "prepared statement" in text:
            hint = " A pool such as pgbouncer keeps none for you: leave prepare_threshold out of the URL."
        return StorageError(f"The server of {where} does not answer as it should: {_without_password(url, text)}{hint}")
    return StorageError(f"{where} cannot be used: {text}")


@contextmanager
def foreign_rows(storage: str, *, debug: bool = False) -> Iterator[None]:
    """Raise a `StorageError` for whatever goes wrong with rows that another program wrote, or somebody by hand.

    Rows may hold anything: what reads them checks what it can explain, and this explains the rest. Errors for people
    and errors of files pass, and with `debug` all others do.
    """
    try:
        yield
    except (ResultsError, OSError):
        raise
    except Exception as error:
        if debug:
            raise
        reason = one_line(f"{type(error).__name__}: {error}")
        raise StorageError(
            f"{masked_url(storage)} holds rows that this program does not write ({reason}). If this program "
            "wrote them, that is a fault of it: --debug shows where."
        ) from error
