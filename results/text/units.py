"""Formatting of a study's numbers by the metric's name, unit and direction (higher or lower is better).

Statistics are computed on oriented numbers, for which higher is better: `run.score`, its means and differences. If
lower is better, they are the metric's negative; `Unit` converts them back to natural numbers. Without a declared unit,
the metric is a share (0..1), whose differences are in points:

    1 point = 0.01 of a share = 1 percentage point.

All other numbers are in their own unit, with digits that suit their size.
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
PLAIN_BELOW, PLAIN_ABOVE = 1e-6, 1e12  # smaller and larger numbers are written with an exponent


@dataclass(frozen=True)
class Unit:
    """Name, unit and direction of a metric, with the words derived from them; the methods take oriented numbers.

    `unit` is "share", "%", any other unit, or "" for none. Multiplying by `sign` converts between oriented and natural
    numbers, by `scale` an oriented difference to the displayed one. `margin` is the default equivalence margin in
    natural numbers: one point, or None. `symbol` follows a value ("EUR", "%"), `counted` a difference ("points",
    "EUR"). `differences`, `heading` and their titles are column headings: "points", "RMSE (EUR)". `in_words`: "RMSE in
    EUR, lower is better". `note` explains the differences; `worse_side` ("below") is the side of zero that is worse.
    `hover` is the d3 format of a value, for plotly.
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
        """Return the metric's natural number, 0.0 rather than -0.0."""
        return self.sign * oriented + 0.0

    oriented = natural  # a change of sign is its own inverse

    def drawn(self, difference: float) -> float:
        """Return an oriented difference as displayed, in points or in the unit."""
        return self.scale * difference + 0.0

    def drawn_ends(self, interval: Interval) -> tuple[float, float]:
        """Return the lower and the upper end of an interval of differences, as displayed."""
        low, high = sorted((self.drawn(interval.low), self.drawn(interval.high)))
        return low, high

    def score(self, oriented: float | None) -> str:
        """Return a value without its unit, "0.713" or "34,655"; a dash for none."""
        return NONE if oriented is None else self.number(self.natural(oriented))

    def number(self, natural: float | None) -> str:
        """Return a natural number in the format of `score`."""
        if natural is None or math.isnan(natural):
            return NONE
        return _fixed(natural, 3 if self.is_share else _decimals(natural))

    def scored(self, oriented: float | None) -> str:
        """Return a value with its unit: "0.713", "87.3 %", "34,655 EUR"."""
        return self._with_symbol(self.score(oriented))

    def spread(self, mean: float | None, deviation: float | None) -> str:
        """Return "0.713 ± 0.004" without the unit, or just the mean if there is no deviation."""
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
        """Return a standard deviation or distance without its unit: "0.7" (points), "120" (EUR)."""
        if deviation is None or math.isnan(deviation):
            return NONE
        shown = abs(self.scale) * deviation
        return f"{shown:.1f}" if self.counted == "points" else _fixed(shown, _decimals(shown, 2))

    def difference(self, oriented: float | None) -> str:
        """Return an oriented difference with its natural sign, "+4.9" (points) or "−0.011"; "0.0" has no sign."""
        if oriented is None or math.isnan(oriented):
            return NONE
        shown = self.drawn(oriented)
        return _signed(shown, self._difference_decimals(shown))

    def interval(self, interval: Interval | None) -> str:
        """Return "[−3.0, −1.6]" in points or in the unit, with enough digits to show the side of zero of an end."""
        if interval is None:
            return NONE
        low, high = self.drawn_ends(interval)
        digits = self._difference_decimals(max(abs(low), abs(high)))
        return f"[{_end(low, digits)}, {_end(high, digits)}]"

    def change(self, oriented: float | None) -> str:
        """Return a difference with its unit: "+4.9 points", "−120 EUR", "−0.011"."""
        shown = self.difference(oriented)
        return shown if shown == NONE else f"{shown} {self.counted}".rstrip()

    def apart(self, oriented: float) -> str:
        """Return the size of a difference with its unit: "0.5 points", "1 point", "120 EUR"."""
        size = _short(abs(self.drawn(oriented)))
        return f"{size} {'point' if size == '1' and self.counted == 'points' else self.counted}".rstrip()

    def apart_rounded(self, oriented: float) -> str:
        """Return the size of a difference with the digits of `deviation`: "0.5 points", "120 EUR"."""
        return f"{self.deviation(abs(oriented))} {self.counted}".rstrip()

    def _numbers(self) -> dict[str, object]:
        is_share, sign = self.unit == SHARE, 1 if self.higher_is_better else -1
        return {
            "is_share": is_share,
            "sign": sign,
            "scale": sign * (100.0 if is_share else 1.0),
            "margin": {SHARE: MARGIN, PERCENT: 100 * MARGIN}.get(self.unit),
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
            "note": note if self.higher_is_better else f"{note}; lower is better",
        }

    def _difference_decimals(self, shown: float) -> int:
        return 1 if self.counted == "points" else _decimals(shown)

    def _with_symbol(self, text: str) -> str:
        return text if text == NONE or not self.symbol else f"{text} {self.symbol}"


SHARES = Unit()


def axis_title(unit: Unit, words: str) -> str:
    """Return the escaped title of an axis of values: "score on dev", "RMSE (EUR) on dev, lower is better"."""
    return escape(words if unit.higher_is_better else f"{words}, lower is better", quote=False)


def difference_axis_title(unit: Unit, words: str = "") -> str:
    """Return the escaped title of an axis of differences: "EUR over the baseline, below 0 is better"."""
    title = f"{unit.differences} {words}".rstrip()
    return escape(title if unit.higher_is_better else f"{title}, below 0 is better", quote=False)


def natural_interval(unit: Unit, interval: Interval) -> dict[str, float]:
    """Return `estimate`, `low` and `high` of an interval of differences in natural numbers."""
    low, high = sorted((unit.natural(interval.low), unit.natural(interval.high)))
    return {"estimate": unit.natural(interval.estimate), "low": low, "high": high}


def rounded_up(unit: Unit, oriented: float) -> str:
    """Return the size of a difference with its unit and the digits of `Unit.deviation`, never less than it is."""
    shown = abs(unit.drawn(oriented))
    digits = 1 if unit.counted == "points" else _decimals(shown, 2)
    up = math.ceil(round(shown * 10**digits, 6)) / 10**digits
    return f"{_fixed(up, digits)} {unit.counted}".rstrip()


def _fixed(value: float, digits: int) -> str:
    """Return a number with `digits` decimals and thousands separators; one that rounds to zero has no minus sign."""
    if value and not PLAIN_BELOW <= abs(value) < PLAIN_ABOVE:
        return f"{value:.3g}".replace("-", MINUS)
    return f"{value:z,.{digits}f}".replace("-", MINUS)


def _short(value: float) -> str:
    """Return a number of at least 0 with three digits, without trailing zeros: "0.5", "120"."""
    text = _fixed(value, _decimals(value))
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text


def _decimals(value: float, significant: int = 3) -> int:
    """Return the decimals that show `significant` digits: 4 for 0.0113, 3 for 0.713, 1 for 12.3, 0 for 34,655."""
    if not value or not math.isfinite(value):
        return 1
    return min(MOST_DECIMALS, max(0, significant - 1 - math.floor(math.log10(abs(value)))))


def _decimals_of(value: float, deviation: float) -> int:
    """Return the decimals of a value, or more if its deviation would round to 0."""
    return max(_decimals(value), _decimals(deviation, 1) if deviation > 0 else 0)


def _decimals_of_ends(low: float, high: float) -> int:
    """Return the decimals of an interval's smaller end, limited by the interval's width."""
    most = _decimals((high - low) / 2, 2) if high > low else MOST_DECIMALS
    return max(_decimals(max(abs(low), abs(high))), min(most, _decimals(min(abs(low), abs(high)))))


def _signed(shown: float, digits: int) -> str:
    text = _fixed(shown, digits)
    if not any(digit in "123456789" for digit in text):
        return "0.0"
    return text if shown < 0 else f"+{text}"


def _end(shown: float, digits: int) -> str:
    """Return an end of an interval, with enough digits to show on which side of zero it is."""
    if abs(shown) < 10.0 ** -(digits + 5):  # rounding error
        return "0.0"
    texts = (_signed(shown, more) for more in range(digits, digits + 6))
    return next((text for text in texts if text != "0.0"), "0.0")
