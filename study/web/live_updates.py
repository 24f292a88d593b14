"""The report that follows its study: a small script in the page as it is served, and what the script asks for.

The written report has none of it: it is a file, and asks nobody.
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
    """How a study stands: `status` as recorded, or "stopped" where no driver is alive; `told`: the same in words."""

    status: str
    told: str


def followed(html: str, mark: str, file: str | None) -> str:
    """Return the report with the script that follows the study; `mark` is of this report, `file` where the written one
    is.
    """
    told = json.dumps({"mark": mark, "file": file}).replace("<", "\\u003c")
    before, _, after = html.rpartition(END)
    data = f'<script type="application/json" id="following">{told}</script>'
    return f"{before}{data}<script>{script()}</script>{END}{after}"


def policy(html: str) -> str:
    """Return the policy to serve a followed report with."""
    return content_security_policy(html, [script()], connects=True)


@cache
def script() -> str:
    """Return the script, as it stands in the page."""
    return (Path(__file__).parent / "following.js").read_text(encoding="utf-8")


def state(database: Database, name: str) -> State:
    """Return how the study stands now; `UnknownStudy` when the database has none of that name."""
    study = database.studies.require(name)
    counts = run_counts(database, name)
    ended = plural(sum(counts[each] for each in ("complete", "pruned", "failed")), "run")
    if study.status != "running":
        return {"status": study.status, "told": f"The study is {study.status}: {ended} ended."}
    if database.leases.live(name) is None:
        return {"status": "stopped", "told": f"The study is not being run: {ended} ended so far."}
    return {"status": "running", "told": f"The study is running: {ended} ended, {counts['running']} under way."}
