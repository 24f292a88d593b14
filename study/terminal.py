"""The terminal, where people read names, labels and messages that others wrote: shown as they are, obeyed never."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text

from search_spaces.output import plain


class PlainConsole(Console):
    """A console that takes text literally: no markup, no emoji codes, no control characters."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"highlight": False, "markup": False, "emoji": False, **options})

    def render_str(self, text: str, **options: Any) -> Text:
        """A string anywhere in what is printed, cells of tables among them."""
        return super().render_str(plain(text), **options)


def label(text: str) -> Text:
    """A cell of a table that is cut with an ellipsis where the terminal is narrow, before any number is."""
    return Text(plain(text), no_wrap=True, overflow="ellipsis")
