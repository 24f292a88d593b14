"""The places of the labels of points in a figure, so that none covers another, a point, or the edge. Pixels only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LETTER, LINE = 6.9, 15.0  # pixels that a letter and a line of 12 pixels take, on the wide side
POINT, GAP = 7.0, 4.0  # the radius of a point, and the distance of its label
FAR = (1.0, 2.4, 4.0)  # distances that are tried, in gaps


@dataclass(frozen=True)
class Label:
    """A text at a point (x right, y down); `needed`: placed over other points rather than left out."""

    text: str
    x: float
    y: float
    needed: bool = False


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels."""

    left: float
    top: float
    right: float
    bottom: float

    def shared(self, other: Box) -> float:
        """Return the area of the overlap, in square pixels."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(0.0, width) * max(0.0, height)

    @property
    def middle(self) -> tuple[float, float]:
        """Its centre."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


def placed(
    labels: Sequence[Label],
    points: Sequence[tuple[float, float]],
    size: tuple[float, float],
    obstacles: Sequence[Box] = (),
) -> list[Box | None]:
    """Return a box for each label inside (0, 0)..`size`, placing the first labels first; None for one without room.

    The eight sides of its point are tried, farther away too for those that are `needed`. A label covers no other label.
    One that is not `needed` covers none of the `points` and `obstacles` (error bars) either.
    """
    obstacles = [*(Box(x - POINT, y - POINT, x + POINT, y + POINT) for x, y in points), *obstacles]
    taken: list[Box] = []
    found: list[Box | None] = []
    for label in labels:
        inside = [box for box in _around(label) if _is_inside(box, size)]
        free = [box for box in inside if not any(box.shared(other) for other in taken)]
        covered = [sum(box.shared(other) for other in obstacles) for box in free]
        least = min(covered, default=0.0)
        best = free[covered.index(least)] if free and (label.needed or not least) else None
        found.append(best)
        if best:
            taken.append(best)
    return found


def _around(label: Label) -> list[Box]:
    width = LETTER * len(label.text)
    boxes = []
    for far in FAR if label.needed else FAR[:1]:
        away = POINT + GAP * far
        sides = [(1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (-1, -1), (1, 1), (-1, 1)]
        for right, down in sides:
            x = label.x + right * (away + width / 2)
            y = label.y + down * (away + LINE / 2)
            boxes.append(Box(x - width / 2, y - LINE / 2, x + width / 2, y + LINE / 2))
    return boxes


def _is_inside(box: Box, size: tuple[float, float]) -> bool:
    return box.left >= 0 and box.top >= 0 and box.right <= size[0] and box.bottom <= size[1]
