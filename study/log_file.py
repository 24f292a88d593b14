"""A study's own log: commands, refusals, tracebacks; no password in it, and nothing that moves a cursor."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path

from results import storage_url
from search_spaces.output import plain

log = logging.getLogger("study")


class _Masked(logging.Formatter):
    """No password of a storage URL, and nothing that moves the cursor of who reads the log in a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        return plain(storage_url.mask(super().format(record)))


@contextlib.contextmanager
def log_to(path: Path) -> Iterator[None]:
    """The study's own log file: commands, refusals, tracebacks."""
    logger, handler = log, logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(_Masked("%(asctime)s %(levelname)s %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield
    except Exception:
        logger.exception("the launch ended with an error")
        raise
    finally:
        logger.removeHandler(handler)
        handler.close()
