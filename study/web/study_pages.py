"""The pages of one study: its report as it grows, what the report asks for, and its tables."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from results.database.database import Database
from results.database.fingerprint import fingerprint
from results.export import tables
from results.report.render import render_report
from study.web import live_updates

TABLES = (
    "leaderboard", "ablation", "method_task", "pareto", "runs", "choices", "epochs", "tasks", "cells", "data_issues",
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


class StudyPages:
    """The pages of study `name`. `file` is where its report is written, for who reads on when the server has gone.

    `lock`: one page is made at a time.
    """

    def __init__(self, database: Database, name: str, lock: threading.Lock, file: str | None = None) -> None:
        self._database, self._name, self._lock, self._file = database, name, lock, file
        self._rest = REST
        self._made: dict[str, _Made] = {}

    def maker(self, path: str) -> Callable[[], Page] | None:
        """Return what makes the page at a path below the study's: /report, /report/state, /report/tables/NAME.csv."""
        if path == "/report/state":
            return self._state
        if path in ("/report", "/report/report.html"):
            return lambda: self._kept(path="report", make=self._report)
        folder, _, file = path.rpartition("/")
        table = file.removesuffix(".csv")
        if folder == "/report/tables" and file.endswith(".csv") and table in TABLES:
            return lambda: self._kept(path=table, make=lambda _: self._table(table))
        return None

    def mark(self) -> str:
        """Return the mark of the report that is sent now: equal marks, equal reports."""
        made = self._made.get("report")
        return made.page.mark if made is not None and self._resting(made) else fingerprint(self._database, self._name)

    def hurry(self) -> None:
        """From now on a report that has changed is made anew at once: the study is over."""
        self._rest = 0.0

    def _resting(self, made: _Made) -> bool:
        return time.monotonic() - made.at < self._rest * made.took

    def _kept(self, path: str, make: Callable[[str], Page]) -> Page:
        """Return the page made before, where nothing has changed since, or it has only just been made."""
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
        html = live_updates.followed(render_report(self._database, self._name), mark, self._file)
        return Page(html.encode(), policy=live_updates.policy(html))

    def _state(self) -> Page:
        state = live_updates.state(self._database, self._name)
        return Page(json.dumps({"mark": self.mark(), **state}).encode(), "application/json")

    def _table(self, table: str) -> Page:
        text = tables(self._database, self._name)[table].to_csv(index=False, lineterminator="\n")
        return Page(text.encode(), "text/csv; charset=utf-8", file_name=f"{table}.csv")
