"""Words for verdicts: what a row of a table shows or excludes, and the level of the interval that says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from results.statistics import VERDICTS, Judgement, Verdict
from results.text.units import Unit, rounded_up


def verdict_words(judgement: Judgement, unit: Unit) -> str:
    """Return the words of a verdict, in a unit: see `stated`."""
    return stated(
        judgement.verdict, unit, margin=judgement.margin, within=judgement.within, identical=judgement.identical
    )


def stated(
    verdict: Verdict, unit: Unit, *, margin: float | None, within: float | None = None, identical: bool = False
) -> str:
    """Return "helps", "no gain of more than 1 point", "equivalent within 1 point", "open, surely within ±2.3 points".

    A row with the outputs of the reference is "equivalent (identical outputs)". `margin` and `within` are in score
    units. The words that come before a comma, "open", are the verdict; the rest says what it excludes.
    """
    if identical:
        return "equivalent (identical outputs)"
    if verdict == "open" and within is not None:
        return f"open, {surely_within(unit, within)}"
    if margin is None or verdict in ("helps", "hurts", "open"):
        return verdict
    return f"{verdict} within {unit.apart(margin)}" if verdict == "equivalent" else f"{verdict}{of_more(unit, margin)}"


def surely_within(unit: Unit, within: float) -> str:
    """Return "surely within ±2.3 points", rounded up."""
    return f"surely within ±{rounded_up(unit, within)}"


def counted_verdicts(judgements: Iterable[Judgement], unit: Unit) -> str:
    """Return "2 hurt, 1 is equivalent, 3 have no gain of more than 1 point, 4 are open"; "" without a judgement."""
    known = list(judgements)
    counts = Counter(judgement.verdict for judgement in known)
    margins = {judgement.margin for judgement in known}
    margin = margins.pop() if len(margins) == 1 else None
    texts = {
        "helps": ("helps", "help"),
        "hurts": ("hurts", "hurt"),
        "no gain": ("has no gain", "have no gain"),
        "no loss": ("has no loss", "have no loss"),
    }
    parts = []
    for verdict in (each for each in VERDICTS if counts[each]):
        one, several = texts.get(verdict, (f"is {verdict}", f"are {verdict}"))
        more = of_more(unit, margin) if verdict in ("no gain", "no loss") else ""
        parts.append(f"{counts[verdict]} {one if counts[verdict] == 1 else several}{more}")
    return ", ".join(parts)


def level_words(level: float) -> str:
    """Return "90 %", "99.6 %" or "> 99.9 %", the level of an interval."""
    percent = f"{100 * level:.1f}".removesuffix(".0")
    return "> 99.9 %" if 100 * level > 99.9 else f"{percent} %"


def levels_note(judgements: Iterable[Judgement]) -> str:
    """Return the note on the intervals of a table: which one is shown, and with which level."""
    tested, by_margin = set[float](), set[float]()
    for judgement in judgements:
        if judgement.interval is not None and not judgement.identical:
            rest = tested if judgement.verdict in ("helps", "hurts", "open") else by_margin
            rest.add(judgement.level)
    texts = [
        f"{level_range(levels)} {of}"
        for levels, of in (
            (tested, "for tests of a difference from 0, open ones included, adjusted for the number of rows"),
            (by_margin, "for one-sided statements on the margin"),
        )
        if levels
    ]
    return f"Each interval is the one that the verdict uses: {'; '.join(texts)}." if texts else ""


def level_range(levels: Collection[float]) -> str:
    """Return "95 %", or "90 to 99.6 %" for different levels."""
    ends = [level_words(min(levels)), level_words(max(levels))]
    return ends[0] if ends[0] == ends[1] else f"{ends[0].removesuffix(' %')} to {ends[1]}"


def of_more(unit: Unit, margin: float | None) -> str:
    """Return " of more than 1 point", what "no gain" and "no loss" exclude; "" without a margin."""
    return "" if margin is None else f" of more than {unit.apart(margin)}"
