"""The words of verdicts are the same wherever a row is shown."""

from __future__ import annotations

import pytest

from results.statistics import Difference, Judgement, Noise, Verdict, judge
from results.text.units import SHARES, Unit
from results.text.verdict_words import counted_verdicts, level_words, levels_note, stated, verdict_words

ERRORS = Unit("RMSE", "EUR", higher_is_better=False)


def difference(estimate: float, error: float = 0.001) -> Difference:
    return Difference(estimate, Noise(error**2, 0.0, 9, 0))


@pytest.mark.parametrize(
    ("estimate", "error", "words"),
    [
        (0.03, 0.001, "helps"),
        (-0.03, 0.001, "hurts"),
        (0.002, 0.001, "equivalent within 1 point"),
        (0.0, 0.0, "equivalent (identical outputs)"),
        (-0.02, 0.015, "no gain of more than 1 point"),
        (0.02, 0.015, "no loss of more than 1 point"),
        (0.001, 0.01, "open, surely within ±2.0 points"),
    ],
)
def test_a_row_says_what_it_shows_or_excludes(estimate: float, error: float, words: str) -> None:
    (judgement,) = judge([[difference(estimate, error)]])
    assert verdict_words(judgement, SHARES) == words


def test_the_margin_of_the_words_is_the_studys_in_its_unit() -> None:
    (judgement,) = judge([[difference(-200, 150)]], margin=120)
    assert verdict_words(judgement, ERRORS) == "no gain of more than 120 EUR"
    assert stated("no gain", SHARES, margin=0.005) == "no gain of more than 0.5 points"
    assert stated("equivalent", SHARES, margin=None, identical=True) == "equivalent (identical outputs)"


def test_the_range_of_an_open_row_is_rounded_up() -> None:
    assert stated("open", SHARES, margin=0.01, within=0.02301) == "open, surely within ±2.4 points"
    assert stated("open", SHARES, margin=0.01, within=0.023) == "open, surely within ±2.3 points"
    assert stated("open", ERRORS, margin=None, within=123.2) == "open, surely within ±124 EUR"
    assert stated("open", SHARES, margin=0.01) == "open"


def test_counts_of_a_table_name_every_verdict_that_occurs() -> None:
    verdicts: list[Verdict] = ["hurts", "no gain", "no gain", "no loss", "equivalent", "open"]
    rows = [Judgement(verdict, 1.0, 1.0, margin=0.01) for verdict in verdicts]
    assert counted_verdicts(rows, SHARES) == (
        "1 hurts, 1 is equivalent, 2 have no gain of more than 1 point, 1 has no loss of more than 1 point, 1 is open"
    )
    assert counted_verdicts([], SHARES) == ""


def test_the_note_gives_the_levels_of_the_intervals_that_are_shown() -> None:
    rows = judge([[difference(0.03)], [difference(0.0, 0.01)], [difference(-0.02, 0.015)]])
    assert [row.verdict for row in rows] == ["helps", "open", "no gain"]
    assert levels_note(rows) == (
        "Each interval is the one that the verdict uses: 97.5 to 98.3 % for tests of a difference from 0, open ones "
        "included, adjusted for the number of rows; 90 % for one-sided statements on the margin."
    )
    assert levels_note([]) == ""
    assert (level_words(0.9), level_words(0.99643), level_words(0.99999)) == ("90 %", "99.6 %", "> 99.9 %")


def test_the_interval_and_the_p_of_a_row_agree_with_its_verdict() -> None:
    rows = judge([[difference(0.03)], [difference(0.005, 0.01)], [difference(-0.02, 0.015)], [difference(0.002)]])
    assert [row.verdict for row in rows] == ["helps", "open", "no gain", "equivalent"]
    shown = [row.interval for row in rows]
    assert [each.excludes_zero for each in shown[:2] if each] == [True, False]
    assert shown[2] is not None and shown[2].high < 0.01
    assert shown[3] is not None and shown[3].low > -0.01 and shown[3].high < 0.01
    assert [row.verdict_p for row in rows] == [
        rows[0].adjusted_p, rows[1].adjusted_p, rows[2].no_gain_p, rows[3].equivalence_p
    ]  # fmt: skip
