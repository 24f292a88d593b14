"""Thirteen techniques of three levels, one of them with a factor of its own: rehearsed to see what is found again."""

from __future__ import annotations

from search_spaces import Factor, Level, Space


def _technique(name: str, levels: tuple[str, ...], inner: tuple[Factor, ...] = ()) -> Factor:
    made = (Level(one, {f"{name}.name": one}, factors=inner if one == levels[1] else ()) for one in levels)
    return Factor(name, "scientific", levels[0], tuple(made))


SPACE = Space(
    name="planted",
    goal="Does the harness find what was planted?",
    factors=(
        _technique("adapter", ("none", "some"), (_technique("width", ("narrow", "middle", "wide")),)),
        *(_technique(f"f{i}", ("off", "on", "strong")) for i in range(12)),
    ),
)
