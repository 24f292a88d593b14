"""Commands that people copy: to resume a study, from its record, and to list its failed runs."""

from __future__ import annotations

import contextlib
import io
import shlex

from results.database import url
from results.database.defaults import DEFAULT_STORAGE
from results.database.rows import StudyRow
from study.provenance.trust import code_flags
from study.settings import MTBERT


def resume_command(study: StudyRow, storage: str, *more: str) -> str:
    """Return `python -m study.launch --name N` with what the database alone may not decide or does not keep.

    That is code to run, the database's URL, and the engine, limits and trackers of the last launch; then `more`.
    """
    words = ["python", "-m", "study.launch", "--name", study.study_name]
    space, trainer = (str(study.settings_json.get(key, usual)) for key, usual in (("space", ""), ("trainer", MTBERT)))
    for flag, value in code_flags(space, trainer).items():
        words += [f"--{flag}", value]
    return shlex.join([*words, *_storage(storage), *_of_the_launch(study.command), *more])


def failed_runs_command(name: str, storage: str) -> str:
    """Return the command that lists the failed runs of a study."""
    return shlex.join(["python", "-m", "study.status", "--name", name, *_storage(storage), "--failed"])


def _storage(storage: str) -> list[str]:
    return [] if storage == DEFAULT_STORAGE else ["--storage", url.masked_url(storage)]


def _of_the_launch(command: str) -> list[str]:
    """Return the options of the last launch that must be given again; none where they cannot be read."""
    from study.arguments import parse

    with contextlib.suppress(SystemExit, ValueError), contextlib.redirect_stderr(io.StringIO()):
        return parse(shlex.split(command)[3:]).repeated()  # behind "python -m study.launch"
    return []
