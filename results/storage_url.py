"""Storage URLs: reading them, showing them without the password, and saying what is wrong with them."""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from results import DEFAULT_STORAGE
from results.errors import StorageError

_EXAMPLES = "Give sqlite:///runs/studies.db or postgresql+psycopg://user:password@host:5432/database."


def parse_url(text: str) -> URL:
    """The URL of a SQLite file or a PostgreSQL database; StorageError for anything else.

    `postgresql://` and `postgres://` mean `postgresql+psycopg://`, the one driver that `[postgres]` installs.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as fault:
        raise StorageError(f"'{mask(text)}' is not a database URL. {_EXAMPLES}") from fault
    backend = url.drivername.partition("+")[0]
    if backend in ("postgresql", "postgres"):
        driver = url.drivername.partition("+")[2] or "psycopg"
        return url.set(drivername=f"postgresql+{driver}")
    if backend != "sqlite":
        raise StorageError(f"Studies are kept in SQLite or PostgreSQL, not in '{backend}'. {_EXAMPLES}")
    if url.database in (None, "", ":memory:"):
        raise StorageError(f"A SQLite database in memory would forget the study. {_EXAMPLES}")
    return url


def shown(url: URL) -> str:
    """The URL as a person may see it, in a log or a report: no password."""
    return mask(url.render_as_string(hide_password=True))


def mask(text: str) -> str:
    """`text` with every password of a URL replaced: before the @ and among the parameters after the ?.

    A web address with a single word before the @ has a token there.
    """
    before_at = re.sub(r"://([^:/@\s]*):[^\s]*@", r"://\1:***@", text)
    tokens = re.sub(r"(?i)(https?://)[^:/@\s]+@", r"\1***@", before_at)
    return re.sub(r"(?i)((?:password|passwd|sslpassword|token|api_?key|access_key|secret)=)[^&\s]*", r"\1***", tokens)


def one_line(text: object, most: int = 200) -> str:
    """What a library said, for a message of ours: in one line, without passwords, cut."""
    return mask(" ".join(str(text).split()))[:most]


def sqlite_file(url: URL) -> Path | None:
    """The file of a SQLite URL, None for a server."""
    if url.get_backend_name() != "sqlite" or url.database is None or url.database.startswith("file:"):
        return None
    return Path(url.database)


def make_folder(url: URL) -> None:
    """Make the folder that a SQLite file goes into; StorageError when that cannot be."""
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


def require_file(url: URL) -> None:
    """StorageError when a SQLite URL names no file; opening it would make an empty one."""
    file = sqlite_file(url)
    if file is not None and not file.is_file():
        raise StorageError(
            f"There is no database at {file}. Give the --storage that the study was launched with "
            f"(default {DEFAULT_STORAGE}), from the same folder."
        )


def opening_fault(url: URL, fault: BaseException) -> StorageError:
    """One sentence for a database that cannot be opened, read or written."""
    text = one_line(getattr(fault, "orig", None) or fault, 300)
    where = shown(url)
    file = sqlite_file(url)
    if "disk is full" in text or "No space left" in text:
        return StorageError(f"The disk of {where} is full. Make room, then launch again: nothing finished is lost.")
    if "file is not a database" in text or "malformed" in text:
        return StorageError(f"{file} is not a SQLite database, or it is damaged. Choose another --storage.")
    if "unable to open database file" in text or "readonly" in text:
        return StorageError(f"{file} cannot be opened for writing. Check its rights and its folder's.")
    if "database is locked" in text:
        return StorageError(f"{file} is locked by another program for more than a minute. Try again later.")
    if file is None:
        return StorageError(f"The server of {where} does not answer as it should: {text}")
    return StorageError(f"{where} cannot be used: {text}")
