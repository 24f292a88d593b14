"""SQLite files without write access: opened in place, or as a temporary copy where that is impossible.

In WAL mode even readers write to the log and index beside the file. Without a log the file is opened as `immutable`;
with a log that cannot be used here, or with an older release's tables, a copy is read until the process ends.
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
    """Return whether this process may write the file and create others beside it."""
    return os.access(file, os.W_OK) and os.access(file.parent, os.W_OK)


def is_read_only(url: URL) -> bool:
    """Return whether the URL names an existing SQLite file without write access."""
    file = sqlite_file(url)
    return file is not None and file.is_file() and not is_writable(file)


def readable(url: URL) -> URL:
    """Return a URL that reads a file without write access."""
    file = sqlite_file(url)
    assert file is not None
    log = _log(file)
    if not log.exists() or not log.stat().st_size:
        return _uri(url, file, mode="ro", immutable="1")
    in_place = _uri(url, file, mode="ro")
    try:
        with closing(sqlite3.connect(f"{in_place.database}?mode=ro", uri=True)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:  # the log's index cannot be created beside the file
        return copied(url)
    return in_place


def copied(url: URL) -> URL:
    """Return the URL of a copy of the file in its present state."""
    file = sqlite_file(url)
    assert file is not None
    log = _log(file)
    changed = tuple(path.stat().st_mtime_ns for path in (file, log) if path.exists())
    return url.set(database=str(_copy(file.resolve(), changed)), query={})


@functools.lru_cache(maxsize=8)
def _copy(file: Path, changed: tuple[int, ...]) -> Path:
    """Copy a file and its log; `changed`, their modification times, makes one copy per state."""
    folder = Path(tempfile.mkdtemp(prefix="studies-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for path in (file, _log(file)):
        if path.exists():
            shutil.copyfile(path, folder / path.name)
    return folder / file.name


def _log(file: Path) -> Path:
    return file.with_name(f"{file.name}-wal")


def _uri(url: URL, file: Path, **query: str) -> URL:
    return url.set(database=f"file:{quote(str(file.resolve()))}", query={**query, "uri": "true"})
