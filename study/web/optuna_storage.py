"""Optuna's view of a study's database."""

from __future__ import annotations

import optuna
from optuna.storages import RDBStorage
from sqlalchemy.exc import SQLAlchemyError

from results import read_only, storage_url
from results.connecting import engine_options, plain_url
from results.errors import ConnectionLost, StorageError
from study.optuna_calls import waiting


def optuna_storage(storage: str) -> RDBStorage | None:
    """The storage at a URL whose database `open_database` has opened; None where it has no tables of Optuna's.

    `ConnectionLost` where its server stays away.
    """
    parsed = storage_url.parse_url(storage)
    options = engine_options(parsed)
    if read_only.is_read_only(parsed):
        place = read_only.readable(parsed).render_as_string(hide_password=False)
    else:
        place = plain_url(parsed).render_as_string(hide_password=False)
    try:
        found = RDBStorage(place, engine_kwargs=options, skip_compatibility_check=True, skip_table_creation=True)
        waiting(found.get_all_studies, found)
    except ConnectionLost:
        raise
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError, StorageError):  # as no table of that name
        return None
    return found
