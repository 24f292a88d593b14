"""Live updates of the served report: a small script in the page, and the state of the study that it asks for.

The report that is written to a file has no such script.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TypedDict

from results.database.database import Database
from results.database.fingerprint import run_counts
from results.report.csp import content_security_policy
from results.text.formatting import plural

END = "</body>"


class State(TypedDict):
    """State of a study: `status` as recorded, or "stopped" if no driver is alive; `told` is the same in words."""

    status: str
    told: str


def followed(html: str, mark: str, file: str | None) -> str:
    """Return the report with the script; `mark` identifies this version, `file` is the path of the written report."""
    data = json.dumps({"mark": mark, "file": file}).replace("<", "\\u003c")
    before, _, after = html.rpartition(END)
    element = f'<script type="application/json" id="following">{data}</script>'
    return f"{before}{element}<script>{script()}</script>{END}{after}"


def policy(html: str) -> str:
    """Return the content security policy of a report with the script."""
    return content_security_policy(html, [script()], connects=True)


@cache
def script() -> str:
    """Return the script's source."""
    return (Path(__file__).parent / "following.js").read_text(encoding="utf-8")


def state(database: Database, name: str) -> State:
    """Return the current state of a study.

    Raises:
        UnknownStudy: the database has no study of that name.
    """
    study = database.studies.require(name)
    counts = run_counts(database, name)
    ended = plural(sum(counts[status] for status in ("complete", "pruned", "failed")), "run")
    if study.status != "running":
        return {"status": study.status, "told": f"The study is {study.status}: {ended} ended."}
    if database.leases.live(name) is None:
        return {"status": "stopped", "told": f"The study is stopped: {ended} ended so far."}
    return {"status": "running", "told": f"The study is running: {ended} ended, {counts['running']} running."}
