from __future__ import annotations

from typing import Any

import pytest

from results.analysis.leaderboard import best_digest, configuration_result, confirmed_ranking, leaderboard_frame
from results.analysis.pareto import pareto_frame
from results.database.database import Database
from results.measurements.study_results import StudyResults

A = {"pooling": "cls", "sts_head": "concat", "schedule": "constant", "learning_rate": 3e-5}
B = {**A, "pooling": "mean"}


def confirm(make: Any, *configurations: dict[str, Any]) -> list[str]:
    names = ("baseline", "confirm:1", "confirm:2")
    cells = [make.cell("confirm", names[i], choices, i) for i, choices in enumerate(configurations)]
    make.database.studies.replace_cells(make.name, "confirm", cells)
    return [cell.config_digest for cell in cells]


def test_the_higher_mean_over_fresh_seeds_comes_first(light: Any) -> None:
    light.study(settings_json={"seeds": 2})
    a, b = confirm(light, A, B)
    for seed in (1000, 1001):
        light.complete(A, seed, "confirm", quality=0.5)
        light.complete(B, seed, "confirm", quality=0.8)
    assert confirmed_ranking(StudyResults(light.database, light.name)) == [b, a]


def test_a_lucky_search_score_does_not_count(light: Any) -> None:
    light.study(settings_json={"seeds": 2})
    a, b = confirm(light, A, B)
    light.complete(A, 0, "search", quality=1.0)
    for seed in (1000, 1001):
        light.complete(A, seed, "confirm", quality=0.5)
        light.complete(B, seed, "confirm", quality=0.8)
    assert confirmed_ranking(StudyResults(light.database, light.name)) == [b, a]
    found = configuration_result(StudyResults(light.database, light.name), a)
    assert found is not None and found.seeds == 2 and found.mean < 0.8


def test_a_configuration_without_all_seeds_is_not_ranked(light: Any) -> None:
    light.study(settings_json={"seeds": 2})
    a, _ = confirm(light, A, B)
    for seed in (1000, 1001):
        light.complete(A, seed, "confirm")
    light.complete(B, 1000, "confirm", quality=0.9)
    light.failed(B, 1001)
    assert confirmed_ranking(StudyResults(light.database, light.name)) == [a]


def test_nothing_is_ranked_before_the_requested_number_of_seeds(light: Any) -> None:
    light.study(settings_json={"seeds": 3})
    confirm(light, A)
    light.complete(A, 1000, "confirm")
    assert confirmed_ranking(StudyResults(light.database, light.name)) == []
    assert best_digest(StudyResults(light.database, light.name)) is None


def test_a_run_of_the_search_counts_only_when_its_seed_is_listed(light: Any) -> None:
    light.study(settings_json={"confirm_seeds": [0]})
    (a,) = confirm(light, A)
    light.complete(A, 0, "search")
    assert confirmed_ranking(StudyResults(light.database, light.name)) == [a]


def test_the_decided_best_is_the_best_while_it_has_results(light: Any) -> None:
    light.study()
    a, b = confirm(light, A, B)
    for seed in (1000, 1001, 1002):
        light.complete(A, seed, "confirm", quality=0.5)
        light.complete(B, seed, "confirm", quality=0.8)
    light.database.studies.update(light.name, decisions_json={"best": a})
    assert best_digest(StudyResults(light.database, light.name)) == a
    light.database.studies.update(light.name, decisions_json={"best": "of an earlier launch"})
    assert best_digest(StudyResults(light.database, light.name)) == b


def test_further_seeds_do_not_change_which_is_the_best(light: Any) -> None:
    """Whoever is open or compared with gets them: by these, a launch again would choose another best."""
    light.study(settings_json={"seeds": 2, "max_seeds": 4, "seed_list": [9, 3, 5, 1]})
    a, b = confirm(light, A, B)
    for seed in (9, 3):
        light.complete(A, seed, "confirm", quality=0.8)
        light.complete(B, seed, "confirm", quality=0.7)
    for seed in (5, 1):
        light.complete(A, seed, "ablate", quality=0.2)
    assert confirmed_ranking(StudyResults(light.database, light.name)) == [a, b]


def test_printed_labels_are_kept_the_baselines_among_them(light: Any) -> None:
    light.study()
    cells = [("baseline", A), ("row:Dropout=0.5", A), ("row:lr=1e-5, all", A), ("row:Mean", B)]
    rows = [light.cell("confirm", name, choices, i) for i, (name, choices) in enumerate(cells)]
    light.database.studies.replace_cells(light.name, "confirm", rows)
    light.complete(A, 1000, "confirm", quality=0.5)
    light.complete(B, 1000, "confirm", quality=0.8)
    table = leaderboard_frame(StudyResults(light.database, light.name))
    assert table["label"].tolist() == ["Mean", "Dropout=0.5; lr=1e-5, all"]
    assert table["is_baseline"].tolist() == [False, True]
    costs = pareto_frame(StudyResults(light.database, light.name)).set_index("config_digest")["label"]
    assert set(costs) == set(table["label"])


def test_mean_and_spread_are_those_of_the_runs(finished: Database) -> None:
    table = leaderboard_frame(StudyResults(finished, "demo-study"))
    first = table.iloc[0]
    scores = [
        run.score
        for run in finished.runs.of_study("demo-study", config_digest=first["config_digest"])
        if run.phase != "search"
    ]
    assert first["mean"] == pytest.approx(sum(scores) / 3)
    variance = sum((score - sum(scores) / 3) ** 2 for score in scores) / 2
    assert first["spread"] == pytest.approx(variance**0.5)
    assert first["low"] < first["mean"] < first["high"]


def test_test_scores_are_those_of_best_and_baseline_only(finished: Database) -> None:
    table = leaderboard_frame(StudyResults(finished, "demo-study"))
    assert table["test_seeds"].tolist() == [3, 0, 3]
    assert table["is_best"].tolist() == [True, False, False]
    assert table["is_baseline"].tolist() == [False, False, True]


def test_training_time_counts_stages_that_another_run_had_paid_for(light: Any) -> None:
    light.study()
    light.complete(A, 1000, "confirm")
    (digest,) = {run.config_digest for run in light.database.runs.of_study(light.name)}
    found = configuration_result(StudyResults(light.database, light.name), digest)
    assert found is not None and found.train_seconds == 60.0 + 20 + 1000 % 7 + 6.0
