from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from results.analysis.ablation import ablation_frame, ablation_rows, not_run, primary_rows
from results.analysis.contrasts import compare, score_interval
from results.database.database import Database
from results.measurements.study_results import StudyResults
from results.report.primary_rows import kind, note
from results.report.render import render_report

BASE = {"pooling": "cls", "sts_head": "concat", "schedule": "constant", "learning_rate": 3e-5}
BEST = {**BASE, "pooling": "mean"}
MAX = {**BASE, "pooling": "max"}


def ablate(
    make: Any, best_seeds: tuple[int, ...], other_seeds: tuple[int, ...], *, predictions: bool = True
) -> pd.DataFrame:
    cells = [
        make.cell("ablate", "best", BEST, 0),
        make.cell("ablate", "one_at_a_time:pooling=max", MAX, 1, factor="pooling", from_level="mean", to_level="max"),
    ]
    make.study()
    make.database.studies.replace_cells(make.name, "ablate", cells)
    make.database.studies.update(make.name, decisions_json={"best": cells[0].config_digest})
    for choices, seeds, quality in ((BEST, best_seeds, 0.8), (MAX, other_seeds, 0.7)):
        for seed in seeds:
            make.complete(choices, seed, "ablate", quality=quality, predictions=predictions)
    return ablation_frame(StudyResults(make.database, make.name))


def test_the_difference_is_that_of_the_seeds_both_have(light: Any) -> None:
    row = ablate(light, (1000, 1001, 1002), (1001, 1002, 1003)).iloc[0]
    score = {(run.choices_json["pooling"], run.seed): run.score for run in light.database.runs.of_study(light.name)}
    expected = sum(score["max", seed] - score["mean", seed] for seed in (1001, 1002)) / 2
    assert row["difference"] == pytest.approx(expected, abs=1e-6)
    assert (row["seeds"], row["paired_seeds"]) == (3, 2)
    assert row["low"] < row["difference"] < row["high"]
    assert row["interval_over"] == "seeds and examples"


def test_forbidden_changes_stand_together_by_factor_and_reason(light: Any) -> None:
    changes = [
        {"factor": "sampler", "from_level": "joint", "to_level": "uniform", "reason": "One task."},
        {"factor": "sampler", "from_level": "joint", "to_level": "annealed", "reason": "One task."},
        {"factor": "trainable", "from_level": "all", "to_level": "heads", "reason": "Nothing shared."},
    ]
    light.study(decisions_json={"ablations_left_out": 2, "ablations_forbidden": changes})
    found = not_run(light.database.studies.require(light.name))
    assert (found.beyond_budget, found.cannot_be_made) == (2, 3)
    assert [(c.factor, c.from_level, c.to_levels, c.reason) for c in found.forbidden] == [
        ("sampler", "joint", ("uniform", "annealed"), "One task."),
        ("trainable", "all", ("heads",), "Nothing shared."),
    ]


def test_a_study_without_an_ablation_left_nothing_out(light: Any) -> None:
    light.study()
    found = not_run(light.database.studies.require(light.name))
    assert (found.beyond_budget, found.cannot_be_made, found.forbidden) == (0, 0, ())


def test_one_common_seed_shows_no_difference(light: Any) -> None:
    row = ablate(light, (1000, 1001), (1001, 1002)).iloc[0]
    assert row[["difference", "low", "high"]].isna().all()
    assert row["paired_seeds"] == 0
    assert row["mean"] > 0


def test_without_predictions_the_interval_is_over_seeds_only(light: Any) -> None:
    row = ablate(light, (1000, 1001, 1002), (1000, 1001, 1002), predictions=False).iloc[0]
    assert row["interval_over"] == "seeds"
    assert row["low"] < row["difference"] < row["high"]


def test_a_cell_without_runs_is_a_row_without_numbers(light: Any) -> None:
    row = ablate(light, (1000, 1001), ()).iloc[0]
    assert (row["cell"], row["seeds"]) == ("one_at_a_time:pooling=max", 0)
    assert row[["mean", "spread", "difference"]].isna().all()


def test_the_table_is_empty_but_has_its_columns_before_a_best_is_known(light: Any) -> None:
    light.study()
    table = ablation_frame(StudyResults(light.database, light.name))
    assert len(table) == 0
    assert list(table.columns)[:5] == ["cell", "design", "factor", "from", "to"]


def test_the_largest_effect_comes_first(finished: Database) -> None:
    table = ablation_frame(StudyResults(finished, "demo-study"))
    effects = table["difference"].abs().tolist()
    assert effects == sorted(effects, reverse=True)
    assert table.iloc[0]["to"] == "cls"


def test_the_per_example_scores_average_to_the_recorded_score(finished: Database) -> None:
    results = StudyResults(finished, "demo-study")
    for digest in results.measured():
        found = score_interval(results, digest)
        scores = results.scores(digest)
        assert found.over == "seeds and examples"
        assert found.interval.estimate == pytest.approx(sum(scores) / len(scores), abs=1e-6)


def test_predictions_on_other_examples_are_not_paired(light: Any) -> None:
    light.study()
    light.complete(BEST, 1000, "ablate")
    light.complete(BEST, 1001, "ablate")
    light.complete(MAX, 1000, "ablate", predictions=False)
    light.complete(MAX, 1001, "ablate", predictions=False)
    results = StudyResults(light.database, light.name)
    one, other = results.measured()
    assert compare(results, one, other).over == "seeds"


def with_both_designs(make: Any, primary: dict[str, Any] | None) -> StudyResults:
    """A study whose row pooling=cls is asked for by both designs, and three others by one."""
    make.study()
    asked = [
        ("one_at_a_time", "pooling", "cls"),
        ("one_at_a_time", "pooling", "max"),
        ("leave_one_out", "pooling", "cls"),
        ("leave_one_out", "sts_head", "cosine"),
        ("one_at_a_time", "schedule", "linear"),
    ]
    cells = [make.cell("ablate", "best", BEST, 0)]
    for place, (design, factor, level) in enumerate(asked, start=1):
        told = {"factor": factor, "from_level": str(BEST[factor]), "to_level": level}
        cells.append(make.cell("ablate", f"{design}:{factor}={level}", {**BEST, factor: level}, place, **told))
    make.database.studies.replace_cells(make.name, "ablate", cells)
    decided = {"best": cells[0].config_digest, **({"primary": primary} if primary else {})}
    make.database.studies.update(make.name, decisions_json=decided)
    for choices in {str(cell.choices_json): cell.choices_json for cell in cells}.values():
        for seed in (1000, 1001, 1002):
            make.complete(choices, seed, "ablate", quality=0.6 + 0.05 * (choices["pooling"] == "max"))
    return StudyResults(make.database, make.name)


@pytest.mark.parametrize(
    ("primary", "expected"),
    [
        (None, {"pooling=cls", "sts_head=cosine"}),
        ({"design": "leave_one_out", "factors": []}, {"pooling=cls", "sts_head=cosine"}),
        ({"design": "leave_one_out", "factors": ["pooling"]}, {"pooling=cls"}),
        ({"design": "one_at_a_time", "factors": []}, {"pooling=cls", "pooling=max", "schedule=linear"}),
        ({"design": "one_at_a_time", "factors": ["schedule"]}, {"schedule=linear"}),
    ],
)
def test_the_declared_rows_are_primary_whichever_design_asked_first(light: Any, primary: Any, expected: Any) -> None:
    results = with_both_designs(light, primary)
    rows = ablation_rows(results, results.study.decisions_json["best"])
    assert len(rows) == 4
    found = {f"{row.cell.factor}={row.cell.to_level}" for row in rows if row.judgement and row.judgement.primary}
    assert found == expected


def test_without_a_declared_row_all_are_alike(light: Any) -> None:
    results = with_both_designs(light, {"design": "leave_one_out", "factors": ["learning_rate"]})
    assert primary_rows(results) is None
    rows = ablation_rows(results, results.study.decisions_json["best"])
    assert all(row.judgement and row.judgement.primary for row in rows)


def test_the_report_tells_primary_rows_from_secondary_ones(light: Any) -> None:
    results = with_both_designs(light, {"design": "leave_one_out", "factors": ["pooling"]})
    rows = ablation_rows(results, results.study.decisions_json["best"])
    kinds = {f"{row.cell.factor}={row.cell.to_level}": kind(row, rows) for row in rows}
    assert kinds == {
        "pooling=cls": "primary", "pooling=max": "secondary", "sts_head=cosine": "secondary",
        "schedule=linear": "secondary",
    }  # fmt: skip
    assert note(rows).startswith("Primary rows (1, as declared before the table began) are tested first, with 4.5 % of")
    assert "secondary rows (3) with 0.5 %" in note(rows)
    assert note(rows[:1]) == kind(rows[0], rows[:1]) == ""
    page = render_report(light.database, light.name)
    assert "one at a time, primary" in page and "one at a time, secondary" in page and note(rows) in page
