"""Texts of others inside Markdown that this program writes: shown, never obeyed. And the templates for such pages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from markupsafe import Markup

from results.text.formatting import Choice, level_text
from search_spaces.output import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jinja2 import Environment

# What means something anywhere in a line, but "_" inside a word; what makes a link of its own; what a line begins with.
_INSIDE = re.compile(r"([\\`*\[\]<>|~$&@#!]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))")
_LINKS = re.compile(r"(?i)(:(?=//)|(?<=www)\.)")
_FIRST = re.compile(r"^(\d*)([-+=.):])")


def escaped(text: str) -> str:
    """`text` as Markdown that says just that: no formatting, no link, no element, all in one line."""
    return _FIRST.sub(r"\1\\\2", escaped_within(text))


def escaped_within(text: str) -> str:
    """`escaped` for the inside of a line, such as a table's cell, where no list or heading begins."""
    return _LINKS.sub(r"\\\1", _INSIDE.sub(r"\\\1", plain(" ".join(text.split()))))


def code(text: str) -> str:
    """`text` for a line of an indented code block, where nothing is read as Markdown: all in one line."""
    return plain(" ".join(text.split()))


def level(value: Choice | None) -> str:
    """Return a factor's level as it is written; a number needs no escaping."""
    told = level_text(value)
    return told if isinstance(value, int | float) or value is None else escaped(told)


def templates(package: str, filters: Mapping[str, Callable[..., str]]) -> Environment:
    """Return the Markdown templates in the folder `templates` of a package, whose texts are escaped wherever they
    stand.

    What one of `filters` returns is ours and stands as it is.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader(package, "templates"),
        autoescape=False,  # for HTML; `finalize` escapes for Markdown, whatever a filter has not marked as ours
        finalize=lambda value: escaped(value) if isinstance(value, str) and not isinstance(value, Markup) else value,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"ours": Markup, "code": _marked(code)}
    environment.filters |= {name: _marked(make) for name, make in filters.items()}
    return environment


def _marked(make: Callable[..., str]) -> Callable[..., Markup]:
    return lambda *given: Markup(make(*given))
