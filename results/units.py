"""How the numbers of a study are written: the metric's name, its unit, and whether higher or lower is better.

Statistics are computed on numbers of which more is better: `run.score`, and all means and differences of it. Of a
metric of which less is better they are the negative. `Unit` turns them back and writes them. A share (0..1) is the
unit of everything that nothing else is said of: its scores are written as they are, its differences in points,

    1 point = 0.01 of a share = 1 percentage point.

Every other number is written in its own unit, with digits that fit its size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

from results.statistics import MARGIN, Interval

SHARE, PERCENT = "share", "%"
MINUS = "\N{MINUS SIGN}"
NONE = "\N{EN DASH}"
MOST_DECIMALS = 9
PLAIN_BELOW, PLAIN_ABOVE = 1e-6, 1e12  # beyond these a number is written with its exponent


@dataclass(frozen=True)
class Unit:
    """How values of one metric are written.

    `name` of the metric, "score" where nothing else was said; `unit` is "share", "%", anything else, or "" for a number
    without one. The methods take numbers of which more is better (`oriented`), as statistics do.
    """

    name: str = "score"
    unit: str = SHARE
    higher_is_better: bool = True

    @property
    def is_share(self) -> bool:
        """Whether values are 0..1 and their differences points."""
        return self.unit == SHARE

    @property
    def sign(self) -> int:
        """From an oriented number to a natural one, and back."""
        return 1 if self.higher_is_better else -1

    @property
    def difference_scale(self) -> float:
        """What an oriented difference is multiplied by when it is written or drawn."""
        return self.sign * (100.0 if self.is_share else 1.0)

    @property
    def margin(self) -> float | None:
        """The margin of equivalence where none was asked for, in natural numbers: half a point, else there is none."""
        return MARGIN if self.is_share else 100 * MARGIN if self.unit == PERCENT else None

    @property
    def symbol(self) -> str:
        """What stands behind a value: "EUR", "%"; nothing behind a share."""
        return "" if self.is_share else self.unit

    @property
    def differences(self) -> str:
        """What differences are counted in, as the heading of a column: "points", "EUR", "RMSE"."""
        return "points" if self.unit in (SHARE, PERCENT) else self.unit or f"{self.name} difference"

    @property
    def heading(self) -> str:
        """The metric as the heading of a column of values: "score", "RMSE (EUR)"."""
        return f"{self.name} ({self.symbol})" if self.symbol else self.name

    @property
    def title(self) -> str:
        """`heading` as the first word of a column's title: "Score", "RMSE (EUR)"."""
        return f"{self.heading[0].upper()}{self.heading[1:]}"

    @property
    def differences_title(self) -> str:
        """`differences` as a column's title: "Points", "EUR"."""
        return "Points" if self.differences == "points" else self.differences

    @property
    def better(self) -> str:
        """ "higher" or "lower": which values are better."""
        return "higher" if self.higher_is_better else "lower"

    @property
    def best_first(self) -> str:
        """ "highest" or "lowest": the best of several values."""
        return "highest" if self.higher_is_better else "lowest"

    @property
    def worst_first(self) -> str:
        """The opposite of `best_first`."""
        return "lowest" if self.higher_is_better else "highest"

    @property
    def hover(self) -> str:
        """How plotly writes a value: d3's format."""
        return ".3f" if self.is_share else ",.4~g"

    def axis(self, words: str) -> str:
        """The title of an axis of values: "score on dev", "RMSE (EUR) on dev, lower is better". Escaped, for plotly."""
        return escape(words if self.higher_is_better else f"{words}, lower is better", quote=False)

    def difference_axis(self, words: str = "") -> str:
        """The title of an axis of differences: "points", "EUR over the baseline, below 0 is better". Escaped."""
        told = f"{self.differences} {words}".rstrip()
        return escape(told if self.higher_is_better else f"{told}, below 0 is better", quote=False)

    def oriented(self, natural: float) -> float:
        """The number of which more is better, 0.0 rather than -0.0."""
        return self.sign * natural + 0.0

    def natural(self, oriented: float) -> float:
        """The metric's own number."""
        return self.sign * oriented + 0.0

    def natural_interval(self, interval: Interval) -> dict[str, float]:
        """`estimate`, `low` and `high` of an interval of differences in natural numbers."""
        low, high = sorted((self.natural(interval.low), self.natural(interval.high)))
        return {"estimate": self.natural(interval.estimate), "low": low, "high": high}

    def drawn(self, difference: float) -> float:
        """An oriented difference as it is drawn, in points or in the unit."""
        return self.difference_scale * difference + 0.0

    def drawn_ends(self, interval: Interval) -> tuple[float, float]:
        """The lower and the upper end of an interval of differences, as drawn."""
        low, high = sorted((self.drawn(interval.low), self.drawn(interval.high)))
        return low, high

    def score(self, oriented: float | None) -> str:
        """A value without its unit: "0.713", "34,655"; a dash for none."""
        return NONE if oriented is None else self.number(self.natural(oriented))

    def number(self, natural: float | None) -> str:
        """`score` of a natural number."""
        if natural is None or math.isnan(natural):
            return NONE
        return _fixed(natural, 3) if self.is_share else _fixed(natural, _decimals(natural))

    def number_with_unit(self, natural: float | None) -> str:
        """`scored` of a natural number."""
        return self._with_symbol(self.number(natural))

    def scored(self, oriented: float | None) -> str:
        """A value with its unit, as in a sentence: "0.713", "87.3 %", "34,655 EUR"."""
        return self._with_symbol(self.score(oriented))

    def spread(self, mean: float | None, deviation: float | None) -> str:
        """ "0.713 ± 0.004", or the mean alone where one seed has no spread; without the unit."""
        if mean is None or deviation is None or math.isnan(mean) or math.isnan(deviation):
            return self.score(mean)
        if self.is_share:
            return f"{self.score(mean)} ± {deviation:.3f}"
        digits = _decimals_of(mean, deviation)
        return f"{_fixed(self.natural(mean), digits)} ± {_fixed(deviation, digits)}"

    def spread_with_unit(self, mean: float | None, deviation: float | None) -> str:
        """ "0.713 ± 0.004", "34,655 ± 120 EUR"."""
        return self._with_symbol(self.spread(mean, deviation))

    def score_interval(self, interval: Interval | None) -> str:
        """ "[0.704, 0.722]", the lower natural number first."""
        if interval is None:
            return NONE
        low, high = sorted((self.natural(interval.low), self.natural(interval.high)))
        digits = 3 if self.is_share else _decimals_of_ends(low, high)
        return f"[{_fixed(low, digits)}, {_fixed(high, digits)}]"

    def deviation(self, deviation: float | None) -> str:
        """How far values are apart, without a sign: "0.7" points, "120" EUR."""
        if deviation is None or math.isnan(deviation):
            return NONE
        shown = abs(self.difference_scale) * deviation
        return f"{shown:.1f}" if self._in_points else _fixed(shown, _decimals(shown, 2))

    def difference(self, oriented: float | None) -> str:
        """An oriented difference with its natural sign: "+4.9" points, "−0.011"; "0.0" has none."""
        if oriented is None or math.isnan(oriented):
            return NONE
        shown = self.drawn(oriented)
        return _signed(shown, 1 if self._in_points else _decimals(shown))

    def interval(self, interval: Interval | None) -> str:
        """ "[−3.0, −1.6]" in points or in the unit; an end near zero has as many digits as tell its side."""
        if interval is None:
            return NONE
        low, high = self.drawn_ends(interval)
        digits = 1 if self._in_points else _decimals(max(abs(low), abs(high)))
        return f"[{_end(low, digits)}, {_end(high, digits)}]"

    def change(self, oriented: float | None) -> str:
        """A difference with what it is counted in: "+4.9 points", "−120 EUR", "−0.011"."""
        told = self.difference(oriented)
        return told if told == NONE else f"{told} {self.counted}".rstrip()

    def apart(self, oriented: float) -> str:
        """A difference's size, without a sign: "0.5 points", "120 EUR"."""
        return f"{_short(abs(self.drawn(oriented)))} {self.counted}".rstrip()

    def apart_rounded(self, oriented: float) -> str:
        """`apart` as `deviation` writes it: "0.5 points", "120 EUR"."""
        return f"{self.deviation(abs(oriented))} {self.counted}".rstrip()

    def against(self, what: str) -> str:
        """Which side of zero is worse, for a table's note: "Points are hundredths of the score; below zero, ..."."""
        told, side = self.note().rstrip("."), "below" if self.higher_is_better else "above"
        return f"{told}; {side} zero, {what} worse."

    def note(self) -> str:
        """What differences are in, and which side is better: the first sentence of a table's note."""
        if self.unit == SHARE:
            told = f"Points are hundredths of the {self.name}"
        elif self.unit == PERCENT:
            told = f"Points are percentage points of the {self.name}"
        else:
            told = f"Differences are of the {self.name}" + (f", in {self.unit}" if self.unit else "")
        return f"{told}." if self.higher_is_better else f"{told}, of which lower is better."

    @property
    def _in_points(self) -> bool:
        return self.unit in (SHARE, PERCENT)

    @property
    def counted(self) -> str:
        """What stands behind a difference: "points", "EUR", nothing."""
        return "points" if self._in_points else self.unit

    def _with_symbol(self, text: str) -> str:
        return text if text == NONE or not self.symbol else f"{text} {self.symbol}"


def _fixed(value: float, digits: int) -> str:
    """A number with so many decimals, thousands apart; what shows as zero has no minus."""
    if value and not PLAIN_BELOW <= abs(value) < PLAIN_ABOVE:
        return f"{value:.3g}".replace("-", MINUS)
    return f"{value:z,.{digits}f}".replace("-", MINUS)


def _short(value: float) -> str:
    """A number from 0 with three digits, without zeros at its end: "0.5", "120"."""
    text = _fixed(value, _decimals(value))
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text


def _decimals(value: float, significant: int = 3) -> int:
    """The decimals that show a number with so many digits: 0.0113 has 4, 0.713 has 3, 12.3 has 1, 34,655 none."""
    if not value or not math.isfinite(value):
        return 1
    return min(MOST_DECIMALS, max(0, significant - 1 - math.floor(math.log10(abs(value)))))


def _decimals_of(value: float, deviation: float) -> int:
    """The decimals of a value and its deviation: those of the value, or more where the deviation would show as 0."""
    return max(_decimals(value), _decimals(deviation, 1) if deviation > 0 else 0)


def _decimals_of_ends(low: float, high: float) -> int:
    """The decimals of an interval of values: those of its smaller end, but no more than its width makes sense of."""
    most = _decimals((high - low) / 2, 2) if high > low else MOST_DECIMALS
    return max(_decimals(max(abs(low), abs(high))), min(most, _decimals(min(abs(low), abs(high)))))


def _signed(shown: float, digits: int) -> str:
    text = _fixed(shown, digits)
    if not any(digit in "123456789" for digit in text):
        return "0.0"
    return text if shown < 0 else f"+{text}"


def _end(shown: float, digits: int) -> str:
    """An end of an interval; one near zero has as many digits as tell its side."""
    if abs(shown) < 10.0 ** -(digits + 5):  # no more than rounding
        return "0.0"
    told = (_signed(shown, more) for more in range(digits, digits + 6))
    return next((text for text in told if text != "0.0"), "0.0")
