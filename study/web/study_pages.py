"""The pages of one study: its live report, the state that the report asks for, and its tables."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from results.database.database import Database
from results.database.fingerprint import fingerprint
from results.export import tables
from results.report.render import render_report
from study.web import live_updates

TABLES = (
    "leaderboard", "ablation", "method_task", "pareto", "runs", "choices", "epochs", "tasks", "cells", "data_issues",
)  # fmt: skip
OVERVIEW_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
# A large report takes seconds to render, so that a report which changes all the time takes at most 1/6 of the time.
REST = 5.0  # pause after rendering, as a multiple of the time it took


@dataclass(frozen=True)
class Page:
    """A response: body, type, content security policy, and a mark that changes with its content."""

    body: bytes
    content_type: str = "text/html; charset=utf-8"
    policy: str = OVERVIEW_POLICY
    mark: str = ""
    file_name: str = ""


@dataclass(frozen=True)
class _CachedPage:
    page: Page
    finished: float
    seconds: float


class StudyPages:
    """The pages of study `name`. `file` is the path of the written report, shown when the server has stopped.

    `lock` makes sure that one page is made at a time.
    """

    def __init__(self, database: Database, name: str, lock: threading.Lock, file: str | None = None) -> None:
        self._database, self._name, self._lock, self._file = database, name, lock, file
        self._rest = REST
        self._cache: dict[str, _CachedPage] = {}

    def maker(self, path: str) -> Callable[[], Page] | None:
        """Return the function that makes the page at /report, /report/state or /report/tables/NAME.csv, else None."""
        if path == "/report/state":
            return self._state
        if path in ("/report", "/report/report.html"):
            return lambda: self._cached("report", self._report)
        table = path.removeprefix("/report/tables/").removesuffix(".csv")
        if path == f"/report/tables/{table}.csv" and table in TABLES:
            return lambda: self._cached(table, lambda _: self._table(table))
        return None

    def mark(self) -> str:
        """Return the mark of the report as it is now served; equal marks mean equal reports."""
        cached = self._cache.get("report")
        resting = cached is not None and self._resting(cached)
        return cached.page.mark if cached and resting else fingerprint(self._database, self._name)

    def refresh_at_once(self) -> None:
        """Render a changed report without delay from now on, at the end of the study."""
        self._rest = 0.0

    def _resting(self, cached: _CachedPage) -> bool:
        return time.monotonic() - cached.finished < self._rest * cached.seconds

    def _cached(self, key: str, make: Callable[[str], Page]) -> Page:
        """Return the cached page if nothing has changed since or it was made just now, else a new one."""
        with self._lock:
            mark, cached = fingerprint(self._database, self._name), self._cache.get(key)
            began = time.monotonic()
            if cached is not None and (cached.page.mark == mark or self._resting(cached)):
                return cached.page
            page = replace(make(mark), mark=mark)
            self._cache[key] = _CachedPage(page, time.monotonic(), time.monotonic() - began)
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
