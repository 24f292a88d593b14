"""A console that prints all text literally, and its tables."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from search_spaces.output import plain


class PlainConsole(Console):
    """A console that prints text literally: no markup, no emoji codes, no control characters."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"highlight": False, "markup": False, "emoji": False, **options})

    def say(self, text: str) -> None:
        """Print a line that is not wrapped, so that paths and commands can be copied."""
        self.print(text, soft_wrap=True)

    def render_str(self, text: str, **options: Any) -> Text:
        """Render a string without control characters, also in the cells of tables."""
        return super().render_str(plain(text), **options)


def label(text: str, style: str = "") -> Text:
    """Return a line or table cell that a narrow terminal cuts with an ellipsis, before it cuts any number."""
    return Text(plain(text), style=style, no_wrap=True, overflow="ellipsis")


def columns(*names: str, right: Collection[str] = (), wrap: Collection[str] = ()) -> Table:
    """Return an empty table without rules; columns in `right` are right-aligned, and only those in `wrap` wrap."""
    table = Table(box=None, pad_edge=False)
    for name in names:
        table.add_column(name, justify="right" if name in right else "left", no_wrap=name not in wrap)
    return table
