"""What a database may not decide: which code is run, and which folder is written to.

A database that holds the settings of an earlier launch may be somebody else's.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from study.settings import MTBERT, NAME, REHEARSAL, Settings, SettingsError

LOG = "launch.log"


def code_flags(space: str, trainer: str) -> dict[str, str]:
    """Return the flags that name code to run: a space's file, a trainer's function."""
    found = {}
    if space.endswith(".py"):
        found["space"] = space
    if trainer not in (MTBERT, REHEARSAL):
        found["trainer"] = trainer
    return found


def is_study_folder(folder: Path, name: str) -> bool:
    """Return whether the name is valid and a study of this name was launched there, according to its log."""
    return re.fullmatch(NAME, name) is not None and (folder / LOG).is_file()


def _may_be_written(out: Path, name: str) -> bool:
    """Return whether a study's folder in `out` may be written to although only a database names it."""
    folder = out / name
    return is_study_folder(folder, name) or (out == Path(Settings.out) and not folder.exists())


def check_stored(stored: Settings, given: Mapping[str, Any], name: str | None = None) -> None:
    """Refuse to run code, or to write to a folder, that a database names and the command line does not.

    A folder where a study of this name was launched before may be written to, and a new one in the default place too.
    `name` is the launched study's, if it begins with the runs of the stored one.

    Raises:
        SettingsError: the command line must name the code or the folder.
    """
    needed = {flag: value for flag, value in code_flags(stored.space, stored.trainer).items() if flag not in given}
    if "out" not in given and not _may_be_written(Path(stored.out), name or stored.name):
        needed["out"] = stored.out
    if needed:
        flags = " ".join(f"--{flag} {shlex.quote(value)}" for flag, value in needed.items())
        raise SettingsError(
            f"The database says how study '{stored.name}' was launched, and names code to run there, or a folder "
            f"where no study '{name or stored.name}' was launched. Only the command line decides that. If it is what "
            f"you want, add: {flags}"
        )
