"""The dashboard's own pages: an overview, the report as it grows, and the tables. Everything else is Optuna's.

/                           the study in a few lines, and where to look
/report                     the report, made anew from the database when that has changed
/report/tables/NAME.csv     a table of the report
"""

from __future__ import annotations

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
from results.policy import content_security_policy
from results.records import Database
from results.rendering import render_report
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

    `optuna_page` is the path of the study's page there, None where Optuna does not know the study.
    """

    def __init__(self, database: Database, name: str, optuna: WSGIApplication, optuna_page: str | None) -> None:
        self._database, self._name, self._optuna, self._optuna_page = database, name, optuna, optuna_page
        self._environment = Environment(
            loader=PackageLoader("study.web", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        self._lock = threading.Lock()  # one page is made at a time
        self._made: dict[str, _Made] = {}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """One request."""
        make = self._maker(environ.get("PATH_INFO", "").rstrip("/"))
        if make is None:
            return self._optuna(environ, start_response)
        if environ["REQUEST_METHOD"] not in READING:
            return refuse(start_response, "405 Method Not Allowed", "This page can only be read.")
        try:
            with foreign_rows(self._database.shown_url):
                page = make()
        except ResultsError as error:
            return refuse(start_response, "503 Service Unavailable", str(error))
        return _send(page, environ, start_response)

    def _maker(self, path: str) -> Callable[[], Page] | None:
        """What makes the page at a path; None for a page of Optuna's."""
        if path == "":
            return self._overview
        if path in ("/report", "/report/report.html"):
            return lambda: self._kept(path="report", make=self._report)
        folder, _, file = path.rpartition("/")
        table = file.removesuffix(".csv")
        if folder == "/report/tables" and file.endswith(".csv") and table in TABLES:
            return lambda: self._kept(path=table, make=lambda: self._table(table))
        return None

    def _kept(self, path: str, make: Callable[[], Page]) -> Page:
        """The page made before, where nothing has changed since, or it has only just been made."""
        with self._lock:
            mark, made = fingerprint(self._database, self._name), self._made.get(path)
            began = time.monotonic()
            if made is not None and (made.page.mark == mark or began - made.at < REST * made.took):
                return made.page
            page = make()
            page = Page(page.body, page.content_type, page.policy, mark, page.file_name)
            self._made[path] = _Made(page, time.monotonic(), time.monotonic() - began)
            return page

    def _report(self) -> Page:
        html = render_report(self._database, self._name)
        return Page(html.encode(), policy=content_security_policy(html))

    def _table(self, table: str) -> Page:
        text = tables(self._database, self._name)[table].to_csv(index=False, lineterminator="\n")
        return Page(text.encode(), "text/csv; charset=utf-8", file_name=f"{table}.csv")

    def _overview(self) -> Page:
        study, runs = self._database.require_study(self._name), self._database.runs(self._name)
        states = ("complete", "pruned", "failed", "interrupted", "running")
        html = self._environment.get_template("overview.html.j2").render(
            study=study,
            counts={state: sum(run.status == state for run in runs) for state in states},
            tables=TABLES,
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
