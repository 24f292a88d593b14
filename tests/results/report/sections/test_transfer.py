"""What each component does to each task: the matrix, its verdicts, and the alarm where tasks pay for one another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from planted_runs import confirmed_pair, planted_run

from results.analysis.contrasts import contrast, weights_of
from results.analysis.leaderboard import leaderboard
from results.analysis.pareto import pareto_frame
from results.analysis.summary import summarise
from results.analysis.task_contrasts import task_differences
from results.measurements.study_results import StudyResults
from results.report.render import render_report
from results.report.sections import transfer
from results.report.sections.transfer import Transfer
from results.statistics import holm, paired_difference
from tests.results.conftest import StudyMaker, digest_of

BASELINE = {"pooling": "cls", "sts_head": "concat", "schedule": "constant", "learning_rate": 3e-5}
BEST = {**BASELINE, "sts_head": "cosine"}
PLAIN = {"quora": 0.8, "sst": 0.7, "sts": 0.2}
TRADED = {"quora": 0.8, "sst": 0.6, "sts": 0.8}  # what the best has: worse at sentiment, better at similarity
SEEDS = (1000, 1001, 1002, 1003)
MEAN = {**BEST, "pooling": "mean"}


def traded(make: Any, seeds: tuple[int, ...] = SEEDS, design: str = "search", **options: Any) -> StudyResults:
    """The best has one component that helps STS and hurts SST; another change of it changes nothing."""
    make.study(data_made_up=False, space_json={"name": "small", "design": design, "factors": []})
    confirmed_pair(make, BASELINE, BEST, len(seeds))
    changes = [("leave_one_out", "sts_head", "cosine", "concat"), ("one_at_a_time", "pooling", "cls", "mean")]
    ablated = [
        make.cell(
            *("ablate", f"{design}:{factor}={to}", {**BEST, factor: to}, position),
            **{"factor": factor, "from_level": level, "to_level": to},
        )
        for position, (design, factor, level, to) in enumerate(changes)
    ]
    make.database.studies.replace_cells(make.name, "ablate", ablated)
    qualities: list[tuple[Mapping[str, Any], Mapping[str, float]]] = [(BASELINE, PLAIN), (BEST, TRADED), (MEAN, TRADED)]
    for choices, quality in qualities:
        for seed in seeds:
            planted_run(make, choices, seed, quality, **options)
    return StudyResults(make.database, make.name)


def section(results: StudyResults) -> Transfer:
    built = transfer.build(results, summarise(results))
    assert built is not None
    return built


@pytest.fixture(scope="module")
def results(shared: StudyMaker) -> StudyResults:
    return traded(shared)


@pytest.fixture(scope="module")
def found(results: StudyResults) -> Transfer:
    return section(results)


def test_a_component_that_helps_one_task_and_hurts_another_raises_the_alarm(found: Transfer) -> None:
    (alarm,) = found.alarms
    assert (alarm.factor, alarm.level, alarm.instead_of) == ("sts_head", "cosine", "concat")
    assert alarm.alarm == "helps sts, hurts sst"
    assert found.sentence().startswith("1 of 2 components helps one task and hurts another.")


def test_above_zero_is_the_component_doing_good(found: Transfer) -> None:
    rows = {row.factor: row for row in found.rows}
    cells = rows["sts_head"].cells
    assert cells["sst"].comparison.interval.estimate == pytest.approx(-0.1, abs=0.04)
    assert cells["sts"].comparison.interval.estimate > 0.1
    assert not rows["pooling"].alarm
    assert {cell.judgement.verdict for cell in rows["pooling"].cells.values()} <= {"open", "equivalent"}


def test_a_cell_is_the_paired_difference_of_right_and_wrong(shared: StudyMaker, results: StudyResults) -> None:
    best, other = (digest_of(choices) for choices in (BEST, BASELINE))
    found = contrast(results, {"sst": weights_of([other], [best])})
    right = []
    for digest in (other, best):
        kept = [p for run in results.results_of(digest).values() for p in results.examples.predictions(run.id)]
        right.append(np.stack([k.values.predictions == k.values.labels for k in kept if k.task == "sst"]))
    assert found is not None
    expected = paired_difference(*(np.array(each, dtype=float) for each in right))
    assert found.difference.estimate == pytest.approx(expected.estimate)
    assert found.difference.noise.examples == pytest.approx(expected.noise.examples)
    assert found.over == "seeds and examples"


def test_holm_goes_over_the_whole_matrix(shared: StudyMaker, results: StudyResults) -> None:
    best, *rows = (digest_of(choices) for choices in (BEST, BASELINE, MEAN))
    matrix = task_differences(results, rows, best, ["quora", "sst", "sts"])
    assert len(matrix) == 6
    adjusted = holm([cell.judgement.p for cell in matrix.values()])
    assert [cell.judgement.adjusted_p for cell in matrix.values()] == pytest.approx(list(adjusted))
    reverse = task_differences(results, rows, best, ["quora", "sst", "sts"], of_reference=True)
    for key, cell in matrix.items():
        assert reverse[key].comparison.interval.estimate == -cell.comparison.interval.estimate
        assert reverse[key].judgement.p == cell.judgement.p


def test_the_seed_noise_of_a_task_is_pooled_over_its_rows_alone(shared: StudyMaker, results: StudyResults) -> None:
    best, *rows = (digest_of(choices) for choices in (BEST, BASELINE, MEAN))
    alone = task_differences(results, rows, best, ["sts"])
    together = task_differences(results, rows, best, ["quora", "sst", "sts"])
    for key, cell in alone.items():
        assert together[key].comparison == cell.comparison
        assert cell.comparison.difference.noise.seed_df == len(SEEDS) - 1  # two rows are too few to be pooled


def test_with_one_seed_nothing_is_shown(light: Any) -> None:
    found = section(traded(light, SEEDS[:1]))
    assert found.cells == [] and found.alarms == []
    assert "No component has two seeds in common with the best configuration yet" in found.sentence()
    assert len(found.tables()["transfer"]) == 0


def test_without_predictions_seeds_alone_speak(light: Any) -> None:
    found = section(traded(light, kept=False))
    assert {cell.comparison.over for cell in found.cells} == {"seeds"}


def test_one_task_has_nothing_to_transfer_to(light: Any) -> None:
    light.study()
    cells = [light.cell("confirm", "baseline", BASELINE, 0), light.cell("confirm", "confirm:1", BEST, 1)]
    light.database.studies.replace_cells(light.name, "confirm", cells)
    for choices in (BASELINE, BEST):
        for seed in SEEDS:
            planted_run(light, choices, seed, {"sst": 0.6})
    results = StudyResults(light.database, light.name)
    assert transfer.build(results, summarise(results)) is None


def test_the_exported_rows_name_their_runs(shared: StudyMaker, results: StudyResults, found: Transfer) -> None:
    frame = found.tables()["transfer"]
    assert len(frame) == 6 and set(frame["task"]) == {"quora", "sst", "sts"}
    row = frame[(frame["factor"] == "sts_head") & (frame["task"] == "sst")].iloc[0]
    assert (row["verdict"], row["alarm"]) == ("hurts", "helps sts, hurts sst")
    best, other = (digest_of(choices) for choices in (BEST, BASELINE))
    runs = [run.id for digest in (best, other) for run in results.results_of(digest).values()]
    assert sorted(int(run) for run in row["run_ids"].split()) == sorted(runs)


def test_the_best_stands_against_the_baseline_as_a_whole_where_it_differs_in_more(light: Any) -> None:
    traded(light)
    other = {**BASELINE, "pooling": "max"}
    for seed in SEEDS:
        planted_run(light, other, seed, PLAIN)
    decided = {
        **light.database.studies.require(light.name).decisions_json,
        "baseline": digest_of(other),
        "baseline_choices": other,
    }
    light.database.studies.update(light.name, decisions_json=decided)
    found = section(StudyResults(light.database, light.name))
    assert found.rows[0].words == "all 2 changes from the baseline together"
    assert found.rows[0].alarm == "helps sts, hurts sst"


def test_training_together_is_compared_with_training_alone_where_that_can_be_done(light: Any) -> None:
    """The best alone on two of the tasks; on the third no law allows it."""
    traded(light)
    kept = [cell for cell in light.database.studies.cells(light.name) if cell.phase == "ablate"]
    alone = {task: {**BEST, "alone": task} for task in ("sst", "sts")}  # another digest
    cells = [light.cell("ablate", f"reference:{task}", choices, 5) for task, choices in alone.items()]
    light.database.studies.replace_cells(light.name, "ablate", [*kept, *cells])
    for task, quality in (("sst", 0.75), ("sts", 0.2)):
        for seed in SEEDS:
            planted_run(light, alone[task], seed, {task: quality}, phase="ablate")
    light.database.studies.decide(light.name, {"references_left_out": {"quora": "no <law> allows it"}})
    results = StudyResults(light.database, light.name)
    found = section(results)
    assert {task: cell.judgement.verdict for task, cell in found.together.items()} == {"sst": "hurts", "sts": "helps"}
    assert found.together["sst"].comparison.interval.estimate == pytest.approx(-0.15, abs=0.05)
    assert found.together_sentence() == "Training all tasks together helps sts and hurts sst."
    assert len(found.rows) == 2 and len(found.cells) == 6  # the matrix is as without them
    assert found.not_alone == {"quora": "no <law> allows it"}
    frame = found.tables()["transfer"]
    assert set(frame[frame["cell"] == "reference:sst"]["task"]) == {"sst"}
    text = render_report(light.database, light.name)
    assert "All tasks together or each alone" in text and "sst alone" in text
    assert "cannot be trained alone on 1 of the tasks: quora (no &lt;law&gt; allows it)" in text
    for digest in results.references().values():  # they are no rivals of other configurations
        assert digest not in results.measured() and results.results_of(digest)
        assert digest not in set(pareto_frame(results)["config_digest"])
        assert digest not in {entry.digest for entry in leaderboard(results)}


def test_the_rows_of_a_grid_are_read_against_the_baseline(light: Any) -> None:
    results = traded(light, design="grid")
    (row,) = section(results).rows
    assert row.cell == "confirm:1" and row.alarm == "helps sts, hurts sst"
    assert "better on the task than the baseline" in section(results).direction()
