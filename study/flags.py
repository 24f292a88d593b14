"""Command-line flags, each declared once: argparse, the range checks, the help and the fuzz tests read the declaration.

A dataclass declares a flag by the default of a field: `trials: int = flag("number of search trials", "budget", "N")`.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Literal

Group = Literal["space and data", "model", "search", "budget", "limits", "names and resuming", "machine", "output"]


@dataclass(frozen=True)
class Flag:
    """The command-line flag of a dataclass's field, and the values that it accepts.

    Args:
        help: what the flag does, with its unit; the default is appended.
        metavar: the value's placeholder in the help; a comma in it makes a tuple one comma-separated word.
        name: the flag without "--"; by default the field's name with hyphens.
        choices: the accepted words, with their values.
        known: the names that a list may contain.
        read: a function of the parsed value that returns the field's value.
        shown: the default in words, if the field's default does not show it.
        least, above, most: the range of a number, `above` exclusive; `way_out` is added to the error.
        public: whether `--help` shows the flag; `--help-all` shows all.
        fixed: "study" if a study keeps its first value; "runs" if runs with different values are not comparable either,
            so that `--import-from` keeps it too.
        repeat: whether a launch that resumes the study must repeat the flag, because the database does not store it.
    """

    help: str
    group: Group
    metavar: str | None = None
    name: str | None = None
    choices: Mapping[str, Any] = field(default_factory=dict)
    known: Sequence[str] = ()
    read: Callable[[Any], Any] = lambda value: value
    shown: str | None = None
    least: int | None = None
    above: float | None = None
    most: float | None = None
    way_out: str = ""
    public: bool = False
    fixed: Literal["no", "study", "runs"] = "no"
    repeat: bool = False


def flag(help: str, group: Group, metavar: str | None = None, *, default: Any = MISSING, **more: Any) -> Any:
    """Return a dataclass field with a `Flag`; without `default` the field must be given."""
    return field(default=default, metadata={"flag": Flag(help, group, metavar, **more)})


@dataclass(frozen=True, eq=False)
class Declared:
    """A flag with the field that declares it: the field's name, its type as written, its default."""

    flag: Flag
    field: str
    type: str
    default: Any

    @property
    def option(self) -> str:
        """The flag as it is typed, e.g. "--store-gb"."""
        return f"--{self.flag.name or self.field.replace('_', '-')}"

    @property
    def repeatable(self) -> bool:
        """Whether the flag is given once per element of a tuple."""
        return self.type.startswith("tuple") and "," not in (self.flag.metavar or "")

    def keywords(self) -> dict[str, Any]:
        """Return the keyword arguments of `add_argument`."""
        if self.type == "bool" and not self.flag.choices:
            return {"action": argparse.BooleanOptionalAction if self.default is True else "store_true"}
        if self.flag.choices:
            return {"choices": tuple(self.flag.choices)}
        number = {"int": int, "float": float}.get(self.type.removesuffix(" | None"))
        return {"metavar": self.flag.metavar, **({"action": "append"} if self.repeatable else {"type": number or str})}

    def value(self, parsed: Any) -> Any:
        """Return the field's value from what argparse parsed."""
        if self.repeatable:
            parsed = tuple(parsed)
        elif self.type.startswith("tuple"):
            parsed = tuple(name.strip() for name in parsed.split(",") if name.strip())
        return self.flag.read(self.flag.choices.get(parsed, parsed) if self.flag.choices else parsed)

    def help(self) -> str:
        """Return the help with the default in words."""
        shown = self.flag.shown
        if shown is None and isinstance(self.default, str | float | int | tuple) and self.type != "bool":
            shown = ",".join(self.default) if isinstance(self.default, tuple) else str(self.default)
        return (f"{self.flag.help}; default: {shown}" if shown else self.flag.help).replace("%", "%%")

    def faults(self, value: Any) -> Iterator[str]:
        """Yield a sentence for a number out of its range, or a list with unknown or repeated names."""
        flag, names = self.flag, isinstance(value, tuple) and not self.repeatable
        if isinstance(value, int | float) and not self._in_range(value):
            number = value if isinstance(value, int) else f"{value:g}"
            yield f"{self.option} must be {self._range()}, got {number}.{f' {flag.way_out}' if flag.way_out else ''}"
        noun = self.field.removesuffix("s")
        unknown = [name for name in value if name not in flag.known] if names and flag.known else []
        if unknown:
            yield f"No {noun} named '{', '.join(unknown)}'. {noun.title()}s: {', '.join(flag.known)}."
        elif names and (not value or len(set(value)) < len(value)):
            yield f"{self.option} takes each {noun} once, and at least one {noun}, got '{','.join(value)}'."

    def _in_range(self, value: float) -> bool:
        least, above, most = self.flag.least, self.flag.above, self.flag.most
        is_above = above is None or (value > above and math.isfinite(value))
        return is_above and (least is None or value >= least) and (most is None or value <= most)

    def _range(self) -> str:
        bounds = (("at least", self.flag.least), ("above", self.flag.above), ("at most", self.flag.most))
        return " and ".join(f"{word} {bound}" for word, bound in bounds if bound is not None)


def declared(*classes: Any) -> list[Declared]:
    """Return the flags that dataclasses declare, in the order of their fields."""
    flags = (each for cls in classes for each in fields(cls) if "flag" in each.metadata)
    return [Declared(each.metadata["flag"], each.name, str(each.type), each.default) for each in flags]


def faults(data: Any) -> list[str]:
    """Return a sentence per fault in the values of a dataclass's flags."""
    return [fault for each in declared(data) for fault in each.faults(getattr(data, each.field))]
