"""What runs share, as decisions without effects: which epochs are kept for others, who goes first, who waits for whom.

A run's chain of stages is a path from the root of a tree: runs with the same beginning share the nodes of it. Stages
before `multitask` are always kept. An epoch of `multitask` costs room (the model and its optimizer's moments), and is
kept only where another planned run begins with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence

from mtbert.stage_store.keys import ChainKeys


def wanted_epochs(runs: Iterable[ChainKeys]) -> frozenset[str]:
    """The ends of `multitask` from which another of these runs goes on: with more epochs, or with another stage."""
    chains = [keys.multitask for keys in runs]
    ends = Counter(chain[-1] for chain in chains)
    longer = {key for chain in chains for key in chain[:-1] if key in ends}
    return frozenset(longer | {key for key, runs_with_it in ends.items() if runs_with_it > 1})


def in_order(runs: Sequence[tuple[int, int, ChainKeys | None]]) -> list[int]:
    """The places of `runs` (seed, epochs, keys) in the order to start them: seed by seed, as seeds come up.

    Within a seed what most others wait for comes first, then fewer epochs before more, then as they were given.
    """
    users = Counter(key for *_, keys in runs if keys is not None for _, key in keys.before)
    seeds = {seed: place for place, seed in enumerate(dict.fromkeys(seed for seed, *_ in runs))}

    def rank(place: int) -> tuple[object, ...]:
        seed, epochs, keys = runs[place]
        others = [users[key] - 1 for _, key in keys.before] if keys is not None else []
        unlocks = tuple(-count for count in others) + (0,) * (LONGEST - len(others))
        return seeds[seed], unlocks, epochs, place

    return sorted(range(len(runs)), key=rank)


LONGEST = 4  # stages before `multitask`


def shareable(keys: ChainKeys, wanted: Collection[str]) -> set[str]:
    """The stages of a run that it takes from others or keeps for them."""
    return {*(key for _, key in keys.before), *(key for key in keys.multitask if key in wanted)}


def needed(keys: ChainKeys, wanted: Collection[str], has: Callable[[str], bool]) -> tuple[str, ...]:
    """The stages that a run would compute for others too, or wait for: what it needs and the store has not.

    It goes on from the last stage that is there, so that what comes before that is not needed.
    """
    known = max((n for n, key in enumerate(keys.multitask, start=1) if has(key)), default=0)
    ahead = tuple(key for key in keys.multitask[known:] if key in wanted)
    if known:
        return ahead
    before = [key for _, key in keys.before]
    there = max((n for n, key in enumerate(before, start=1) if has(key)), default=0)
    return (*before[there:], *ahead)
