"""Texts of others inside Markdown that this program writes: shown, never obeyed."""

from __future__ import annotations

import re

from results.plain import plain

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+.!|<>~$&:/-])")


def escaped(text: str) -> str:
    """`text` as Markdown that says just that: no formatting, no link, no element, all in one line."""
    return _SPECIAL.sub(r"\\\1", plain(" ".join(text.split())))


def code(text: str) -> str:
    """`text` for a line of an indented code block, where nothing is read as Markdown: all in one line."""
    return plain(" ".join(text.split()))
