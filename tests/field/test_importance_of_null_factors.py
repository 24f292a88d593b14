"""Importance has bars for what is told apart from null factors alone, with intervals that say what they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases import for_each
from scipy.stats import t

import results.importance.evaluate as measures
from results.importance.evaluate import FactorImportance, Importances, importances
from results.report.sections.importance import SearchImportance
from tests.results.importance.test_evaluate import searched


def shown(**above: float) -> SearchImportance:
    """A section of factors, each with the share of resamples in which it exceeds every null factor."""
    factors = tuple(
        FactorImportance(name, 0.5 - place / 100, 0.3, 0.6, share) for place, (name, share) in enumerate(above.items())
    )
    return SearchImportance(tuple(range(100)), 100, 0, 30, Importances(100, factors, 0.02))


@for_each(
    ("above", "bars", "listed"),
    [
        ({"a": 1.0, "null": 0.5, "b": 0.95}, ["b", "a"], ("null",)),  # a null one above a real one
        ({"a": 1.0, "b": 0.99}, ["b", "a"], ()),
        ({"<b>": 1.0, **{f"null_{i}": 0.94 for i in range(30)}}, ["&lt;b&gt;"], tuple(f"null_{i}" for i in range(30))),
    ],
)
def test_only_factors_told_apart_are_bars(above: dict[str, float], bars: list[str], listed: tuple[str, ...]) -> None:
    section = shown(**above)
    (figure,) = section.figures()
    assert figure.traces[0]["y"] == bars
    assert tuple(row.factor for row in section.undistinguished) == listed
    assert figure.rows == len(bars)
    assert "30 resamples of the runs" in figure.sentence and "Student's t" in figure.sentence
    assert ("not drawn" in figure.sentence) == bool(listed)


def test_where_none_is_told_apart_there_is_no_chart() -> None:
    section = shown(a=0.5, b=0.9)
    assert list(section.figures()) == []
    assert section.sentence() == section.importances.too_few != ""


@for_each("resamples", [20, 45])
def test_whiskers_are_student_s_t_with_the_deviation_of_the_resamples(
    resamples: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measures, "TREES", 4)
    kept = []
    whole = measures._evaluate

    def keeping(*given: Any) -> Any:
        kept.append(whole(*given))
        return kept[-1]

    monkeypatch.setattr(measures, "_evaluate", keeping)
    found = importances(*searched(40, effect=0.05), resamples=resamples)
    names = list(measures.groups_of(searched(40, effect=0.05)[0]))
    for one in found.factors:
        values = np.array([part[0, names.index(one.factor)] for part in kept])
        reach = t.ppf(0.975, resamples - 1) * values[1:].std(ddof=1)
        assert one.value == values[0] and one.low == pytest.approx(one.value - reach)
        assert one.high == pytest.approx(min(1.0, one.value + reach))
