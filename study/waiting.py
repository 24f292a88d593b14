"""Runs that wait for a worker: one that needs a stage which another run is computing lets others pass.

Else two workers would do the same, or one would sit with a run and wait for the other. A claim in the stage store
says so too when it is another study's run that computes.
"""

from __future__ import annotations

from collections.abc import Callable

from mtbert.stage_store.store import StageStore
from study.observer import Request
from study.sharing import needed, shareable


class StagesInProgress:
    """What is being computed for all. Without a store nobody waits for anybody."""

    def __init__(self, store: StageStore | None) -> None:
        self._store = store
        self._computing: dict[int, tuple[str, ...]] = {}
        self._not_kept: set[str] = set()

    def began(self, run_id: int, request: Request) -> None:
        """A run has started: what it lacks now is what it computes."""
        if self._store is not None and request.keys is not None:
            self._computing[run_id] = needed(request.keys, request.wanted, self._store.has)

    def ended(self, run_id: int, *, well: bool) -> None:
        """A run is over. What it should have kept, and is not there, is not waited for again: there is no room."""
        computed = self._computing.pop(run_id, ())
        if well and self._store is not None:
            self._not_kept.update(key for key in computed if not self._store.has(key))

    def keys(self) -> set[str]:
        """The stages to wait for: active runs here compute them, or runs of other studies; not there yet."""
        if self._store is None:
            return set()
        here = {key for computed in self._computing.values() for key in computed} - self._not_kept
        return {key for key in here | self._store.in_progress() if not self._store.has(key)}


class Waiting:
    """The runs that `ask` gives, one by one; at most `most` of them are held back at a time (None: any number)."""

    def __init__(self, ask: Callable[[], Request | None], stages: StagesInProgress, most: int | None = None) -> None:
        self._ask, self._stages, self._most = ask, stages, most
        self._held: list[Request] = []

    def take(self) -> Request | None:
        """The first run that can start now; None where there is none."""
        busy = self._stages.keys()
        for place, request in enumerate(self._held):
            if _free(request, busy):
                return self._held.pop(place)
        while (self._most is None or len(self._held) < self._most) and (asked := self._ask()) is not None:
            if _free(asked, busy):
                return asked
            self._held.append(asked)
        return None

    def held_back(self) -> int:
        """How many runs wait for a stage."""
        return len(self._held)


def _free(request: Request, busy: set[str]) -> bool:
    return request.keys is None or busy.isdisjoint(shareable(request.keys, request.wanted))
