"""The command that goes on with a study whose driver is gone, from its record alone."""

from __future__ import annotations

import contextlib
import io
import shlex

from results import DEFAULT_STORAGE, storage_url
from results.rows import StudyRow
from study.settings import MTBERT
from study.trust import code_flags


def resume_command(study: StudyRow, storage: str) -> str:
    """`python -m study.launch --name N`, with what the database alone may not name, where it is, engine and limits."""
    told = ["python", "-m", "study.launch", "--name", study.study_name]
    space, trainer = (str(study.settings_json.get(key, usual)) for key, usual in (("space", ""), ("trainer", MTBERT)))
    for flag, value in code_flags(space, trainer).items():
        told += [f"--{flag}", value]
    if storage != DEFAULT_STORAGE:
        told += ["--storage", storage_url.masked_url(storage)]
    return shlex.join([*told, *_of_the_launch(study.command)])


def _of_the_launch(command: str) -> list[str]:
    """Engine and limits of the last launch, which are no settings of the study; none where it cannot be read."""
    from study.arguments import limit_flags, parser
    from study.engines import making

    with contextlib.suppress(SystemExit, ValueError), contextlib.redirect_stderr(io.StringIO()):
        options = parser().parse_args(shlex.split(command)[3:])  # behind "python -m study.launch"
        return making.flags(options) + limit_flags(options)
    return []
