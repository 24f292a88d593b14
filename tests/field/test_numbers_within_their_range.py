"""What a search draws from a range lies in it, is as fine as the range needs, and never blocks a launch."""

from __future__ import annotations

import json
import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from optuna.trial import TrialState
from place import Place
from small_trainers import space_file

from results.database.database import open_database
from results.text import formatting
from search_spaces import Factor, Space
from search_spaces.grammar import SpaceError, numbers
from search_spaces.grammar.terms import Range
from study.search.optuna_search import Search
from study.trainers.plain_configuration import PlainConfiguration

NARROW = [
    Range("n", 0.99, 0.99999),
    Range("n", 0.9995, 1.0),
    Range("n", -0.99999, -0.99),
    Range("n", 100_000.0, 100_001.0),
    Range("n", 1.0, 1.0 + 1e-9),
    Range("n", 1.0, 1.0 + 4e-14),
    Range("n", 0.123456, 0.123999),
    Range("n", 0.999, 0.99999, log=True),
    Range("n", 1e-300, 1.0001e-300),
    Range("n", 1e300, 1.0001e300, log=True),
    Range("n", -1e-8, 1e-8),
]
WIDE = [
    Range("n", 0.0, 0.5), Range("n", 1e-6, 1e-3, log=True), Range("n", 0.9, 0.999), Range("n", 0.01, 10, log=True),
    Range("n", -3.0, 5.0), Range("n", 1, 1.5), Range("n", 1e-12, 1e12, log=True),
    Range("n", 3.14159e-5, 0.2718, log=True),
]  # fmt: skip
WHOLE = [
    Range("n", 1, 3, integer=True), Range("n", -5, 70_000, integer=True), Range("n", 1, 10**12, log=True, integer=True),
    Range("n", 2**53, 2**53 + 8, integer=True), Range("n", 7, 7, integer=True),
]  # fmt: skip


def space_of(bounds: Range) -> Space:
    return Space(name="s", goal="g", factors=(Factor("n", "nuisance", bounds.low, range=bounds),))


def drawn(bounds: Range, count: int = 300) -> list[float]:
    rng = random.Random(1)
    return [float(space_of(bounds).sample(rng)["n"]) for _ in range(count)]


def test_numbers_stay_within_and_are_as_fine_as_their_range() -> None:
    for bounds in NARROW:
        found = drawn(bounds)
        assert all(bounds.low <= number <= bounds.high for number in found), bounds
        assert len(set(found)) > 150 or bounds.high - bounds.low < 1e-13, bounds
    for bounds in WHOLE:
        assert all(bounds.low <= number <= bounds.high and number == int(number) for number in drawn(bounds)), bounds


def test_where_four_digits_are_enough_numbers_are_what_they_were() -> None:
    for bounds in WIDE:
        assert numbers.digits(bounds) == 4, bounds
        rng = random.Random(2)
        for _ in range(300):
            number = bounds.low + rng.random() * (bounds.high - bounds.low)
            before = min(max(float(f"{number:.4g}"), bounds.low), bounds.high)
            assert numbers.fitted(bounds, number) in (before, bounds.low, bounds.high), bounds
    assert numbers.fitted(Range("n", 1e-6, 1e-3, log=True), 3.14159e-5) == 3.142e-5


class Uniform:
    """A source of one number."""

    def __init__(self, number: float) -> None:
        self._number = number

    def random(self) -> float:
        return self._number


def test_both_ends_can_be_drawn() -> None:
    for bounds in [*NARROW, *WIDE, *WHOLE]:
        space = space_of(bounds)
        ends = [space.sample(Uniform(place))["n"] for place in (0.0, 1 - 2.0**-53)]
        assert ends == pytest.approx([bounds.low, bounds.high], rel=1e-12, abs=0), bounds
    odd = Range("n", 0.12346789, 0.98765432)  # ends with more digits than the numbers between them
    assert numbers.fitted(odd, 0.12347) == odd.low and numbers.fitted(odd, 0.98764) == odd.high == 0.98765432
    assert numbers.fitted(odd, 0.12352) == 0.1235


@pytest.mark.slow
@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_a_search_of_a_narrow_range_draws_what_the_space_takes(tmp_path: Path, sampler: str) -> None:
    for place, bounds in enumerate([*NARROW[:6], NARROW[8], WHOLE[2]]):
        space = space_of(bounds)
        url = f"sqlite:///{tmp_path}/{place}.db"
        searched = Search(storage=url, name="s", space=space, seed=0, sampler=sampler, pruner="none", known=())
        with closing(searched):
            found = []
            for _ in range(12):
                proposal = searched.ask()
                searched.note(proposal.number, {"seed": 0})
                space.check(proposal.choices)
                found.append(float(proposal.choices["n"]))
                score = (found[-1] - bounds.low) / (bounds.high - bounds.low)
                searched.tell(proposal.number, [score], TrialState.COMPLETE)
        assert len(set(found)) > 6, (bounds, found)


def test_bounds_are_told_with_all_their_digits() -> None:
    with pytest.raises(SpaceError, match=r"from 0\.99999901 to 0\.99999999, got 1\.0"):
        space_of(Range("n", 0.99999901, 0.99999999)).check({"n": 1.0})
    with pytest.raises(SpaceError, match="wider than a double holds"):
        space_of(Range("n", -1.7e308, 1.7e308))


def test_numbers_of_a_narrow_range_are_told_apart() -> None:
    assert [formatting.level_text(n) for n in (0.99991, 0.99992, 0.5636, 3e-5, 1024)] == [
        "0.99991", "0.99992", "0.564", "3e-5", "1024",
    ]  # fmt: skip


SPACE = """
from search_spaces.grammar import Factor, Level, Range, Space

SPACE = Space(name="s", goal="Which decay?", factors=(
    Factor("depth", "scientific", "one", (Level("one", {"depth_n": 1}), Level("two", {"depth_n": 2}))),
    Factor("decay", "nuisance", 0.99, range=Range("decay_value", 0.99, 0.99999))))
"""
FLAGS = (
    "--trainer", "small_trainers:whole_epochs", "--seeds", "2", "--confirm", "2", "--epochs", "1", "--workers", "1",
    "--phases", "search,confirm", "--name", "x", "--sampler", "random",
)  # fmt: skip


@pytest.mark.slow
def test_a_stored_number_out_of_its_range_blocks_no_launch_and_the_doctor_tells_of_it(tmp_path: Path) -> None:
    place, space = Place(tmp_path), space_file(tmp_path, SPACE)
    assert place.call("--space", space, *FLAGS, "--trials", "2", "--phases", "search").returncode == 0
    with closing(sqlite3.connect(place.database)) as connection, connection:
        # As if it had been drawn as 1.0, and were the best: in our table and in Optuna's.
        (choices,) = connection.execute("select choices_json from run where id = 2").fetchone()
        told = json.dumps({**json.loads(choices), "decay": 1.0})
        connection.execute("update run set choices_json = ?, score = 0.99 where id = 2", (told,))
        connection.execute("update trial_params set param_value = 1.0 where trial_id = 2 and param_name = 'decay'")
    found = place.call("--name", "x", module="study.doctor")
    assert "run 2 has decay = 1.0, outside 0.99 to 0.99999" in found.stdout
    assert "trial 1 has decay = 1.0 in Optuna's tables" in found.stdout
    done = place.call("--space", space, *FLAGS, "--trials", "4")
    assert done.returncode == 0, done.stderr
    with open_database(f"sqlite:///{place.database}") as database:
        kept = database.runs.find(2)
        assert kept is not None and (kept.status, kept.score, kept.choices_json["decay"]) == ("complete", 0.99, 1.0)
        assert len(database.runs.of_study("x", phase="search")) == 4
        confirmed = database.runs.of_study("x", phase="confirm")
        assert confirmed and all(0.99 <= run.choices_json["decay"] <= 0.99999 for run in confirmed)


def test_a_trial_that_was_interrupted_keeps_the_number_of_its_run(tmp_path: Path) -> None:
    place, space = Place(tmp_path), space_file(tmp_path, SPACE)
    assert place.call("--space", space, *FLAGS, "--trials", "3", "--phases", "search").returncode == 0
    with closing(sqlite3.connect(place.database)) as connection, connection:
        choices, common = connection.execute("select choices_json, config_json from run where id = 3").fetchone()
        older = {**json.loads(choices), "decay": 0.9915}  # with the four digits of an older release
        config = {**json.loads(common), "choices": older, "set": {"depth_n": 1, "decay_value": 0.9915}}
        left = "choices_json = ?, config_json = ?, status = 'interrupted', reason = 'interrupted'"
        connection.execute(f"update run set {left} where id = 3", (json.dumps(older), json.dumps(config)))
        connection.execute("update trials set state = 'RUNNING', datetime_complete = null where number = 2")
        connection.execute("delete from trial_values where trial_id = 3")
    # Its digest is no more that of its configuration: the study itself says so, and nothing else is changed.
    digest = place.rows("select config_digest from run where id = 3")[0][0]
    of_older = PlainConfiguration.read(config, 0).digest()
    with closing(sqlite3.connect(place.database)) as connection, connection:
        connection.execute("update run set config_digest = ? where config_digest = ?", (of_older, digest))
    done = place.call("--space", space, *FLAGS, "--trials", "3", "--phases", "search")
    assert done.returncode == 0, done.stderr
    rows = place.rows("select id, status, attempt, config_digest from run where trial_number = 2")
    assert rows == [(3, "complete", 2, of_older)]
