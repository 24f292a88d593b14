"""Optuna's view of a study's database."""

from __future__ import annotations

import optuna
from optuna.storages import RDBStorage
from sqlalchemy.exc import SQLAlchemyError

from results import storage_url


def optuna_storage(storage: str) -> RDBStorage | None:
    """The storage at a URL whose database `open_database` has opened; None where it has no tables of Optuna's."""
    url = storage_url.parse_url(storage).render_as_string(hide_password=False)
    try:
        found = RDBStorage(url, skip_compatibility_check=True, skip_table_creation=True)
        found.get_all_studies()
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError):  # as no table of that name
        return None
    return found
