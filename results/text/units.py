"""How the numbers of a study are written: the metric's name, its unit, and whether higher or lower is better.

Statistics are computed on oriented numbers, of which more is better: `run.score`, and all means and differences of it.
Of a metric of which less is better they are the negative. `Unit` turns them back and writes them. A share (0..1) is the
unit where none is declared: its scores are written as they are, its differences in points,

    1 point = 0.01 of a share = 1 percentage point.

Every other number is written in its own unit, with digits that fit its size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from html import escape

from results.statistics import MARGIN, Interval

SHARE, PERCENT = "share", "%"
MINUS = "\N{MINUS SIGN}"
NONE = "\N{EN DASH}"
MOST_DECIMALS = 9
PLAIN_BELOW, PLAIN_ABOVE = 1e-6, 1e12  # beyond these a number is written with its exponent


@dataclass(frozen=True)
class Unit:
    """Name, unit and direction of a metric, and what follows from them; its methods take oriented numbers.

    `name` is "score" where none is declared; `unit` is "share", "%", anything else, or "" for a number without one.
    `sign` turns an oriented number into a natural one and back; `scale` an oriented difference into a written one.
    `margin` is the default margin of equivalence in natural numbers: half a point, or none. `symbol` follows a value
    ("EUR", "%"), `counted` a difference ("points", "EUR"). `differences`, `heading` and their titles name columns:
    "points", "RMSE (EUR)". `in_words`: "RMSE in EUR, lower is better". `note` says what differences are, `worse_side`
    which side of zero is worse. `hover` is d3's format of a value, for plotly.
    """

    name: str = "score"
    unit: str = SHARE
    higher_is_better: bool = True
    is_share: bool = field(init=False)
    sign: int = field(init=False)
    scale: float = field(init=False)
    margin: float | None = field(init=False)
    symbol: str = field(init=False)
    counted: str = field(init=False)
    differences: str = field(init=False)
    differences_title: str = field(init=False)
    heading: str = field(init=False)
    title: str = field(init=False)
    better: str = field(init=False)
    best_first: str = field(init=False)
    worse_side: str = field(init=False)
    in_words: str = field(init=False)
    note: str = field(init=False)
    hover: str = field(init=False)

    def __post_init__(self) -> None:
        for derived, value in (self._numbers() | self._words()).items():
            object.__setattr__(self, derived, value)  # the class is frozen

    def natural(self, oriented: float) -> float:
        """Return the metric's own number, 0.0 rather than -0.0."""
        return self.sign * oriented + 0.0

    oriented = natural  # turning a number is its own inverse

    def drawn(self, difference: float) -> float:
        """Return an oriented difference as it is drawn, in points or in the unit."""
        return self.scale * difference + 0.0

    def drawn_ends(self, interval: Interval) -> tuple[float, float]:
        """Return the lower and the upper end of an interval of differences, as drawn."""
        low, high = sorted((self.drawn(interval.low), self.drawn(interval.high)))
        return low, high

    def score(self, oriented: float | None) -> str:
        """Return a value without its unit: "0.713", "34,655"; a dash for none."""
        return NONE if oriented is None else self.number(self.natural(oriented))

    def number(self, natural: float | None) -> str:
        """Return a natural number as `score` writes it."""
        if natural is None or math.isnan(natural):
            return NONE
        return _fixed(natural, 3 if self.is_share else _decimals(natural))

    def scored(self, oriented: float | None) -> str:
        """Return a value with its unit, as in a sentence: "0.713", "87.3 %", "34,655 EUR"."""
        return self._with_symbol(self.score(oriented))

    def spread(self, mean: float | None, deviation: float | None) -> str:
        """Return "0.713 ± 0.004", or the mean alone where one seed has no spread; without the unit."""
        if mean is None or deviation is None or math.isnan(mean) or math.isnan(deviation):
            return self.score(mean)
        if self.is_share:
            return f"{self.score(mean)} ± {deviation:.3f}"
        digits = _decimals_of(mean, deviation)
        return f"{_fixed(self.natural(mean), digits)} ± {_fixed(deviation, digits)}"

    def spread_with_unit(self, mean: float | None, deviation: float | None) -> str:
        """Return "0.713 ± 0.004", "34,655 ± 120 EUR"."""
        return self._with_symbol(self.spread(mean, deviation))

    def score_interval(self, interval: Interval | None) -> str:
        """Return "[0.704, 0.722]", the lower natural number first."""
        if interval is None:
            return NONE
        low, high = sorted((self.natural(interval.low), self.natural(interval.high)))
        digits = 3 if self.is_share else _decimals_of_ends(low, high)
        return f"[{_fixed(low, digits)}, {_fixed(high, digits)}]"

    def deviation(self, deviation: float | None) -> str:
        """Return how far values are apart, without a sign: "0.7" points, "120" EUR."""
        if deviation is None or math.isnan(deviation):
            return NONE
        shown = abs(self.scale) * deviation
        return f"{shown:.1f}" if self.counted == "points" else _fixed(shown, _decimals(shown, 2))

    def difference(self, oriented: float | None) -> str:
        """Return an oriented difference with its natural sign: "+4.9" points, "−0.011"; "0.0" has none."""
        if oriented is None or math.isnan(oriented):
            return NONE
        shown = self.drawn(oriented)
        return _signed(shown, self._difference_decimals(shown))

    def interval(self, interval: Interval | None) -> str:
        """Return "[−3.0, −1.6]" in points or in the unit; an end near zero has as many digits as show its side."""
        if interval is None:
            return NONE
        low, high = self.drawn_ends(interval)
        digits = self._difference_decimals(max(abs(low), abs(high)))
        return f"[{_end(low, digits)}, {_end(high, digits)}]"

    def change(self, oriented: float | None) -> str:
        """Return a difference with what it is counted in: "+4.9 points", "−120 EUR", "−0.011"."""
        shown = self.difference(oriented)
        return shown if shown == NONE else f"{shown} {self.counted}".rstrip()

    def apart(self, oriented: float) -> str:
        """Return a difference's size, without a sign: "0.5 points", "120 EUR"."""
        return f"{_short(abs(self.drawn(oriented)))} {self.counted}".rstrip()

    def apart_rounded(self, oriented: float) -> str:
        """Return `apart` with the digits of `deviation`: "0.5 points", "120 EUR"."""
        return f"{self.deviation(abs(oriented))} {self.counted}".rstrip()

    def _numbers(self) -> dict[str, object]:
        is_share, in_points, sign = (
            self.unit == SHARE,
            self.unit in (SHARE, PERCENT),
            1 if self.higher_is_better else -1,
        )
        return {
            "is_share": is_share,
            "sign": sign,
            "scale": sign * (100.0 if is_share else 1.0),
            "margin": MARGIN if is_share else 100 * MARGIN if in_points else None,
            "hover": ".3f" if is_share else ",.4~g",
        }

    def _words(self) -> dict[str, object]:
        in_points, symbol = self.unit in (SHARE, PERCENT), "" if self.unit == SHARE else self.unit
        better = "higher" if self.higher_is_better else "lower"
        heading = f"{self.name} ({symbol})" if symbol else self.name
        differences = "points" if in_points else self.unit or f"{self.name} difference"
        note = f"Differences are of the {self.name}" + (f", in {self.unit}" if self.unit else "")
        if in_points:
            note = f"Points are {'hundredths' if self.unit == SHARE else 'percentage points'} of the {self.name}"
        within = " from 0 to 1" if self.unit == SHARE else f" in {self.unit}" if self.unit else ""
        return {
            "symbol": symbol,
            "counted": "points" if in_points else self.unit,
            "differences": differences,
            "differences_title": "Points" if in_points else differences,
            "heading": heading,
            "title": f"{heading[0].upper()}{heading[1:]}",
            "better": better,
            "best_first": f"{better.removesuffix('er')}est",
            "worse_side": "below" if self.higher_is_better else "above",
            "in_words": f"{self.name}{within}, {better} is better",
            "note": note if self.higher_is_better else f"{note}, of which lower is better",
        }

    def _difference_decimals(self, shown: float) -> int:
        return 1 if self.counted == "points" else _decimals(shown)

    def _with_symbol(self, text: str) -> str:
        return text if text == NONE or not self.symbol else f"{text} {self.symbol}"


SHARES = Unit()


def axis_title(unit: Unit, words: str) -> str:
    """Return the title of an axis of values, escaped: "score on dev", "RMSE (EUR) on dev, lower is better"."""
    return escape(words if unit.higher_is_better else f"{words}, lower is better", quote=False)


def difference_axis_title(unit: Unit, words: str = "") -> str:
    """Return the title of an axis of differences, escaped: "EUR over the baseline, below 0 is better"."""
    title = f"{unit.differences} {words}".rstrip()
    return escape(title if unit.higher_is_better else f"{title}, below 0 is better", quote=False)


def natural_interval(unit: Unit, interval: Interval) -> dict[str, float]:
    """Return `estimate`, `low` and `high` of an interval of differences in natural numbers."""
    low, high = sorted((unit.natural(interval.low), unit.natural(interval.high)))
    return {"estimate": unit.natural(interval.estimate), "low": low, "high": high}


def _fixed(value: float, digits: int) -> str:
    """Return a number with so many decimals, thousands apart; what shows as zero has no minus."""
    if value and not PLAIN_BELOW <= abs(value) < PLAIN_ABOVE:
        return f"{value:.3g}".replace("-", MINUS)
    return f"{value:z,.{digits}f}".replace("-", MINUS)


def _short(value: float) -> str:
    """Return a number from 0 with three digits, without zeros at its end: "0.5", "120"."""
    text = _fixed(value, _decimals(value))
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text


def _decimals(value: float, significant: int = 3) -> int:
    """Return the decimals of a number with so many digits: 0.0113 has 4, 0.713 has 3, 12.3 has 1, 34,655 none."""
    if not value or not math.isfinite(value):
        return 1
    return min(MOST_DECIMALS, max(0, significant - 1 - math.floor(math.log10(abs(value)))))


def _decimals_of(value: float, deviation: float) -> int:
    """Return the decimals of a value, or more where its deviation would show as 0."""
    return max(_decimals(value), _decimals(deviation, 1) if deviation > 0 else 0)


def _decimals_of_ends(low: float, high: float) -> int:
    """Return the decimals of an interval's smaller end, but no more than its width makes sense of."""
    most = _decimals((high - low) / 2, 2) if high > low else MOST_DECIMALS
    return max(_decimals(max(abs(low), abs(high))), min(most, _decimals(min(abs(low), abs(high)))))


def _signed(shown: float, digits: int) -> str:
    text = _fixed(shown, digits)
    if not any(digit in "123456789" for digit in text):
        return "0.0"
    return text if shown < 0 else f"+{text}"


def _end(shown: float, digits: int) -> str:
    """Return an end of an interval; one near zero has as many digits as tell its side."""
    if abs(shown) < 10.0 ** -(digits + 5):  # no more than rounding
        return "0.0"
    texts = (_signed(shown, more) for more in range(digits, digits + 6))
    return next((text for text in texts if text != "0.0"), "0.0")
