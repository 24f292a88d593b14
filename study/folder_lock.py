"""One launch at a time writes a study's folder: two databases may have studies of the same name.

The lock is the system's own on a file there: it ends with its process, however that ends, and forked workers have none.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from study.settings import SettingsError

LOCK = ".lock"


@contextlib.contextmanager
def folder_held(folder: Path) -> Iterator[None]:
    """Be the one launch that writes the folder; `SettingsError` while another process is.

    A file system without locks is taken as it is.
    """
    with open(folder / LOCK, "a+", encoding="utf-8") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EAGAIN):
                file.seek(0)
                owner = file.read(20).strip()
                told = f"pid {owner}" if owner.isdigit() else "another process"
                raise SettingsError(
                    f"The folder {folder} is written by another launch now ({told}), of a study of the same name in "
                    "another database. Choose another place: --out DIR"
                ) from None
        file.seek(0)
        file.truncate()
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
