"""What earlier launches have left that a new one begins with: settings, and how noisy their runs were."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from results.records import open_database, open_if_there
from results.storage_url import foreign_rows
from study.resolve import default_name, resolve
from study.settings import Settings


def compiled(given: Mapping[str, Any], earlier: Settings | None) -> bool:
    """What `--compile auto` means: as the study has it that goes on, else whether it pays here."""
    if earlier is not None:
        return earlier.compiled
    from study.trainers.multitask_bert import compiles  # torch

    return compiles(resolve({**given, "compiled": False}, None))


def earlier_settings(
    storage: str, given: Mapping[str, Any], *, changes_nothing: bool
) -> tuple[Settings | None, Settings | None]:
    """The settings of an earlier launch of the same name, and of the study whose runs are wanted; makes no database."""
    wanted, name = given.get("import_from"), given.get("name") or default_name(given)
    opened = open_if_there(storage, upgrade=not changes_nothing)
    if opened is None and wanted is not None:
        opened = open_database(storage, create=False)  # which says what is not there
    if opened is None:
        return None, None
    with opened as database, foreign_rows(storage):
        found = database.studies.find(name)
        if found is not None or wanted is None:
            return None if found is None else Settings.from_json(found.settings_json), None
        return None, Settings.from_json(database.studies.require(wanted).settings_json)
