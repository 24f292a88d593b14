"""The words of the grammar: Level, Range, Factor, Recipe, and the error that tells all faults at once.

Plain frozen data with no rules of its own: `definition.py` judges a definition, `choices.py` walks it, and
`grammar.py` puts both behind `Space`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol, TypeAlias

from search_spaces.output import plain

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
Role: TypeAlias = Literal["scientific", "nuisance", "fixed"]
Design: TypeAlias = Literal["search", "grid"]
# What a configuration picks for one factor: the name of a level, or a number inside a range.
Choice: TypeAlias = str | int | float
# One choice per active factor, under the factor's full name.
Choices: TypeAlias = Mapping[str, Choice]


class SpaceError(Exception):
    """A space, or choices made in it, have faults; all of them are told at once, one a line."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))

    def __str__(self) -> str:
        return plain(super().__str__())


class Random(Protocol):
    """A source of randomness: `random.Random` and `numpy.random.Generator` both are one."""

    def random(self) -> float:
        """The next number of a uniform distribution over [0, 1)."""
        ...


@dataclass(frozen=True)
class Level:
    """One value of a factor.

    `set` maps dotted paths of a configuration to JSON values, e.g. `{"pooling.name": "mean"}`; a level may
    set nothing ("none"). `factors` are conditional: they exist only where this level is chosen. `note` says
    what a reader of the report should know about it, `idle` why it trains no step otherwise than the factor's
    baseline, where that is so. `scale` maps paths whose value follows from another number to how many times that
    number is taken: `{"multitask.epochs": 2}` of the budget's epochs, `{"tasks.quora.batch_size": 2}` of the stage's
    batch size. So the proportion between levels stays, whatever the budget.
    """

    name: str
    set: Mapping[str, Json] = field(default_factory=dict)
    factors: tuple[Factor, ...] = ()
    note: str = ""
    scale: Mapping[str, float] = field(default_factory=dict)
    idle: str = ""


@dataclass(frozen=True)
class Range:
    """A number between `low` and `high`, both included, written to the dotted `path` of a configuration.

    `log` spreads it evenly over orders of magnitude (needs `low > 0`); `integer` takes whole numbers only. A
    range with `low == high` is one number: that is what pinning makes of it.
    """

    path: str
    low: float
    high: float
    log: bool = False
    integer: bool = False


@dataclass(frozen=True)
class Factor:
    """One thing that is varied: levels, or a range of numbers (exactly one of the two).

    Roles, after Google's tuning playbook: `scientific`, its effect is measured; `nuisance`, tuned so that the
    comparison is fair; `fixed`, one level only, a caveat with its `reason`. `baseline` is the name of a
    level, or a number inside the range. `about` is one sentence for the reader.
    """

    name: str
    role: Role
    baseline: Choice
    levels: tuple[Level, ...] = ()
    range: Range | None = None
    about: str = ""
    reason: str = ""

    def level(self, name: Choice | None) -> Level | None:
        """The level of that name; None where there is none, and for a range."""
        return next((level for level in self.levels if level.name == name), None)

    def level_names(self) -> tuple[str, ...]:
        """The names of the levels, in the order they were written; empty for a range."""
        return tuple(level.name for level in self.levels)

    def is_continuous(self) -> bool:
        """Whether a search has a number to choose: a range that was not pinned to one."""
        return self.range is not None and self.range.low < self.range.high


@dataclass(frozen=True)
class Recipe:
    """A configuration known from a report, which a search tries first.

    `choices` holds only what differs from the baseline; `source` says where it is from, `note` what of it
    this space cannot express.
    """

    name: str
    source: str
    choices: Choices
    note: str = ""


@dataclass(frozen=True)
class Constraint:
    """Levels that cannot go together, and why: where every factor of `when` has one of its levels, no factor of
    `forbid` has one of its.

    Factors are told by their full names; `reason` is one sentence for whoever asked for the forbidden.
    """

    when: Mapping[str, tuple[str, ...]]
    forbid: Mapping[str, tuple[str, ...]]
    reason: str


class Difference(NamedTuple):
    """A factor in which two configurations differ; None where the factor does not exist in one of them."""

    factor: str
    first: Choice | None
    second: Choice | None


class Alternative(NamedTuple):
    """A configuration that differs from another by one change of level, conditional factors following it."""

    factor: str
    from_level: str
    to_level: str
    choices: dict[str, Choice]


def did_you_mean(value: object, known: Iterable[str]) -> str:
    """A hint " Did you mean 'x'?" with the nearest known name, or nothing.

    The last part of a conditional factor's full name counts as near: 'layers' for 'trainable.last_k.layers'.
    """
    names = list(known)
    near = difflib.get_close_matches(str(value), names, n=1)
    if not near:
        tails = {name.rpartition(".")[2]: name for name in reversed(names)}
        near = [tails[tail] for tail in difflib.get_close_matches(str(value), list(tails), n=1)]
    return f" Did you mean '{near[0]}'?" if near else ""
