"""A study's folder during a launch: only one launch at a time writes it, and logs there."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import os
from collections.abc import Iterator
from pathlib import Path

from results.database import url
from search_spaces.output import plain
from study.settings import SettingsError

log = logging.getLogger("study")
LOCK = ".lock"


@contextlib.contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """Lock the folder for this launch: two databases may have studies of the same name.

    The system's lock on a file ends with its process, however that ends, and is not inherited by forked workers. A file
    system without locks is used without one.

    Raises:
        SettingsError: another launch has locked the folder.
    """
    with open(folder / LOCK, "a+", encoding="utf-8") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EAGAIN):
                file.seek(0)
                owner = file.read(20).strip()
                process = f"pid {owner}" if owner.isdigit() else "another process"
                raise SettingsError(
                    f"Another launch ({process}) is writing the folder {folder}, for a study of the same name in "
                    "another database. Choose another folder: --out DIR"
                ) from None
        file.seek(0)
        file.truncate()
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


class _Masked(logging.Formatter):
    """A formatter that removes passwords of storage URLs, and terminal control characters."""

    def format(self, record: logging.LogRecord) -> str:
        return plain(url.mask(super().format(record)))


@contextlib.contextmanager
def log_to(path: Path) -> Iterator[None]:
    """Write the study's log to the file: commands, refusals, tracebacks."""
    logger, handler = log, logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(_Masked("%(asctime)s %(levelname)s %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield
    except Exception:
        logger.exception("The launch ended with an error")
        raise
    finally:
        logger.removeHandler(handler)
        handler.close()
