"""The terms of the grammar: Level, Range, Factor, Recipe, Constraint, and the error that lists all faults at once.

Plain frozen data without rules: `definition.py` validates it, `choices.py` walks it, `space.py` combines both.
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
    """Faults of a space, or of choices made in it; all of them at once, one per line."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))

    def __str__(self) -> str:
        return plain(super().__str__())


class Random(Protocol):
    """A source of randomness, such as `random.Random` or `numpy.random.Generator`."""

    def random(self) -> float:
        """Return the next number of a uniform distribution over [0, 1)."""
        ...


@dataclass(frozen=True)
class Level:
    """One value of a factor.

    `set` maps dotted paths of a configuration to JSON values, e.g. `{"pooling.name": "mean"}`; a level may set nothing
    ("none"). `factors` are conditional: they exist only if this level is chosen. `note` is for readers of the report.
    `idle` is set if the level changes no training step compared with the baseline, and says why. `scale` maps paths
    whose value is a multiple of another number to the multiple: `{"multitask.epochs": 2}` of the budget's epochs,
    `{"tasks.quora.batch_size": 2}` of the stage's batch size. The proportion between levels then holds in any budget.
    """

    name: str
    set: Mapping[str, Json] = field(default_factory=dict)
    factors: tuple[Factor, ...] = ()
    note: str = ""
    scale: Mapping[str, float] = field(default_factory=dict)
    idle: str = ""


@dataclass(frozen=True)
class Range:
    """A number from `low` to `high`, both included, set at the dotted `path` of a configuration.

    `log` draws it evenly over orders of magnitude (requires `low > 0`); `integer` allows whole numbers only. A pinned
    range has `low == high`.
    """

    path: str
    low: float
    high: float
    log: bool = False
    integer: bool = False


@dataclass(frozen=True)
class Factor:
    """A variable of the study: either levels or a range of numbers.

    Roles, after Google's tuning playbook: `scientific`, its effect is measured; `nuisance`, tuned so that the
    comparison is fair; `fixed`, one level only, a caveat with its `reason`. `baseline` is the name of a level, or a
    number inside the range. `about` is one sentence for the reader.
    """

    name: str
    role: Role
    baseline: Choice
    levels: tuple[Level, ...] = ()
    range: Range | None = None
    about: str = ""
    reason: str = ""

    def level(self, name: Choice | None) -> Level | None:
        """Return the level of that name; None if there is none, and for a range."""
        return next((level for level in self.levels if level.name == name), None)

    def level_names(self) -> tuple[str, ...]:
        """Return the names of the levels in the order of definition; empty for a range."""
        return tuple(level.name for level in self.levels)

    def is_continuous(self) -> bool:
        """Return whether a search can choose a number: a range that is not pinned."""
        return self.range is not None and self.range.low < self.range.high


@dataclass(frozen=True)
class Recipe:
    """A configuration known from a report, which a search tries first.

    `choices` holds only the differences from the baseline; `source` names the report, `note` says what this space
    cannot express of it.
    """

    name: str
    source: str
    choices: Choices
    note: str = ""


@dataclass(frozen=True)
class Constraint:
    """Levels that cannot be combined: if every factor of `when` has one of its levels, none of `forbid` may.

    Factors are given by their full names; `reason` is one sentence that explains the refusal.
    """

    when: Mapping[str, tuple[str, ...]]
    forbid: Mapping[str, tuple[str, ...]]
    reason: str


def levels_of(path: str, *values: str | int | float, notes: Mapping[str, str] | None = None) -> tuple[Level, ...]:
    """Return a level per value of one path, named after its value; `notes` maps names to notes."""
    names = [value if isinstance(value, str) else f"{value:g}" for value in values]
    noted = notes or {}
    return tuple(Level(n, {path: value}, note=noted.get(n, "")) for n, value in zip(names, values, strict=True))


def off_on(path: str, off: str = "", on: str = "") -> tuple[Level, Level]:
    """Return the levels "off" and "on" of a path that is False or True, with their notes."""
    return Level("off", {path: False}, note=off), Level("on", {path: True}, note=on)


class Difference(NamedTuple):
    """A factor in which two configurations differ; None if the factor does not exist in one of them."""

    factor: str
    first: Choice | None
    second: Choice | None


class Alternative(NamedTuple):
    """A configuration that differs from another by one change of level and the conditional factors it brings."""

    factor: str
    from_level: str
    to_level: str
    choices: dict[str, Choice]


def did_you_mean(value: object, known: Iterable[str]) -> str:
    """Return " Did you mean 'x'?" with the most similar known name, or an empty text.

    The last part of a conditional factor's full name also matches: 'layers' for 'trainable.last_k.layers'.
    """
    names = list(known)
    near = difflib.get_close_matches(str(value), names, n=1)
    if not near:
        tails = {name.rpartition(".")[2]: name for name in reversed(names)}
        near = [tails[tail] for tail in difflib.get_close_matches(str(value), list(tails), n=1)]
    return f" Did you mean '{near[0]}'?" if near else ""
