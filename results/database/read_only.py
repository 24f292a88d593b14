"""SQLite files without write access: opened as they are, or as a copy where that is impossible.

A database in WAL mode has files beside it that readers write too. Without them, and with nobody at work, it is read as
a file that does not change (`immutable`). Where changes are in a log that cannot be used, or where an older release
wrote the tables, a copy in a temporary folder is read; it is deleted when the process ends.
"""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from sqlalchemy.engine import URL

from results.database.url import sqlite_file


def is_writable(file: Path) -> bool:
    """Return whether this process may write the file, and make others beside it."""
    return os.access(file, os.W_OK) and os.access(file.parent, os.W_OK)


def is_read_only(url: URL) -> bool:
    """Return whether the URL is of an existing SQLite file that this process may not write."""
    file = sqlite_file(url)
    return file is not None and file.is_file() and not is_writable(file)


def readable(url: URL) -> URL:
    """Return the URL that reads a file without write access and changes nothing."""
    file = sqlite_file(url)
    assert file is not None
    log = _log(file)
    if not log.exists() or not log.stat().st_size:
        return _uri(url, file, "mode=ro&immutable=1")
    found = _uri(url, file, "mode=ro")
    try:
        with closing(sqlite3.connect(f"{found.database}?mode=ro", uri=True)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:  # its index cannot be made here
        return copied(url)
    return found


def copied(url: URL) -> URL:
    """Return the URL of a copy of the file as it is now."""
    file = sqlite_file(url)
    assert file is not None
    log = _log(file)
    changed = tuple(path.stat().st_mtime_ns for path in (file, log) if path.exists())
    return url.set(database=str(_copy(file.resolve(), changed)), query={})


@functools.lru_cache(maxsize=8)
def _copy(file: Path, changed: tuple[int, ...]) -> Path:
    """Copy a file and its log; `changed` are their times of change, so that another state is another copy."""
    folder = Path(tempfile.mkdtemp(prefix="studies-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for path in (file, _log(file)):
        if path.exists():
            shutil.copyfile(path, folder / path.name)
    return folder / file.name


def _log(file: Path) -> Path:
    return file.with_name(f"{file.name}-wal")


def _uri(url: URL, file: Path, query: str) -> URL:
    pairs = dict(pair.split("=") for pair in query.split("&"))
    return url.set(database=f"file:{quote(str(file.resolve()))}", query={**pairs, "uri": "true"})
