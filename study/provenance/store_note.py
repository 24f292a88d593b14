"""The note about a study's stage store in its record: folder and size. It needs no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mtbert.stage_store.store import StageStore
from results.database.database import Database
from results.database.rows import StudyRow
from results.measurements.stages import STORE


def write(database: Database, name: str, store: StageStore | None) -> None:
    """Record the folder and size of the store; remove the note where nothing is shared."""
    database.studies.decide(name, {STORE: None if store is None else _content(store)})


def read(study: StudyRow) -> dict[str, Any] | None:
    """Return the note about the study's store, with today's size if the store is on this machine."""
    noted: dict[str, Any] | None = study.decisions_json.get(STORE)
    if noted is not None and Path(noted["folder"]).is_dir():
        return _content(StageStore(Path(noted["folder"])))
    return noted


def _content(store: StageStore) -> dict[str, Any]:
    return {"folder": str(store.folder.resolve()), "bytes": store.size(), "entries": len(store.keys())}
