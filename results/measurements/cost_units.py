"""The display units of costs: seconds, minutes or hours; MB or GB."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import floor, isfinite, log10

from results.text.formatting import count_text
from results.text.units import NONE

# Column -> (lowest amount in stored units, name, stored units per unit), the largest unit first.
UNITS: Mapping[str, Sequence[tuple[float, str, float]]] = {
    "train_seconds": ((2 * 3600, "h", 3600), (120, "min", 60), (0.1, "s", 1), (0, "ms", 1e-3)),
    "inference_ms": ((1000, "s", 1000), (0.1, "ms", 1), (0, "µs", 1e-3)),
    "peak_memory_bytes": ((1e10, "GB", 1e9), (1e5, "MB", 1e6), (0, "kB", 1e3)),
}


@dataclass(frozen=True)
class CostUnit:
    """The unit in which amounts of one cost are displayed: divided by `size`, followed by `name`."""

    name: str = ""
    size: float = 1.0

    def drawn(self, amount: float) -> float:
        """Return an amount in this unit, for an axis."""
        return amount / self.size

    def text(self, amount: float | None) -> str:
        """Return e.g. "13.7 min", "512 MB", "22,713,216": at least three digits, and all digits of the integer part."""
        if amount is None or not isfinite(amount):
            return NONE
        if not self.name:
            return count_text(amount) if amount == round(amount) or abs(amount) >= 100 else f"{amount:.3g}"
        shown = self.drawn(amount)
        decimals = max(0, 2 - floor(log10(abs(shown)))) if shown else 0
        return f"{shown:,.{decimals}f} {self.name}"

    def title(self, words: str) -> str:
        """Return the title of an axis, e.g. "training time of one run (min)"."""
        return f"{words} ({self.name})" if self.name else words


def unit_of(column: str, amounts: Iterable[float]) -> CostUnit:
    """Return the unit that suits the median of a cost; the stored unit without amounts or for an unknown column."""
    finite = sorted(amount for amount in amounts if isfinite(amount))
    median = abs(finite[len(finite) // 2]) if finite else None
    for least, name, size in UNITS.get(column, ()):
        if (median is None and size == 1) or (median is not None and median >= least):
            return CostUnit(name, size)
    return CostUnit()
