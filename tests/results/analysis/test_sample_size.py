"""What an open row needs, in a study's terms: further seeds with their hours, and more dev examples."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from results.analysis.ablation import ablation_frame, ablation_rows
from results.analysis.contrasts import Comparison
from results.analysis.sample_size import Needed, more_dev_examples, needed, needed_note, open_rows_line
from results.database.rows import StudyRow
from results.measurements.study_results import StudyResults
from results.statistics import Difference, Judgement, Noise, row_of_scores
from results.statistics.sample_size import SampleSize

BASE = {"pooling": "cls", "sts_head": "concat", "schedule": "constant", "learning_rate": 3e-5}
BEST = {**BASE, "pooling": "mean"}
SEEDS = (1000, 1001, 1002, 1003)


def study(**changes: Any) -> StudyRow:
    return StudyRow(
        study_name="s", space="s", goal="g", command="c", data_source="d", data_made_up=False, data_fingerprint="f",
        backbone="", seed=0, **changes,
    )  # fmt: skip


def comparison(over: Any = "seeds and examples", examples: int = 200) -> Comparison:
    row = replace(row_of_scores(np.array([0.0, 0.01, 0.02, 0.01])), example_df=examples - 1)
    return Comparison(Difference(0.01, Noise(1e-4, 1e-5, 3, examples - 1)), SEEDS, over, row)


def table(make: Any, **settings: Any) -> list[Any]:
    """The ablation of a study with one row of little difference, four seeds, and 64 seconds a run or a little more."""
    make.study(settings_json={"seeds": 4, "margin": 0.025, **settings})
    changed = {"factor": "pooling", "from_level": "mean", "to_level": "cls"}
    cells = [make.cell("ablate", "best", BEST, 0), make.cell("ablate", "leave_one_out:pooling", BASE, 1, **changed)]
    make.database.studies.replace_cells(make.name, "ablate", cells)
    make.database.studies.update(make.name, decisions_json={"best": cells[0].config_digest})
    for choices, quality in ((BEST, 0.61), (BASE, 0.6)):
        for seed in SEEDS:
            make.complete(choices, seed, "ablate", quality=quality)
    return ablation_rows(StudyResults(make.database, make.name), cells[0].config_digest)


def test_an_open_row_says_its_seeds_and_the_hours_of_the_row_and_of_its_reference(light: Any) -> None:
    (row,) = table(light)
    assert row.judgement.verdict == "open" and row.needed is not None and row.needed.seeds is not None
    each = [64 + 20 + seed % 7 for seed in SEEDS]  # both have the head `concat`
    assert row.needed.hours == pytest.approx(2 * row.needed.seeds * np.mean(each) / 3600)
    (record,) = ablation_frame(StudyResults(light.database, light.name)).to_dict("records")
    assert (record["needed_for"], record["needed_seeds"]) == (row.needed.verdict, row.needed.seeds)
    assert record["needed_hours"] == pytest.approx(row.needed.hours)


def test_a_reference_that_has_the_seeds_costs_nothing(light: Any) -> None:
    (before,) = table(light)
    for seed in range(2000, 2100):
        light.complete(BEST, seed, "ablate", predictions=False)
    results = StudyResults(light.database, light.name)
    best = results.study.decisions_json["best"]
    found = needed(results, before.comparison, before.judgement, before.cell.config_digest, best)
    assert found is not None and before.needed is not None
    assert (found.seeds, found.reference_seconds) == (before.needed.seeds, 0.0)
    assert found.row_seconds == before.needed.row_seconds


def test_a_study_with_interim_analyses_needs_the_seeds_of_a_new_one(light: Any) -> None:
    (row,) = table(light)
    results = StudyResults(light.database, light.name)
    results.study.settings_json["max_seeds"] = 6
    found = needed(results, row.comparison, row.judgement, row.cell.config_digest, results.study.decisions_json["best"])
    assert found is not None and row.needed is not None and found.seeds == row.needed.seeds + 4
    assert f"{found.seeds} seeds in a new study (" in found.text


def test_a_rehearsal_tells_no_hours(light: Any) -> None:
    (row,) = table(light, trainer="rehearsal")
    assert row.needed is not None and row.needed.hours is None and row.needed.seeds is not None


@pytest.mark.parametrize("verdict", ["helps", "no gain", "equivalent"])
def test_a_row_with_a_verdict_needs_nothing(light: Any, verdict: Any) -> None:
    (row,) = table(light)
    results = StudyResults(light.database, light.name)
    assert needed(results, row.comparison, Judgement(verdict, 1.0, 1.0), "a", "b") is None
    assert needed(results, None, row.judgement, "a", "b") is None


def test_the_words_of_a_need() -> None:
    both = Needed("no loss", 12, 900, 10_000.0, 1400.0)
    assert both.text == "no loss with 12 more seeds (3 h 10 min) or 900 more dev examples"
    assert Needed("helps", 1, None).text == "helps with 1 more seed"
    assert Needed("no gain", None, 1900).text == "no gain with 1,900 more dev examples"
    assert Needed("hurts", None, None).text == "hurts needs over 10 times the seeds"


def test_the_line_of_a_table_counts_the_runs_of_the_reference_once() -> None:
    rows = [Needed("no loss", 12, None, 3600.0, 1800.0), Needed("helps", 6, 300, 1800.0, 900.0)]
    assert open_rows_line(rows) == (
        "2 open rows: a verdict needs up to 12 more seeds (2 h 0 min of one worker) or up to 300 more dev examples per "
        "task for 1 of them."
    )
    assert open_rows_line([Needed("helps", None, None)]) == "1 open row: a verdict needs more than 10 times the seeds."
    assert open_rows_line([]) == needed_note([]) == ""


def test_dev_examples_without_a_known_limit_are_a_multiple_of_those_used() -> None:
    found = more_dev_examples(study(), comparison(), SampleSize("helps", None, 2.5))
    assert found == 300


def test_only_as_many_dev_examples_as_the_data_have() -> None:
    data = {"rows": {"sst/train": 900, "sst/dev": 200, "sts/dev": 200}, "dev_rows_available": {"sst": 1000, "sts": 300}}
    made, size = study(data_json=data, settings_json={"dev_examples": 200}), SampleSize("helps", None, 1.2)
    assert more_dev_examples(made, comparison(), size) == 40  # both tasks have 240
    # 1.6 times: the sum of 1/m is 1/160, of which sts keeps 1/300, so sst needs 343
    assert more_dev_examples(made, comparison(), replace(size, times=1.6)) == 143
    assert more_dev_examples(made, comparison(), replace(size, times=3.0)) is None


def test_an_older_study_that_used_all_dev_examples_has_no_more() -> None:
    data = {"rows": {"sst/dev": 200, "sts/dev": 150}}
    size = SampleSize("helps", None, 1.2)
    assert more_dev_examples(study(data_json=data), comparison(), size) is None
    limited = study(data_json=data, settings_json={"dev_examples": 200})  # sts has no more
    assert more_dev_examples(limited, comparison(), size) == 128


def test_of_scores_alone_dev_examples_say_nothing() -> None:
    assert more_dev_examples(study(), comparison("seeds"), SampleSize("helps", None, 2.0)) is None
