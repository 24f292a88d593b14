"""Stages shared by runs: the epochs stored for other runs, the order of the runs, and the runs that wait for a stage.

A run's chain of stages is a path from the root of a tree, whose nodes it shares with runs that begin alike. Stages
before `multitask` are always stored. An epoch of `multitask` takes space (the model and its optimizer's moments) and is
stored only if another planned run begins with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence

from mtbert.stage_store.keys import ChainKeys
from mtbert.stage_store.store import StageStore
from study.execution.observer import Request

LONGEST = 4  # stages before `multitask`


def wanted_epochs(runs: Iterable[ChainKeys]) -> frozenset[str]:
    """Return the epochs of `multitask` from which another of these runs continues, to more epochs or another stage."""
    chains = [keys.multitask for keys in runs]
    ends = Counter(chain[-1] for chain in chains)
    longer = {key for chain in chains for key in chain[:-1] if key in ends}
    return frozenset(longer | {key for key, runs_with_it in ends.items() if runs_with_it > 1})


def in_order(runs: Sequence[tuple[int, int, ChainKeys | None]]) -> list[int]:
    """Return the indices of `runs` (seed, epochs, keys) in the order to start them, one seed after another.

    Within a seed, runs that most others wait for are first, then those with fewer epochs.
    """
    users = Counter(key for *_, keys in runs if keys is not None for _, key in keys.before)
    seeds = {seed: place for place, seed in enumerate(dict.fromkeys(seed for seed, *_ in runs))}

    def rank(place: int) -> tuple[object, ...]:
        seed, epochs, keys = runs[place]
        others = [users[key] - 1 for _, key in keys.before] if keys is not None else []
        unlocks = tuple(-count for count in others) + (0,) * (LONGEST - len(others))
        return seeds[seed], unlocks, epochs, place

    return sorted(range(len(runs)), key=rank)


def shareable(keys: ChainKeys, wanted: Collection[str]) -> set[str]:
    """Return the stages that a run loads from the store or stores for others."""
    return {*(key for _, key in keys.before), *(key for key in keys.multitask if key in wanted)}


def needed(keys: ChainKeys, wanted: Collection[str], has: Callable[[str], bool]) -> tuple[str, ...]:
    """Return the shareable stages that a run must compute, or wait for: those after its last one in the store."""
    chain = [*(key for _, key in keys.before), *keys.multitask]
    stored = max((n for n, key in enumerate(chain, start=1) if has(key)), default=0)
    shared = shareable(keys, wanted)
    return tuple(key for key in chain[stored:] if key in shared)


class StagesInProgress:
    """The shared stages that runs are computing. Without a store no run waits for another."""

    def __init__(self, store: StageStore | None) -> None:
        self._store = store
        self._computing: dict[int, tuple[str, ...]] = {}
        self._not_kept: set[str] = set()

    def began(self, run_id: int, request: Request) -> None:
        """Note that a run has started, and computes the stages that the store lacks."""
        if self._store is not None and request.keys is not None:
            self._computing[run_id] = needed(request.keys, request.wanted, self._store.has)

    def ended(self, run_id: int, *, well: bool) -> None:
        """Note that a run has ended. Runs never wait again for a stage that it computed and could not store."""
        computed = self._computing.pop(run_id, ())
        if well and self._store is not None:
            self._not_kept.update(key for key in computed if not self._store.has(key))

    def keys(self) -> set[str]:
        """Return the stages that active runs, of this or another study, are computing and have not yet stored."""
        if self._store is None:
            return set()
        here = {key for computed in self._computing.values() for key in computed} - self._not_kept
        return {key for key in here | self._store.in_progress() if not self._store.has(key)}


class Queue:
    """The runs that `ask` returns. Runs that need a stage in progress are held back, at most `most` at a time.

    Otherwise two workers would compute the same stage, or one would wait for the other.
    """

    def __init__(self, ask: Callable[[], Request | None], stages: StagesInProgress, most: int | None = None) -> None:
        self._ask, self._stages, self._most = ask, stages, most
        self._held: list[Request] = []

    def take(self) -> Request | None:
        """Return the first run that can start now, or None."""
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
        """Return the number of runs that wait for a stage."""
        return len(self._held)


def _free(request: Request, busy: set[str]) -> bool:
    return request.keys is None or busy.isdisjoint(shareable(request.keys, request.wanted))
