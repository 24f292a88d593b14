"""Databases that another program wrote, or that were changed by hand: told in one message, wherever it shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from results import storage_url
from results.errors import ResultsError, StorageError


@contextmanager
def foreign_rows(storage: str, *, debug: bool = False) -> Iterator[None]:
    """What goes wrong with the rows of a database is a `StorageError`, as long as nobody asks for its traceback.

    Rows may hold anything: what reads them checks what it can say something about, and this tells the rest. Errors for
    people and errors of files pass.
    """
    try:
        yield
    except (ResultsError, OSError):
        raise
    except Exception as error:
        if debug:
            raise
        told = storage_url.one_line(f"{type(error).__name__}: {error}")
        raise StorageError(
            f"{storage_url.masked_url(storage)} holds rows that this program does not write ({told}). If this program "
            "wrote them, that is a fault of it: --debug shows where."
        ) from error
