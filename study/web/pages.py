"""The dashboard's own pages: an overview, the report as it grows, and the tables. Everything else is Optuna's.

/                           the study in a few lines, and where to look
/report                     the report, made anew from the database when that has changed
/report/state               what the report's page asks for, to come anew when it has: JSON
/report/tables/NAME.csv     a table of the report
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

from results.errors import ResultsError
from results.export import tables
from results.foreign import foreign_rows
from results.freshness import fingerprint
from results.records import Database
from results.rendering import render_report
from study.web import following
from study.web.guard import READING, refuse

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

TABLES = (
    "leaderboard", "ablation", "pareto", "runs", "choices", "epochs", "tasks", "cells", "data_issues",
)  # fmt: skip
OVERVIEW_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
# A big report takes seconds to make: one that changes all the time is made anew at most in a sixth of the time.
REST = 5.0


@dataclass(frozen=True)
class Page:
    """What is sent: body, type, the policy it is to be shown under, and a mark that changes with its content."""

    body: bytes
    content_type: str = "text/html; charset=utf-8"
    policy: str = OVERVIEW_POLICY
    mark: str = ""
    file_name: str = ""


@dataclass(frozen=True)
class _Made:
    page: Page
    at: float
    took: float


class Pages:
    """Our pages of study `name`, in front of Optuna's application.

    `optuna` None: that is not served here. `optuna_page` is the path of the study's page there, None where Optuna does
    not know the study. `file` is where the written report is, for who reads on when the server has gone.
    """

    def __init__(
        self,
        database: Database,
        name: str,
        optuna: WSGIApplication | None = None,
        optuna_page: str | None = None,
        file: str | None = None,
    ) -> None:
        self._database, self._name, self._optuna, self._optuna_page = database, name, optuna, optuna_page
        self._file = file
        self._rest = REST
        self._environment = Environment(
            loader=PackageLoader("study.web", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        self._lock = threading.Lock()  # one page is made at a time
        self._made: dict[str, _Made] = {}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """One request."""
        make = self._maker(environ.get("PATH_INFO", "").rstrip("/"))
        if make is None and self._optuna is not None:
            return self._optuna(environ, start_response)
        if make is None:
            return refuse(start_response, "404 Not Found", "There is no such page: look at /report")
        if environ["REQUEST_METHOD"] not in READING:
            return refuse(start_response, "405 Method Not Allowed", "This page can only be read.")
        try:
            with foreign_rows(self._database.shown_url):
                page = make()
        except ResultsError as error:
            return refuse(start_response, "503 Service Unavailable", str(error))
        return _send(page, environ, start_response)

    def mark(self) -> str:
        """The mark of the report that is sent now: equal marks, equal reports."""
        made = self._made.get("report")
        return made.page.mark if made is not None and self._resting(made) else fingerprint(self._database, self._name)

    def hurry(self) -> None:
        """From now on a report that has changed is made anew at once: the study is over."""
        self._rest = 0.0

    def _maker(self, path: str) -> Callable[[], Page] | None:
        """What makes the page at a path; None for a page of Optuna's."""
        if path == "":
            return self._overview
        if path == "/report/state":
            return self._state
        if path in ("/report", "/report/report.html"):
            return lambda: self._kept(path="report", make=self._report)
        folder, _, file = path.rpartition("/")
        table = file.removesuffix(".csv")
        if folder == "/report/tables" and file.endswith(".csv") and table in TABLES:
            return lambda: self._kept(path=table, make=lambda _: self._table(table))
        return None

    def _resting(self, made: _Made) -> bool:
        return time.monotonic() - made.at < self._rest * made.took

    def _kept(self, path: str, make: Callable[[str], Page]) -> Page:
        """The page made before, where nothing has changed since, or it has only just been made."""
        with self._lock:
            mark, made = fingerprint(self._database, self._name), self._made.get(path)
            began = time.monotonic()
            if made is not None and (made.page.mark == mark or self._resting(made)):
                return made.page
            page = make(mark)
            page = Page(page.body, page.content_type, page.policy, mark, page.file_name)
            self._made[path] = _Made(page, time.monotonic(), time.monotonic() - began)
            return page

    def _report(self, mark: str) -> Page:
        html = following.followed(render_report(self._database, self._name), mark, self._file)
        return Page(html.encode(), policy=following.policy(html))

    def _state(self) -> Page:
        state = following.state(self._database, self._name)
        return Page(json.dumps({"mark": self.mark(), **state}).encode(), "application/json")

    def _table(self, table: str) -> Page:
        text = tables(self._database, self._name)[table].to_csv(index=False, lineterminator="\n")
        return Page(text.encode(), "text/csv; charset=utf-8", file_name=f"{table}.csv")

    def _overview(self) -> Page:
        study, runs = self._database.require_study(self._name), self._database.runs(self._name)
        state = following.state(self._database, self._name)
        states = ("complete", "pruned", "failed", "interrupted", "running")
        html = self._environment.get_template("overview.html.j2").render(
            study=study,
            counts={state: sum(run.status == state for run in runs) for state in states},
            tables=TABLES,
            status=state["status"],
            has_optuna=self._optuna is not None,
            optuna_page=self._optuna_page,
        )
        return Page(html.encode())


def _send(page: Page, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    headers = [
        ("Content-Type", page.content_type),
        ("Content-Security-Policy", page.policy),
        ("Cache-Control", "no-cache"),
    ]
    if page.mark:
        headers.append(("ETag", f'"{page.mark}"'))
        if environ.get("HTTP_IF_NONE_MATCH") == f'"{page.mark}"':
            start_response("304 Not Modified", headers)
            return []
    if page.file_name:
        headers.append(("Content-Disposition", f'attachment; filename="{page.file_name}"'))
    start_response("200 OK", [*headers, ("Content-Length", str(len(page.body)))])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [page.body]
