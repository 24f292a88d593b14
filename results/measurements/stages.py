"""Seconds spent on computing stages, and seconds saved by taking stages from the store."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from results.database import schema
from results.database.database import Database
from results.database.rows import JsonObject
from results.text.formatting import duration, memory_text, plural

STORE = "store"  # the key of `decisions_json` under which a launch records the contents of the store at its end


@dataclass(frozen=True)
class StageCost:
    """One stage over all finished runs: times computed and seconds spent; times shared and seconds saved."""

    name: str
    computed: int
    seconds: float
    shared: int
    saved: float


@dataclass(frozen=True)
class StageCosts:
    """All stages of a study in the order of a run, and its stage store at the end of a launch.

    `store` has "folder", "bytes" and "entries"; None if nothing is shared or no launch has ended.
    """

    stages: tuple[StageCost, ...]
    store: JsonObject | None

    @property
    def seconds(self) -> float:
        """The seconds of all computed stages."""
        return sum(stage.seconds for stage in self.stages)

    @property
    def saved(self) -> float:
        """The seconds that the stages taken from the store would have taken."""
        return sum(stage.saved for stage in self.stages)

    def sentence(self) -> str:
        """Return a sentence with the seconds spent and saved, and the contents of the store."""
        seconds = f"Stages computed: {duration(self.seconds)}; taken from the stage store: {duration(self.saved)}."
        if self.store is None:
            return seconds
        return f"{seconds} The store has {plural(self.store['entries'], 'stage')}, {memory_text(self.store['bytes'])}."

    def as_json(self) -> JsonObject:
        """Return the totals, for `--json`."""
        return {"stage_seconds_run": self.seconds, "stage_seconds_saved": self.saved, "store": self.store}


def stage_costs(database: Database, name: str) -> StageCosts:
    """Return the stages of all runs of a study.

    Raises:
        UnknownStudy: the database has no study of that name.
    """
    stage, study = schema.Stage, database.studies.require(name)
    rows = database.select(
        select(
            stage.name,
            stage.shared,
            func.count().label("count"),
            func.sum(stage.seconds).label("seconds"),
            func.max(stage.position).label("place"),
        )
        .join(schema.Run, schema.Run.id == stage.run_id)
        .where(schema.Run.study_name == name)
        .group_by(stage.name, stage.shared)
    )
    places: dict[str, int] = {}
    totals: dict[tuple[str, bool], tuple[int, float]] = {}
    for row in rows:
        places[row["name"]] = max(row["place"], places.get(row["name"], 0))
        totals[row["name"], bool(row["shared"])] = row["count"], row["seconds"] or 0.0
    names = sorted(places, key=lambda each: (places[each], each))
    none = 0, 0.0
    costs = [StageCost(each, *totals.get((each, False), none), *totals.get((each, True), none)) for each in names]
    return StageCosts(tuple(costs), study.decisions_json.get(STORE))
