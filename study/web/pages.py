"""The dashboard's own pages: studies as cards, their live reports, their tables. All other pages are Optuna's.

/                           every study of the database, with its answer and links
/report                     the report of the selected study, rendered again when the database has changed
/report/state               the state of the study as JSON, for the page of the report
/report/tables/NAME.csv     a table of the report
/study/NAME/report...       the same for another study
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

AGAIN = 10  # seconds after which a first page with a running study reloads
SOON = 2  # if answers are still missing
_OTHER_STUDY = re.compile(r"/study/(.+?)(/report(?:/.*)?)")


class Pages:
    """Our pages of study `name` and of the other studies, in front of Optuna's application (`optuna`, if any).

    `optuna_page` returns the path of a study's page there, None if Optuna does not have the study. `file` is the path
    of the written report, shown when the server has stopped.
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
        """Answer one request."""
        try:
            with foreign_rows(self._database.shown_url):
                # WSGI decodes the bytes of a path as Latin-1.
                path = environ.get("PATH_INFO", "").encode("latin-1", "replace").decode("utf-8", "replace")
                make = self._maker(path.rstrip("/"))
                if make is None and self._optuna is not None:
                    return self._optuna(environ, start_response)
                if make is None:
                    return refuse(start_response, "404 Not Found", "There is no such page. The report is at /report")
                if environ["REQUEST_METHOD"] not in READING:
                    return refuse(start_response, "405 Method Not Allowed", "This page can only be read.")
                page = make()
        except ResultsError as error:
            return refuse(start_response, "503 Service Unavailable", str(error))
        return _send(page, environ, start_response)

    def mark(self) -> str:
        """Return the mark of the selected study's report as it is now served; equal marks mean equal reports."""
        return self._studies[self._name].mark()

    def refresh_at_once(self) -> None:
        """Render a changed report without delay from now on, at the end of the study."""
        self._studies[self._name].refresh_at_once()

    def _maker(self, path: str) -> Callable[[], Page] | None:
        """Return the function that makes the page at a path, or None for a page of Optuna's."""
        if path == "":
            return self._overview
        other = _OTHER_STUDY.fullmatch(path)
        name, rest = (other[1], other[2]) if other else (self._name, path)
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
