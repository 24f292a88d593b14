"""`--max-seeds`: open rows alone get further seeds, whoever is killed when; without it everything is as it was."""

from __future__ import annotations

from typing import Any

import pytest
from place import Place

from results.analysis.ablation import ablation_frame, compared_with_best
from results.analysis.grid import compared_with_baseline
from results.analysis.leaderboard import baseline_digest, best_digest
from results.analysis.sequential import ROUNDS, SequentialRow, interim_analyses, schedule
from results.database.database import open_database
from results.measurements.study_results import StudyResults
from study.resolve import resolve
from study.trainers.rehearsal.trainer import OPTIONS

STUDY = ("--space", "pooling", "--rehearse", "--budget", "standard", "--trials", "8", "--seeds", "3", "--workers", "1")
UNPRINTED = ("--phases", "search,confirm,ablate")
RUNS = "select config_digest, seed, phase, status, score from run where study_name = ? order by config_digest, seed"


def runs(place: Place, name: str) -> list[tuple[Any, ...]]:
    return place.rows(RUNS, (name,))


def table(place: Place, name: str) -> tuple[StudyResults, list[SequentialRow], str]:
    """The study's table after its looks, and the configuration that it compares with."""
    with open_database(f"sqlite:///{place.database}") as database:
        results = StudyResults(database, name)
        grid = results.study.space_json["design"] == "grid"
        reference = (baseline_digest if grid else best_digest)(results) or pytest.fail("nothing was decided")
        rows = compared_with_baseline(results, reference) if grid else list(compared_with_best(results, reference))
        plan = schedule(results.study) or pytest.fail("the study has no looks")
        return results, interim_analyses(results, rows, reference, plan), reference


def launch(place: Place, *arguments: str) -> str:
    done = place.call(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(("space", "seed"), [("pooling", "7"), ("sankhe_table4", "1")])
def test_open_rows_and_what_they_are_compared_with_get_further_seeds(place: Place, space: str, seed: str) -> None:
    told = launch(place, *STUDY, "--space", space, "--seed", seed, "--max-seeds", "6", "--name", "s")
    results, rows, reference = table(place, "s")
    had = {row.digest: len(results.results_of(row.digest)) for row in rows}
    assert had == {row.digest: (3, 5, 6)[len(row.differences) - 1] for row in rows}
    rounds = results.study.decisions_json[ROUNDS][reference]
    assert had == {digest: max([3, *(each.get(digest, 0) for each in rounds)]) for digest in had}
    decided = [row.digest for row in rows if not row.is_open]
    assert decided and min(had[digest] for digest in decided) < 6 == max(had.values())
    assert len(results.results_of(reference)) == 6
    assert "further seed" in told and "verdicts account for the interim analyses" in told
    page = (place.folder / "runs" / "s" / "report.html").read_text()
    assert "Every row has 3 seeds" in page and ">6 seeds<" in page


@pytest.mark.slow
def test_as_many_at_most_as_at_first_is_as_it_was(place: Place) -> None:
    launch(place, *STUDY, *UNPRINTED, "--name", "without")
    launch(place, *STUDY, *UNPRINTED, "--max-seeds", "3", "--name", "equal")
    assert runs(place, "without") == runs(place, "equal")
    with open_database(f"sqlite:///{place.database}") as database:
        tables = [
            ablation_frame(StudyResults(database, name)).drop(columns=["run_ids", "best_run_ids"])
            for name in ("without", "equal")
        ]
        assert tables[0].equals(tables[1])


@pytest.mark.parametrize(
    "further", [pytest.param(1, marks=pytest.mark.nightly), pytest.param(7, marks=pytest.mark.slow)]
)
def test_killed_in_a_round_it_goes_on_to_the_rows_of_a_study_left_alone(
    place: Place, further: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("alone", "killed"):
        launch(place, *STUDY, *UNPRINTED, "--name", name)
    further_seeds = ("--max-seeds", "6", *UNPRINTED, "--workers")
    launch(place, "--name", "alone", *further_seeds, "1")
    ended = "from run where study_name = 'killed' and status = 'complete'"
    slow = ("--name", "killed", "--rehearse", *further_seeds, "1")
    first = ",".join(map(str, resolve({}, None).seeds_of(3)))
    with monkeypatch.context() as slowly:
        slowly.setenv(OPTIONS, "seconds=0.3")
        place.kill_when(f"select 1 {ended} and seed not in (0,{first}) limit 1 offset {further - 1}", *slow)
    before = place.rows(f"select id, finished_at {ended}")
    assert len(runs(place, "killed")) < len(runs(place, "alone"))
    launch(place, "--name", "killed", *UNPRINTED, "--workers", "2")
    assert runs(place, "killed") == runs(place, "alone")
    assert set(before) <= set(place.rows(f"select id, finished_at {ended}"))  # nothing was run twice


@pytest.mark.slow
def test_the_looks_cannot_be_changed_and_the_same_study_again_is_the_same(place: Place) -> None:
    for name in ("a", "b"):
        launch(place, *STUDY, *UNPRINTED, "--max-seeds", "6", "--name", name)
    assert runs(place, "a") == runs(place, "b")
    refused = place.call("--name", "a", "--max-seeds", "9")
    assert refused.returncode == 2 and "valid only if these numbers never change" in refused.stderr
    launch(place, "--name", "a", *UNPRINTED, "--seeds", "3", "--max-seeds", "6", "--workers", "1")
    assert runs(place, "a") == runs(place, "b")
