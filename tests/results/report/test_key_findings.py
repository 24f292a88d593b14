"""Key findings: what is excluded of a row is neither open nor without a difference."""

from __future__ import annotations

from typing import Any

import pytest
from report_studies import write

from results.analysis.summary import summarise
from results.database.database import Database
from results.measurements.study_results import StudyResults
from results.report.key_findings import groups
from results.report.method_note import method_note

# Scores of five seeds; every row deviates from the baseline by the same pattern, so their noise is alike.
PATTERN = (0.02, -0.02, 0.012, -0.012, 0.0)


def task(mean: float, pattern: tuple[float, ...]) -> dict[str, list[float]]:
    scores = [mean + each for each in pattern]
    return {name: scores for name in ("sst", "quora", "sts")}


@pytest.fixture
def results(database: Database) -> StudyResults:
    turned = [PATTERN[place:] + PATTERN[:place] for place in range(5)]
    means = {"far": 0.6, "below": 0.68, "above": 0.72, "like": 0.7}
    rows = {"base": task(0.7, (0.0,) * 5)}
    rows |= {name: task(mean, pattern) for (name, mean), pattern in zip(means.items(), turned, strict=False)}
    rows["same"] = rows["base"]
    write(database, "none", rows, space_json={"design": "grid"})
    return StudyResults(database, "s")


def test_each_row_is_in_the_group_of_its_verdict_with_what_it_excludes(results: StudyResults) -> None:
    found: dict[str, dict[str, Any]] = {
        group.title: {each.words: each.says for each in group.findings} for group in groups(results, summarise(results))
    }
    assert found["What mattered"] == {"far": "hurts"}
    assert found["What made no difference"] == {"same": "equivalent (identical outputs)"}
    assert found["What is ruled out"] == {
        "above": "no loss of more than 1 point",
        "below": "no gain of more than 1 point",
    }
    assert list(found["What is open"]) == ["like"] and found["What is open"]["like"].startswith("surely within ±")


def test_the_method_note_names_what_was_used_for_the_table_and_no_more(results: StudyResults) -> None:
    note = dict(method_note(summarise(results), "Intervals are over seeds."))
    assert "Holm 1979" in note["Helps, hurts"] and "Bretz" not in note["Helps, hurts"]
    assert "Student's t over the seeds" in note["Noise"] and "two-way" not in note["Noise"]
    assert "The best" not in note  # a grid is compared with a baseline that nobody selected
    assert "more than 1 point" in note["Margin"] and "Intervals are over seeds." in note["What intervals cover"]
