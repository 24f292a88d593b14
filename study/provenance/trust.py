"""Limits of trust in a database: it cannot decide which code runs or which folder is written to.

The settings of an earlier launch that a database stores may come from somebody else.
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
    space_flag = {"space": space} if space.endswith(".py") else {}
    return space_flag if trainer in (MTBERT, REHEARSAL) else {**space_flag, "trainer": trainer}


def is_study_folder(folder: Path, name: str) -> bool:
    """Return whether the name is valid and the folder has the log of a launch."""
    return re.fullmatch(NAME, name) is not None and (folder / LOG).is_file()


def check_stored(stored: Settings, arguments: Mapping[str, Any], name: str | None = None) -> None:
    """Check that the command line names all code to run and the folder to write to.

    A folder in which a study of this name was launched may be written to, and so may a new one in the default place.
    `name` is that of the launched study, if it begins with the runs of the stored one.

    Raises:
        SettingsError: only the database names the code or the folder.
    """
    needed = {flag: value for flag, value in code_flags(stored.space, stored.trainer).items() if flag not in arguments}
    name = name or stored.name
    folder = Path(stored.out) / name
    is_new = Path(stored.out) == Path(Settings.out) and not folder.exists()
    if "out" not in arguments and not is_new and not is_study_folder(folder, name):
        needed["out"] = stored.out
    if needed:
        flags = " ".join(f"--{flag} {shlex.quote(value)}" for flag, value in needed.items())
        raise SettingsError(
            f"The stored settings of study '{stored.name}' name code to run, or a folder in which no study '{name}' "
            f"was launched. Only the command line may choose these. If you trust them, add: {flags}"
        )
