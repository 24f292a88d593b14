"""Commands to copy: one resumes a study, one lists its failed runs."""

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
    """Return `python -m study.launch --name N` with the flags that the database does not store, and `more`.

    They are the space and trainer if they run code, the database's URL, and the last launch's engine, limits, trackers.
    """
    space, trainer = study.settings_json.get("space", ""), study.settings_json.get("trainer", MTBERT)
    code = [word for flag, value in code_flags(str(space), str(trainer)).items() for word in (f"--{flag}", value)]
    words = ["python", "-m", "study.launch", "--name", study.study_name, *code, *_storage(storage)]
    return shlex.join([*words, *_repeated_flags(study.command), *more])


def failed_runs_command(name: str, storage: str) -> str:
    """Return the command that lists the failed runs of a study."""
    return shlex.join(["python", "-m", "study.status", "--name", name, *_storage(storage), "--failed"])


def _storage(storage: str) -> list[str]:
    return [] if storage == DEFAULT_STORAGE else ["--storage", url.masked_url(storage)]


def _repeated_flags(command: str) -> list[str]:
    """Return the flags of the last launch that must be repeated; none if they cannot be read."""
    from study.arguments import parse

    with contextlib.suppress(SystemExit, ValueError), contextlib.redirect_stderr(io.StringIO()):
        return parse(shlex.split(command)[3:]).repeated()  # after "python -m study.launch"
    return []
