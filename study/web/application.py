"""The dashboard's WSGI application for one database: our pages in front of Optuna's."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

import optuna_dashboard
from optuna.storages import RDBStorage

from results.database import url
from results.database.database import Database, open_database
from results.errors import StorageError
from search_spaces.output import plain
from study.search.optuna_storage import existing_storage
from study.web.artifacts import FOLDER, Folders, Served
from study.web.guard import refuse
from study.web.offered import Offered
from study.web.optuna_notes import folder_of
from study.web.pages import Pages

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


def application(storage: str, name: str | None) -> tuple[WSGIApplication, str]:
    """Return the application, without a `Guard`, and the study's name; `name` None selects the only study.

    Raises:
        ResultsError: there is no such database or study, or there are several to choose from.
    """
    logger = logging.getLogger("optuna_dashboard")
    logger.handlers, logger.propagate = [_FirstLine()], False
    database = open_database(storage, create=False)
    try:
        chosen = name if name is not None else _only_study(database)
        database.studies.require(chosen)
        stored = existing_storage(storage)
        optuna = _no_page if stored is None else _optuna(stored, database, chosen)
        pages = Pages(database, chosen, optuna, lambda study: None if stored is None else _optuna_page(stored, study))
    except BaseException:
        database.close()
        raise
    return pages, chosen


def _optuna(stored: RDBStorage, database: Database, name: str) -> WSGIApplication:
    """Return Optuna's pages with the artifacts of all studies whose folders are on this machine."""
    folders = {study: folder_of(database.studies.require(study)) for study in database.studies.names()}
    local = {study: folder / FOLDER for study, folder in folders.items() if folder is not None}
    store = Folders(local.values(), into=local.get(name))
    return Served(Offered(optuna_dashboard.wsgi(stored, artifact_store=store if local else None)), store)


def _only_study(database: Database) -> str:
    names = database.studies.names()
    if not names:
        raise StorageError(f"{database.shown_url} holds no studies yet. Launch one: python -m study.launch")
    if len(names) > 1:
        raise StorageError(f"{database.shown_url} has several studies: {', '.join(names)}. Choose one: --name N")
    return names[0]


def _optuna_page(storage: RDBStorage, name: str) -> str | None:
    try:
        return f"/dashboard/studies/{storage.get_study_id_from_name(name)}"
    except KeyError:  # the study has not searched yet
        return None


def _no_page(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    return refuse(start_response, "404 Not Found", "There is no such page: Optuna has no study in this database yet.")


class _FirstLine(logging.Handler):
    """A handler that prints an error of Optuna's pages as one line, without its traceback."""

    def emit(self, record: logging.LogRecord) -> None:
        print(plain(url.mask(record.getMessage().split("\n")[0])), file=sys.stderr)
