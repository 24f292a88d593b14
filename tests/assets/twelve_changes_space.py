"""Twelve changes that are on or off: rehearsed to see what is said of those without an effect."""

from __future__ import annotations

from search_spaces import Factor, Level, Space


def _change(name: str) -> Factor:
    return Factor(name, "scientific", "off", tuple(Level(one, {f"{name}.name": one}) for one in ("off", "on")))


SPACE = Space(
    name="twelve_changes",
    goal="Which of twelve changes counts?",
    factors=tuple(_change(f"f{number}") for number in range(12)),
)
