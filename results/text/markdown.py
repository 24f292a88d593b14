"""Escaping of untrusted text in generated Markdown, and the environment of the Markdown templates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from markupsafe import Markup

from results.text.formatting import Choice, level_text
from search_spaces.output import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jinja2 import Environment

# Special anywhere in a line ("_" only at the edge of a word); in automatic links; at the start of a line.
_INSIDE = re.compile(r"([\\`*\[\]<>|~$&@#!]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))")
_LINKS = re.compile(r"(?i)(:(?=//)|(?<=www)\.)")
_FIRST = re.compile(r"^(\d*)([-+=.):])")


def escaped(text: str) -> str:
    """Return `text` as Markdown that shows it literally on one line, without formatting, links or HTML."""
    return _FIRST.sub(r"\1\\\2", escaped_within(text))


def escaped_within(text: str) -> str:
    """Return `text` escaped for the inside of a line, such as a table cell, where no list or heading can start."""
    return _LINKS.sub(r"\\\1", _INSIDE.sub(r"\\\1", plain(" ".join(text.split()))))


def code(text: str) -> str:
    """Return `text` on one line for an indented code block, in which Markdown is not interpreted."""
    return plain(" ".join(text.split()))


def level(value: Choice | None) -> str:
    """Return a factor's level as Markdown; a number needs no escaping."""
    return escaped(level_text(value)) if isinstance(value, str) else level_text(value)


def templates(package: str, filters: Mapping[str, Callable[..., str]]) -> Environment:
    """Return the Markdown templates in the folder `templates` of a package; they escape all text but from `filters`."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader(package, "templates"),
        autoescape=False,  # that is for HTML; `finalize` escapes Markdown, except what a filter marked as safe
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
    return lambda *arguments: Markup(make(*arguments))
