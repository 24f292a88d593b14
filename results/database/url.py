"""Storage URLs: parsing, masking of passwords, and messages about faulty URLs and databases."""

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

PERCENT = (
    "In a user name or password, characters with a meaning in URLs must be percent-encoded: @ as %40, : as %3A, / as "
    "%2F, # as %23, ? as %3F, % as %25, a space as %20."
)
NOT_WRITABLE = "{} cannot be opened for writing. Check its permissions and those of its folder."
_PASSWORD_NAMES = "(?:password|passwd|sslpassword|token|api_?key|access_key|secret)="
_EXAMPLES = "Use sqlite:///runs/studies.db or postgresql+psycopg://user:password@host:5432/database."


def parse_url(text: str) -> URL:
    """Return the URL of a SQLite file or PostgreSQL database; the default driver of the latter is psycopg.

    Raises:
        StorageError: the text is anything else.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):  # its message may quote a password
        hint = f" {PERCENT}" if re.match(r"postgres\w*(\+\w+)?://", text) else ""
        raise StorageError(f"'{masked_url(text)}' is not a database URL. {_EXAMPLES}{hint}") from None
    backend, _, driver = url.drivername.partition("+")
    if backend in ("postgresql", "postgres"):
        _refuse_second_at(text, url)
        return url.set(drivername=f"postgresql+{driver or 'psycopg'}")
    if backend != "sqlite":
        raise StorageError(f"Studies are stored in SQLite or PostgreSQL, not in '{backend}'. {_EXAMPLES}")
    if url.database in (None, "", ":memory:"):
        raise StorageError(f"A SQLite database in memory would lose the study. {_EXAMPLES}")
    return url


def _refuse_second_at(text: str, url: URL) -> None:
    """Raise StorageError for an @ after the parsed password, a part of which would be taken for the host."""
    scheme, _, rest = text.partition("://")
    credentials = re.match(r"[^:/]*:[^@]*@", rest)
    after = rest[credentials.end() :] if credentials else f"{url.host or ''}{url.database or ''}"
    if "@" in after:
        user = re.split("[:/@?]", rest)[0]
        raise StorageError(f"The storage URL {scheme}://{user}:*** cannot be read: it has one @ too many. {PERCENT}")


def shown(url: URL) -> str:
    """Return the URL without its password, for logs and reports."""
    return masked_url(url.render_as_string(hide_password=True))


def masked_url(text: str) -> str:
    """Return a text that is one URL, valid or not, without its password."""
    scheme, mark, rest = text.partition("://")
    if not mark or scheme.startswith("sqlite"):
        return mask(text)
    rest = re.sub(rf"(?i)({_PASSWORD_NAMES})[^&]*", r"\1***", rest)
    colon, at = rest.find(":"), rest.rfind("@")
    if 0 <= colon < at:
        rest = f"{rest[:colon]}:***{rest[at:]}"
    elif at < 0 <= colon and not re.match(r":\d*([/?]|$)", rest[colon:]) and not rest.startswith("["):
        rest = f"{rest[:colon]}:***"
    return mask(f"{scheme}://{rest}")


def mask(text: str) -> str:
    """Replace every password in URLs within a text: before the @ and among the parameters.

    In a web address, a single word before the @ is a token. A password with spaces is recognized in a quoted URL.
    """
    quoted = re.sub(r"(['\"])((?!sqlite)[\w+]+://[^:/@'\"]*):[^'\"]*@", r"\1\2:***@", text)
    # The path of a SQLite file, which follows a third slash, may contain both : and @.
    before_at = re.sub(r"(?:(?<!sqlite)://|(?<=sqlite)://(?!/))([^:@\s]*):[^\s]*@", r"://\1:***@", quoted)
    tokens = re.sub(r"(?i)(https?://)[^:/@\s]+@", r"\1***@", before_at)
    return re.sub(rf"(?i)({_PASSWORD_NAMES})[^&\s]*", r"\1***", tokens)


def masked_command(arguments: Sequence[str]) -> str:
    """Return a command line that can be pasted into a shell, with its passwords masked."""
    words = []
    for argument in arguments:
        hidden = masked_url(argument) if re.match(r"[\w+]+://", argument) else mask(argument)
        plain = hidden == argument or shlex.quote(hidden.replace("***", "x")) != hidden.replace("***", "x")
        words.append(shlex.quote(hidden) if plain else hidden)
    return " ".join(words)


def one_line(text: object, most: int = 200) -> str:
    """Return a message as one line of at most `most` characters without passwords."""
    return mask(" ".join(str(text).split()))[:most]


def _without_password(url: URL, text: str) -> str:
    """Return a driver's message without the passwords of the URL."""
    secrets = [url.password, *(url.query.get(name) for name in ("password", "sslpassword"))]
    for secret in (each for each in secrets if isinstance(each, str) and each):
        text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", "***", text)
    return text


def sqlite_file(url: URL) -> Path | None:
    """Return the file of a SQLite URL, or None for a server."""
    if url.get_backend_name() != "sqlite" or url.database is None or url.database.startswith("file:"):
        return None
    return Path(url.database)


def make_folder(url: URL) -> None:
    """Create the folder of a SQLite file.

    Raises:
        StorageError: the folder cannot be created, or the file is a folder.
    """
    file = sqlite_file(url)
    if file is None:
        return
    if file.is_dir():
        raise StorageError(f"{file} is a folder, not a database file. Use e.g. sqlite:///{file}/studies.db.")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        reason = f"The database's folder {file.parent} cannot be created ({fault.strerror})."
        raise StorageError(f"{reason} Choose another place with --storage.") from fault


def require_writable(url: URL) -> None:
    """Raise StorageError for a SQLite file without write access, beside which SQLite would leave files."""
    file = sqlite_file(url)
    if file is not None and file.is_file() and not os.access(file, os.W_OK):
        raise StorageError(NOT_WRITABLE.format(file))


def require_file(url: URL) -> None:
    """Raise StorageError for a missing SQLite file; opening it would create an empty one."""
    file = sqlite_file(url)
    if file is not None and not file.is_file():
        raise StorageError(
            f"There is no database at {file}. Use the --storage of the launch (default {DEFAULT_STORAGE}), and the "
            "same working directory."
        )


def opening_fault(url: URL, fault: BaseException) -> StorageError:
    """Return the error for a database that cannot be opened, read or written."""
    text = one_line(getattr(fault, "orig", None) or fault, 300)
    where, file = shown(url), sqlite_file(url) or url.database
    explanations = {
        "disk is full|No space left": f"The disk of {where} is full. Make room, then launch again: finished runs stay.",
        "file is not a database|malformed": f"{file} is not a SQLite database or is damaged. Choose another --storage.",
        "unable to open database file|readonly": NOT_WRITABLE.format(file),
        "database is locked": f"{file} has been locked by another program for more than a minute. Try again later.",
    }
    for pattern, explanation in explanations.items():
        if re.search(pattern, text):
            return StorageError(explanation)
    if url.get_backend_name() == "sqlite":
        return StorageError(f"{where} cannot be used: {text}")
    hint = f" {PERCENT}" if "password authentication failed" in text else ""
    if "prepared statement" in text:
        hint = " A pool such as pgbouncer does not keep them: remove prepare_threshold from the URL."
    return StorageError(f"The server of {where} reports an error: {_without_password(url, text)}{hint}")


@contextmanager
def foreign_rows(storage: str, *, debug: bool = False) -> Iterator[None]:
    """Turn unexpected errors while reading rows, which other programs may have written, into a StorageError.

    A `ResultsError` or `OSError` passes unchanged, with `debug` any error.

    Raises:
        StorageError: the rows caused an unexpected error.
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
            f"{masked_url(storage)} has rows that this program does not write ({reason}). If it did write them, this "
            "is a bug: --debug shows where."
        ) from error
