"""The dashboard's own pages: the studies as cards, their reports as they grow, their tables. All else is Optuna's.

/                           every study of the database, with its answer, and where to look
/report                     the report of the study that is served, made anew from the database when that has changed
/report/state               what the report's page asks for, to come anew when it has: JSON
/report/tables/NAME.csv     a table of the report
/study/NAME/report...       the same of another study
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

from results.database.database import Database
from results.database.url import foreign_rows
from results.errors import ResultsError
from study.web.cards import Cards
from study.web.guard import READING, refuse
from study.web.study_pages import TABLES, Page, StudyPages

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

AGAIN = 10  # seconds until a first page with a running study comes anew; sooner where answers are still missing
SOON = 2
_OF_ANOTHER = re.compile(r"/study/(.+?)(/report(?:/.*)?)")


class Pages:
    """Our pages of study `name` and of those beside it, in front of Optuna's application.

    `optuna` None: that is not served here. `optuna_page` gives the path of a study's page there, None where Optuna does
    not know the study. `file` is where the written report is, for who reads on when the server has gone.
    """

    def __init__(
        self,
        database: Database,
        name: str,
        optuna: WSGIApplication | None = None,
        optuna_page: Callable[[str], str | None] = lambda _: None,
        file: str | None = None,
    ) -> None:
        self._database, self._name, self._optuna = database, name, optuna
        self._environment = Environment(
            loader=PackageLoader("study.web", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        self._lock = threading.Lock()  # one page is made at a time
        self._studies = {name: StudyPages(database, name, self._lock, file)}
        self._cards = Cards(database, name, self._lock, optuna_page)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Return one request."""
        try:
            with foreign_rows(self._database.shown_url):
                make = self._maker(_text(environ.get("PATH_INFO", "")).rstrip("/"))
                if make is None and self._optuna is not None:
                    return self._optuna(environ, start_response)
                if make is None:
                    return refuse(start_response, "404 Not Found", "There is no such page: look at /report")
                if environ["REQUEST_METHOD"] not in READING:
                    return refuse(start_response, "405 Method Not Allowed", "This page can only be read.")
                page = make()
        except ResultsError as error:
            return refuse(start_response, "503 Service Unavailable", str(error))
        return _send(page, environ, start_response)

    def mark(self) -> str:
        """Return the mark of the served study's report that is sent now: equal marks, equal reports."""
        return self._studies[self._name].mark()

    def hurry(self) -> None:
        """From now on a report that has changed is made anew at once: the study is over."""
        self._studies[self._name].hurry()

    def _maker(self, path: str) -> Callable[[], Page] | None:
        """Return what makes the page at a path; None for a page of Optuna's."""
        if path == "":
            return self._overview
        found = _OF_ANOTHER.fullmatch(path)
        if found is None:
            return self._studies[self._name].maker(path)
        name, rest = found[1], found[2]
        if name not in self._studies:
            if name not in self._database.studies.names():
                return None
            self._studies[name] = StudyPages(self._database, name, self._lock)
        return self._studies[name].maker(rest)

    def _overview(self) -> Page:
        cards = self._cards.all()
        again = SOON if any(card.answer is None for card in cards) else AGAIN
        html = self._environment.get_template("overview.html.j2").render(
            cards=cards,
            served=self._name,
            storage=self._database.shown_url,
            tables=TABLES,
            again=again if again == SOON or any(card.status == "running" for card in cards) else None,
            has_optuna=self._optuna is not None,
        )
        return Page(html.encode())


def _text(path: str) -> str:
    """Return a path as it was meant: WSGI has bytes as Latin-1."""
    return path.encode("latin-1", "replace").decode("utf-8", "replace")


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
