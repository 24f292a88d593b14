"""Fragments that filter the list of runs."""

from __future__ import annotations

from markupsafe import Markup

from results.figures.run_links import MOST_RUNS, having, linked, of_runs, ranges


def test_neighbours_are_a_range() -> None:
    assert ranges([9, 3, 7, 8, 8]) == "3,7-9"


def test_ids_come_as_numbers_or_as_a_column_has_them() -> None:
    assert of_runs((4, 5)) == of_runs("5 4") == "#runs=4-5"


def test_no_run_has_no_fragment() -> None:
    assert of_runs("") == of_runs(()) == ""


def test_very_many_runs_are_not_carried_one_by_one() -> None:
    assert of_runs(range(1, MOST_RUNS + 1)) == f"#runs=1-{MOST_RUNS}"
    assert of_runs(range(MOST_RUNS + 1)) == ""


def test_what_is_looked_for_cannot_end_the_fragment() -> None:
    assert having(cell="a;b=c:d", phase="search") == "#runs=cell:a%3Bb%3Dc%3Ad;phase:search"


def test_what_is_shown_stays_text() -> None:
    assert linked("<b>", (1, 2)) == Markup('<a class="runs" href="#runs=1-2">&lt;b&gt;</a>')
    assert linked("+1.0", "#runs=phase:search") == Markup('<a class="runs" href="#runs=phase:search">+1.0</a>')


def test_without_runs_there_is_no_link() -> None:
    shown = linked("<b>", "")
    assert shown == "<b>" and not isinstance(shown, Markup)
