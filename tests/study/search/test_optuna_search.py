"""The search: known configurations first, exact counts, true end states, and resuming as if never stopped."""

from __future__ import annotations

import dataclasses
import sqlite3
from contextlib import closing
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState
from postgres import own_database
from sqlalchemy import Connection, Engine, event, make_url
from sqlite import migrated

from search_spaces import Constraint, Space
from study.phases.cells import known_first
from study.search.optuna_search import STARTUP_TRIALS, Proposal, Search


def search(folder: Path, space: Space, **change: object) -> Search:
    """The search `s` of a database in the folder, where there is none of one with empty tables."""
    if "storage" not in change:
        url = f"sqlite:///{folder}/s.db" if (folder / "s.db").exists() else migrated(folder, "s.db", optunas=True)
        change = {"storage": url, **change}
    arguments = {"name": "s", "space": space, "seed": 0, "sampler": "tpe", "pruner": "median"}
    return Search(**{**arguments, "known": known_first(space), **change})  # type: ignore[arg-type]


def written(folder: Path) -> optuna.Study:
    """The study as a bare Optuna reads it."""
    return optuna.load_study(study_name="s", storage=f"sqlite:///{folder}/s.db")


def run_through(searched: Search, count: int) -> list[Proposal]:
    proposals = []
    for _ in range(count):
        proposal = searched.ask()
        searched.tell(proposal.number, [0.5 + 0.01 * proposal.number], TrialState.COMPLETE)
        proposals.append(proposal)
    return proposals


def test_known_configurations_come_first_and_all_are_of_the_space_in_1_sitting_or_3(
    tmp_path: Path, space: Space
) -> None:
    whole = run_through(search(tmp_path, space), 9)
    assert [whole[0].choices, whole[1].choices] == known_first(space)
    assert whole[2].choices not in known_first(space)
    for proposal in whole:
        space.check(proposal.choices)
        rate = proposal.choices["rate"]
        assert rate == float(f"{rate:.4g}")
    (tmp_path / "other").mkdir()
    parts = [p for _ in range(3) for p in run_through(search(tmp_path / "other", space), 3)]
    assert [p.choices for p in parts] == [p.choices for p in whole]


def test_a_kill_between_optunas_tables_and_their_indexes_leaves_one_study(tmp_path: Path, space: Space) -> None:
    migrated(tmp_path, "s.db", optunas=True)
    with closing(sqlite3.connect(tmp_path / "s.db")) as database:
        database.execute("drop index ix_studies_study_name")
    for _ in range(3):
        search(tmp_path, space).close()
    with closing(sqlite3.connect(tmp_path / "s.db")) as database:
        assert database.execute("select study_name from studies").fetchall() == [("s",)]


def test_optunas_tables_are_made_whole_or_not_at_all(tmp_path: Path, space: Space) -> None:
    def fail(connection: Connection, cursor: object, statement: str, *_: object) -> None:
        if "CREATE TABLE trials" in statement:
            raise KeyboardInterrupt

    event.listen(Engine, "before_cursor_execute", fail)
    try:
        with pytest.raises(KeyboardInterrupt):
            search(tmp_path, space, storage=f"sqlite:///{tmp_path}/s.db")
    finally:
        event.remove(Engine, "before_cursor_execute", fail)
    with closing(sqlite3.connect(tmp_path / "s.db")) as database:
        assert database.execute("select name from sqlite_master").fetchall() == []
    search(tmp_path, space).close()


def test_another_seed_proposes_something_else(tmp_path: Path, space: Space) -> None:
    one, other = (search(tmp_path, space, name=f"of {seed}", known=(), seed=seed) for seed in (0, 1))
    assert [one.ask() for _ in range(3)] != [other.ask() for _ in range(3)]


def test_a_trial_left_running_is_found_and_resumed_with_its_choices(tmp_path: Path, space: Space) -> None:
    first = search(tmp_path, space)
    asked = first.ask()
    assert search(tmp_path, space).count() == 0  # in the database once it is noted, with all its parameters
    first.note(asked.number, {"seed": 7})
    again = search(tmp_path, space)
    assert again.running() == [asked.number]
    assert again.resume(asked.number) == asked
    assert again.count() == 1


def test_a_trial_killed_before_all_was_suggested_is_completed(tmp_path: Path, space: Space) -> None:
    search(tmp_path, space, known=())
    study = written(tmp_path)
    study.ask()  # a trial without a single suggestion
    later = search(tmp_path, space, known=())
    assert later.running() == [0]
    proposal = later.resume(0)
    space.check(proposal.choices)
    later.note(0, {})
    assert study.trials[0].params.keys() == proposal.choices.keys()
    assert study.trials[0].params["pooling"] == proposal.choices["pooling"]


def test_a_trial_ends_as_told_first_and_a_score_that_is_no_number_is_a_failure(tmp_path: Path, space: Space) -> None:
    searched, told = search(tmp_path, space), [(None, TrialState.FAIL), (None, TrialState.PRUNED)]
    told += [([score], TrialState.COMPLETE) for score in (float("nan"), 0.5)]  # type: ignore[misc]
    for values, state in told:
        number = searched.ask().number
        searched.tell(number, values, state)
        searched.tell(number, None, TrialState.FAIL)  # a second word is ignored
    states = [TrialState.FAIL, TrialState.PRUNED, TrialState.FAIL, TrialState.COMPLETE]
    trials = written(tmp_path).trials
    assert [trial.state for trial in trials] == states and trials[3].value == 0.5


def test_the_median_stops_a_bad_run_but_only_after_enough_runs_ended(tmp_path: Path, space: Space) -> None:
    searched = search(tmp_path, space)
    for i in range(6):
        number = searched.ask().number
        assert not searched.stop_early(number, 1, 0.1)  # nothing to compare with yet
        searched.stop_early(number, 2, 0.6 + 0.01 * i)
        searched.tell(number, [0.6 + 0.01 * i], TrialState.COMPLETE)
    assert searched.stop_early(searched.ask().number, 1, 0.05)
    falling = searched.ask().number  # after a good epoch
    assert not searched.stop_early(falling, 1, 0.7) and not searched.stop_early(falling, 2, 0.2)


def test_asha_pauses_at_a_rung_and_goes_on_when_it_is_among_the_best_third(tmp_path: Path, space: Space) -> None:
    searched = search(tmp_path, space, pruner="asha")
    scores = [0.3, 0.1, 0.2, 0.25, 0.28, 0.05]
    numbers = [searched.ask().number for _ in scores]
    stopped = [searched.stop_early(n, 1, score) for n, score in zip(numbers, scores, strict=True)]
    assert stopped == [False, True, True, True, True, True]  # the first is the best of one, and stays it
    for number in numbers[1:]:
        searched.pause(number)
    assert searched.promote() == numbers[4] and searched.promote() is None  # two of six
    assert not searched.stop_early(numbers[4], 2, 0.9)  # between rungs nobody stops
    assert not searched.stop_early(numbers[4], 3, 0.9)
    assert searched.stop_early(numbers[0], 3, 0.5)
    searched.tell(numbers[4], [0.9], TrialState.COMPLETE)

    again = search(tmp_path, space, pruner="asha")  # all it needs is in the database
    paused = [number for number in again.running() if number != numbers[5]]
    for number in paused:
        again.pause(number)
    assert again.promote() is None
    again.end_paused()
    again.tell(numbers[5], None, TrialState.PRUNED)
    trials = written(tmp_path).trials
    assert [t.state for t in trials].count(TrialState.PRUNED) == 5 and again.running() == []


@pytest.mark.parametrize("objectives", [("score",), ("score", "trainable_parameters")])
def test_a_run_done_again_is_not_judged_where_it_had_gone_on(
    tmp_path: Path, space: Space, objectives: tuple[str, ...]
) -> None:
    def values(score: float) -> list[float]:
        return [score, 1.0][: len(objectives)]

    first = search(tmp_path, space, objectives=objectives)
    number = first.ask().number
    first.note(number, {})
    assert not first.stop_early(number, 1, 0.3) and not first.stop_early(number, 2, 0.31)
    for _ in range(STARTUP_TRIALS):  # meanwhile others show that it is bad
        other = first.ask().number
        first.note(other, {})
        first.stop_early(other, 1, 0.5)
        first.stop_early(other, 2, 0.6)
        first.tell(other, values(0.6), TrialState.COMPLETE)
    again = search(tmp_path, space, objectives=objectives)
    for searched in (first, again):  # its worker died, and its driver
        assert not searched.stop_early(number, 1, 0.3)
        assert searched.stop_early(number, 2, 0.31)  # whether it had heard an answer here nobody knows
    first.close()
    again.close()


def test_a_promoted_run_that_is_carried_out_again_is_not_paused_at_its_old_rung(tmp_path: Path, space: Space) -> None:
    searched = search(tmp_path, space, pruner="asha")
    numbers = [searched.ask().number for _ in range(4)]
    for number in numbers:
        searched.note(number, {})
    assert not searched.stop_early(numbers[0], 1, 0.3) and not searched.stop_early(numbers[0], 2, 0.35)
    for number in numbers[1:]:
        assert not searched.stop_early(number, 1, 0.3 + 0.1 * number)
    assert not searched.stop_early(numbers[0], 1, 0.3)  # it would be the last of four now
    searched.close()


def test_every_name_of_a_postgresql_server_is_one_to_optuna(space: Space) -> None:
    with own_database() as url:
        server = make_url(url)
        for name in ("postgres", "postgresql"):
            short = server.set(drivername=name).render_as_string(hide_password=False)
            searched = search(Path(), space, storage=short)
            searched.note(searched.ask().number, {})
            searched.close()
        again = search(Path(), space, storage=url)
        assert again.running() == [0, 1]
        again.close()


@pytest.fixture
def constrained(space: Space) -> Space:
    """Half of all suggestions are forbidden: with max or mean everything must be trained."""
    reason = "They do not fit."
    forbidden = Constraint({"pooling": ("mean", "max")}, {"trainable": ("last_k",)}, reason)
    return dataclasses.replace(space, constraints=(forbidden,))


def test_what_cannot_go_together_is_never_proposed(tmp_path: Path, constrained: Space) -> None:
    proposals = run_through(search(tmp_path, constrained), 20)
    for proposal in proposals:
        constrained.check(proposal.choices)
    assert len({str(p.choices["pooling"]) + str(p.choices["trainable"]) for p in proposals}) == 4


def test_a_trial_says_what_was_run_instead_of_its_forbidden_suggestion(tmp_path: Path, constrained: Space) -> None:
    proposals = run_through(search(tmp_path, constrained, sampler="random", known=()), 12)
    forbidden = 0
    for proposal, trial in zip(proposals, written(tmp_path).trials, strict=True):
        constrained.check(proposal.choices)
        rate = proposal.choices["rate"]
        assert rate == float(f"{rate:.4g}")
        if trial.params["trainable"] == "last_k" and trial.params["pooling"] != "cls":
            forbidden += 1
            assert trial.user_attrs["run_instead"] == "trainable=all"
            assert proposal.choices == {"rate": rate, "pooling": trial.params["pooling"], "trainable": "all"}
        else:
            assert "run_instead" not in trial.user_attrs
    assert 0 < forbidden < 12


def test_a_resumed_trial_is_run_instead_as_before(tmp_path: Path, constrained: Space) -> None:
    first = search(tmp_path, constrained, sampler="random", known=())
    asked = [first.ask() for _ in range(6)]
    for proposal in asked:
        first.note(proposal.number, {})
    again = search(tmp_path, constrained, sampler="random", known=())
    assert [again.resume(proposal.number) for proposal in asked] == asked
    assert any("run_instead" in trial.user_attrs for trial in written(tmp_path).trials)


def test_the_database_has_what_optuna_would_have_written(tmp_path: Path, space: Space) -> None:
    searched = search(tmp_path, space)
    for score in (0.5, 0.7):
        number = searched.ask().number
        searched.note(number, {"config_digest": "d", "seed": 3})
        searched.stop_early(number, 1, score - 0.1)
        searched.tell(number, [score], TrialState.COMPLETE)
    study = written(tmp_path)
    assert study.metric_names == ["score"] and study.best_value == 0.7
    first = study.trials[0]
    assert first.number == 0 and first.params == known_first(space)[0] and first.intermediate_values == {1: 0.4}
    assert first.user_attrs == {"config_digest": "d", "seed": 3} and first.distributions.keys() == first.params.keys()
    assert first.datetime_start is not None and first.datetime_complete is not None


def test_a_trial_waiting_in_the_database_is_asked_first(tmp_path: Path, space: Space) -> None:
    run_through(search(tmp_path, space), 2)
    study = written(tmp_path)
    wanted = {**space.baseline(), "pooling": "max"}
    study.enqueue_trial(wanted)
    searched = search(tmp_path, space, known=[*known_first(space), wanted])
    assert searched.ask() == Proposal(2, wanted) and searched.ask().choices != wanted  # nor a second time
    searched.note(2, {})
    assert study.trials[2].state == TrialState.RUNNING
