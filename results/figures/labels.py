"""Placement of point labels in a figure without overlaps; all lengths are pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LETTER, LINE = 6.9, 15.0  # width of a letter and height of a line in a 12-pixel font, rounded up
POINT, GAP = 7.0, 4.0  # the radius of a point, and the smallest distance of its label
DISTANCES = (1.0, 2.4, 4.0)  # tried in this order, in gaps


@dataclass(frozen=True)
class Label:
    """A text at a point (x right, y down); one that is `needed` may cover other points rather than be left out."""

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

    def overlap(self, other: Box) -> float:
        """Return the area of the overlap with another box, in square pixels."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(0.0, width) * max(0.0, height)

    @property
    def middle(self) -> tuple[float, float]:
        """Its centre."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


def place_labels(
    labels: Sequence[Label],
    points: Sequence[tuple[float, float]],
    size: tuple[float, float],
    obstacles: Sequence[Box] = (),
) -> list[Box | None]:
    """Return each label's box inside (0, 0)..`size`, or None if it does not fit; earlier labels have priority.

    Eight directions around the point are tried, for `needed` labels at several distances. Labels never overlap, and
    only `needed` ones may cover `points` and `obstacles` (error bars).
    """
    obstacles = [*(Box(x - POINT, y - POINT, x + POINT, y + POINT) for x, y in points), *obstacles]
    taken: list[Box] = []
    boxes: list[Box | None] = []
    for label in labels:
        free = [box for box in _around(label, size) if not any(box.overlap(other) for other in taken)]
        covered = [sum(box.overlap(other) for other in obstacles) for box in free]
        least = min(covered, default=0.0)
        best = free[covered.index(least)] if free and (label.needed or not least) else None
        boxes.append(best)
        if best:
            taken.append(best)
    return boxes


def _around(label: Label, size: tuple[float, float]) -> list[Box]:
    """Return the possible boxes of a label that are inside (0, 0)..`size`, the preferred ones first."""
    width = LETTER * len(label.text)
    boxes = []
    for gaps in DISTANCES if label.needed else DISTANCES[:1]:
        distance = POINT + GAP * gaps
        sides = [(1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (-1, -1), (1, 1), (-1, 1)]
        for right, down in sides:
            x = label.x + right * (distance + width / 2)
            y = label.y + down * (distance + LINE / 2)
            boxes.append(Box(x - width / 2, y - LINE / 2, x + width / 2, y + LINE / 2))
    return [box for box in boxes if min(box.left, box.top) >= 0 and box.right <= size[0] and box.bottom <= size[1]]
