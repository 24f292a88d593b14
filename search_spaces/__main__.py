"""The commands `python -m search_spaces list` and `show NAME_OR_FILE`: spaces in 80 columns or as JSON."""

from __future__ import annotations

import argparse
import json
import os
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from search_spaces import output
from search_spaces.description import describe
from search_spaces.grammar import Choice, Choices, Constraint, Recipe, Space, SpaceError, numbers
from search_spaces.grammar.choices import Place, places
from search_spaces.loading import load, names
from search_spaces.output import plain

WIDTH = 80
GAP = "  "
# A narrower column of levels is unreadable; the line then exceeds WIDTH.
NARROWEST = 24


@output.command
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Return 0, or 2 after one message if the space does not exist or has faults."""
    options = _parser().parse_args(arguments)
    output.alone(options.json)
    try:
        if options.command == "show":
            space = load(options.space)
            text = _json(describe(space)) if options.json else "\n".join(_show(space))
        else:
            spaces = [load(name) for name in names()]
            text = _json([describe(space) for space in spaces]) if options.json else "\n".join(_list(spaces))
    except SpaceError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        output.print_object(plain(text))
    except BrokenPipeError:  # the reader has closed the pipe, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes the rest when it exits
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m search_spaces",
        description="Show the search spaces: their factors, levels and baselines.",
    )
    as_json = argparse.ArgumentParser(add_help=False)
    as_json.add_argument("--json", action="store_true", help="print JSON instead of text")
    commands = parser.add_subparsers(dest="command", metavar="{list,show}")
    commands.add_parser("list", parents=[as_json], help="every space with its goal and size (the default)")
    show = commands.add_parser("show", parents=[as_json], help="one space: factors, levels, baseline, size, recipes")
    show.add_argument("space", metavar="NAME_OR_FILE", help="a name from `list`, or a Python file, such as my_space.py")
    parser.set_defaults(json=False)
    return parser


def _json(data: object) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False)


def _list(spaces: Sequence[Space]) -> Iterator[str]:
    """Yield two or three lines per space."""
    width = max(len(space.name) for space in spaces)
    for space in spaces:
        yield f"{space.name:{width}}{GAP}{_count(len(space.factors), 'factor')}, {_size(space)}"
        yield from _wrapped(space.goal, " " * (width + len(GAP)))
    yield ""
    yield "Details of one space: python -m search_spaces show NAME (or my_space.py)"


def _show(space: Space) -> Iterator[str]:
    yield from _wrapped(f"{space.name}: {space.goal}", "")
    yield ""
    yield from _table(space)
    yield ""
    yield f"{_size(space)}{'; a grid: all of them are run' if space.design == 'grid' else ''}"
    yield from _reasons(space)
    yield from _listed("Levels that cannot be combined:", map(_constraint, space.constraints))
    idle = [(place.name, level) for place in places(space.factors) for level in place.factor.levels if level.idle]
    yield from _listed(
        "Levels whose training steps equal those of their factor's baseline:",
        (f"{name}={level.name}: {level.idle}" for name, level in idle),
    )
    if space.primary:
        yield from ("", f"Primary factors, whose rows of the table are tested first: {', '.join(space.primary)}")
    if space.recipes:
        yield ""
        yield "Known recipes, tried first, by their differences from the baseline:"
        for recipe in space.recipes:
            yield from _recipe(space, recipe)
    yield from _listed(
        "Rows, by their differences from the baseline:",
        (f"{label}: {_changes(space, row)}" for label, row in space.rows.items()),
    )


def _listed(heading: str, texts: Iterable[str]) -> Iterator[str]:
    """Yield an empty line, the heading and the texts indented below it; nothing if there are no texts."""
    lines = [line for text in texts for line in _wrapped(text, "  ", "    ")]
    yield from ["", heading, *lines] if lines else []


def _table(space: Space) -> Iterator[str]:
    """Yield the factors in aligned columns; conditional ones indented under their level."""
    heading = ("factor", "role", "baseline", "levels")
    factors = list(places(space.factors))
    rows = [_row(place) for place in factors]
    widths = [max(len(row[column]) for row in [heading, *rows]) for column in range(3)]
    yield from _cells(heading, widths)
    for place, row in zip(factors, rows, strict=True):
        yield from _only_with(place, factors)
        yield from _cells(row, widths)


def _row(place: Place) -> tuple[str, str, str, str]:
    factor, indent = place.factor, "    " * len(place.conditions)
    return indent + factor.name, factor.role, _text(factor.baseline), _values(place)


def _cells(row: tuple[str, str, str, str], widths: Sequence[int]) -> Iterator[str]:
    """Yield the lines of one row, its last column wrapped."""
    left = "".join(f"{cell:{width}}{GAP}" for cell, width in zip(row, widths, strict=False))
    first, *rest = textwrap.wrap(row[3], max(NARROWEST, WIDTH - len(left)), break_on_hyphens=False)
    yield left + first
    yield from (" " * len(left) + line for line in rest)


def _only_with(place: Place, factors: Sequence[Place]) -> Iterator[str]:
    """Yield the line above the first conditional factor of a level: `  only with linear_warmup:`."""
    if not place.conditions:
        return
    siblings = [other.name for other in factors if other.conditions == place.conditions]
    if place.name == siblings[0]:
        yield f"{'    ' * (len(place.conditions) - 1)}  only with {place.conditions[-1].level}:"


def _values(place: Place) -> str:
    bounds = place.factor.range
    if bounds is None:
        return ", ".join(place.factor.level_names())
    kind = f"{' whole numbers' if bounds.integer else ''}{' (log)' if bounds.log else ''}"
    return f"{numbers.text(bounds.low)} to {numbers.text(bounds.high)}{kind}"


def _text(value: Choice) -> str:
    return value if isinstance(value, str) else numbers.text(value)


def _size(space: Space) -> str:
    free = len(space.continuous())
    across = f" x {_count(free, 'continuous factor')}" if free else ""
    return _count(space.size(), "configuration") + across


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _reasons(space: Space) -> Iterator[str]:
    """Yield the caveats of fixed factors, and how to name a conditional one on the command line."""
    factors = list(places(space.factors))
    for place in factors:
        if place.factor.role == "fixed":
            yield from _wrapped(f"{place.name} is fixed: {place.factor.reason}", "", "  ")
    conditional = next((place.name for place in factors if place.conditions), None)
    if conditional:
        yield from _wrapped(f"A conditional factor is named with its level: {conditional}", "", "  ")


def _constraint(constraint: Constraint) -> str:
    """Return `balancer=gradnorm with sampler=sequential, uniform: reason.`"""
    when = " and ".join(f"{name}={' or '.join(levels)}" for name, levels in constraint.when.items())
    forbidden = "; or ".join(f"{name}={', '.join(levels)}" for name, levels in constraint.forbid.items())
    return f"{when} with {forbidden}: {constraint.reason}"


def _recipe(space: Space, recipe: Recipe) -> Iterator[str]:
    yield from _wrapped(f"{recipe.name} ({recipe.source})", "  ", "    ")
    yield from _wrapped(_changes(space, recipe.choices), "    ")
    if recipe.note:
        yield from _wrapped(recipe.note, "    ")


def _changes(space: Space, choices: Choices) -> str:
    """Return the differences from the baseline, `pooling=mean, sampler=joint`, or `the baseline`."""
    different = space.differences(space.baseline(), space.complete(choices))
    changes = [f"{name}={_text(value)}" for name, _, value in different if value is not None]
    return ", ".join(changes) or "the baseline"


def _wrapped(text: str, indent: str, further: str | None = None) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent if further is None else further,
        break_long_words=False,
        break_on_hyphens=False,
    )


if __name__ == "__main__":
    sys.exit(output.last(main()))
