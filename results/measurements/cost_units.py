"""The unit that a study's report writes a cost in: seconds, minutes or hours; MB or GB."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import floor, isfinite, log10

from results.text.formatting import NONE, count_text

# Column -> (from this many stored units on, name, stored units in one), the largest first; what is stored is last.
UNITS: Mapping[str, Sequence[tuple[float, str, float]]] = {
    "train_seconds": ((2 * 3600, "h", 3600), (120, "min", 60), (0.1, "s", 1), (0, "ms", 1e-3)),
    "inference_ms": ((1000, "s", 1000), (0.1, "ms", 1), (0, "µs", 1e-3)),
    "peak_memory_bytes": ((1e10, "GB", 1e9), (1e5, "MB", 1e6), (0, "kB", 1e3)),
}


@dataclass(frozen=True)
class CostUnit:
    """How amounts of one cost are written and drawn: divided by `size`, with `name` behind them."""

    name: str = ""
    size: float = 1.0

    def drawn(self, amount: float) -> float:
        """Return an amount on an axis."""
        return amount / self.size

    def text(self, amount: float | None) -> str:
        """Return "13.7 min", "512 MB", "22,713,216": three digits at least, and all before the decimal point."""
        if amount is None or not isfinite(amount):
            return NONE
        if not self.name:
            return count_text(amount) if amount == round(amount) or abs(amount) >= 100 else f"{amount:.3g}"
        shown = self.drawn(amount)
        decimals = max(0, 2 - floor(log10(abs(shown)))) if shown else 0
        return f"{shown:,.{decimals}f} {self.name}"

    def title(self, words: str) -> str:
        """Return the title of an axis: "training time of one run (min)"."""
        return f"{words} ({self.name})" if self.name else words


def unit_of(column: str, amounts: Iterable[float]) -> CostUnit:
    """Return the unit for a cost by the middle one of its amounts; as it is stored for an unknown column."""
    known = sorted(amount for amount in amounts if isfinite(amount))
    if column not in UNITS or not known:
        name, size = next(((name, size) for _, name, size in UNITS.get(column, ()) if size == 1), ("", 1.0))
        return CostUnit(name, size)
    middle = abs(known[len(known) // 2])
    name, size = next((name, size) for least, name, size in UNITS[column] if middle >= least)
    return CostUnit(name, size)
