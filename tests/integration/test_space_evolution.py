"""A study launched again with its space changed, and a study that begins with the runs of another."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from place import SMALL, Place
from postgres import own_database
from sqlalchemy import create_engine, text

from results.database import studies
from study.resume import reopen
from study.search import optuna_search as searching
from study.search import trial_mirror

pytestmark = pytest.mark.slow

SPACE = """
from search_spaces import Constraint, Factor, Level, Range, Recipe, Space

SPACE = Space(
    name="mine",
    goal="Which?",
    design="search",
    factors=(
        Factor("pooling", "scientific", "cls", ({levels})),
        Factor("rate", "nuisance", 1e-4, range=Range("multitask.optimizer.learning_rate", {low}, 1e-2, log=True)),
        {more}
    ),
    recipes=({recipes}),
)
"""
REHEARSED = ("--rehearse", "--workers", "1", "--seeds", "2", "--name", "s", "--phases")
SEARCHED = (*REHEARSED, "search")


class Spaces:
    """Writes the file `space.py` of a place, and launches studies of it."""

    def __init__(self, place: Place, storage: str | None = None) -> None:
        self.place, self._storage = place, storage
        self._engine = create_engine(storage or f"sqlite:///{place.database}")

    def write(self, *levels: str, low: float = 1e-5, more: str = "", recipes: str = "", **sets: str) -> None:
        """`sets` replaces what a level sets, which is its own name."""
        told = "".join(f'Level("{name}", {{"pooling.name": "{sets.get(name, name)}"}}), ' for name in levels)
        (self.place.folder / "space.py").write_text(SPACE.format(levels=told, low=low, more=more, recipes=recipes))

    def launch(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        storage = () if self._storage is None else ("--storage", self._storage)
        return self.place.call("--space", "space.py", *storage, *arguments)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self._engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(sql))]

    def dump(self) -> list[list[tuple[Any, ...]]]:
        """Everything that a refused launch must leave as it was."""
        tables = ("study_meta", "run", "cell", "lease", "trials", "trial_params", "studies", "study_system_attributes")
        return [sorted(self.rows(f"select * from {table}"), key=repr) for table in tables]

    def close(self) -> None:
        self._engine.dispose()


@pytest.fixture
def spaces(place: Place) -> Iterator[Spaces]:
    found = Spaces(place)
    yield found
    found.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def everywhere(place: Place, request: pytest.FixtureRequest) -> Iterator[Spaces]:
    if request.param == "sqlite":
        yield request.getfixturevalue("spaces")
        return
    with own_database() as url:
        found = Spaces(place, url)
        yield found
        found.close()


def fine(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def lines(told: str) -> list[str]:
    return [line.strip() for line in told.splitlines()]


def poolings(rows: Sequence[tuple[Any, ...]]) -> set[str]:
    return {row[0].partition('"pooling": "')[2].partition('"')[0] for row in rows}


def test_a_space_that_has_grown_keeps_its_runs_and_its_totals(everywhere: Spaces) -> None:
    spaces = everywhere
    spaces.write("cls", "mean", "max")
    fine(spaces.launch(*REHEARSED, "search,confirm,ablate", "--trials", "10"))
    runs = spaces.rows("select id, config_digest, choices_json, seed, score, finished_at from run order by id")
    spaces.write("attention", "max", "cls", "mean", low=1e-6)
    told = lines(fine(spaces.launch(*REHEARSED, "search,confirm,ablate,report", "--trials", "30")))
    assert told[told.index("The space of study s has changed; its runs are kept:") + 1 :][:3] == [
        "level pooling=attention is new",
        "the order of the levels of pooling has changed: max, cls, mean",
        "the range of rate is 1e-06 to 0.01 now, it was 1e-05 to 0.01",
    ]
    assert f"Resuming study s: {len(runs)} of its {len(runs)} runs are finished." in told
    after = spaces.rows("select id, config_digest, choices_json, seed, score, finished_at from run order by id")
    assert after[: len(runs)] == runs
    numbers = spaces.rows("select trial_number from run where trial_number is not null order by 1")
    assert numbers == [(i,) for i in range(30)]
    assert spaces.rows("select number from trials order by 1") == [(i,) for i in range(30)]
    assert spaces.rows("select count(*) from trials where state not in ('COMPLETE', 'PRUNED')") == [(0,)]
    new = spaces.rows("select choices_json from run where trial_number >= 10")
    assert "attention" in poolings(new)
    assert spaces.rows("select count(*) from study_meta where space_json like '%attention%'") == [(1,)]
    again = fine(spaces.launch(*REHEARSED, "search,confirm,ablate", "--trials", "30"))
    assert "has changed" not in again
    assert spaces.rows("select id, config_digest, choices_json, seed, score, finished_at from run order by id") == after


def test_killed_between_our_tables_and_optunas_the_next_launch_goes_on(
    spaces: Spaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    spaces.write("cls", "mean")
    fine(spaces.launch(*SEARCHED, "--trials", "4"))
    spaces.write("max", "cls", "mean")

    def killed(*_: object) -> bool:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(trial_mirror, "settle", killed)
        assert spaces.launch(*SEARCHED, "--trials", "12").returncode == 1
    assert spaces.rows("select count(*) from study_meta where space_json like '%max%'") == [(1,)]
    old = '%["cls", "mean"]%'
    assert spaces.rows(f"select count(*) from trial_params where distribution_json like '{old}'") == [(4,)]
    told = fine(spaces.launch(*SEARCHED, "--trials", "12"))
    assert "has changed" not in told  # that was told, and written, by the launch that was killed
    assert spaces.rows(f"select count(*) from trial_params where distribution_json like '{old}'") == [(0,)]
    assert spaces.rows("select count(*) from trials where state in ('COMPLETE', 'PRUNED')") == [(12,)]
    assert poolings(spaces.rows("select choices_json from run")) == {"cls", "mean", "max"}


def test_killed_before_anything_is_written_the_next_launch_tells_it_all(
    spaces: Spaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    spaces.write("cls", "mean")
    fine(spaces.launch(*SEARCHED, "--trials", "2"))
    spaces.write("max", "cls", "mean")

    def killed(*_: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(reopen.Reopened, "write", killed)
        assert spaces.launch(*SEARCHED, "--trials", "3").returncode == 1
    assert "level pooling=max is new" in lines(fine(spaces.launch(*SEARCHED, "--trials", "3")))


EXTRA = """Factor("extra", "scientific", "a", (
    Level("a", {"head_dropout": 0.1}), Level("b", {"head_dropout": 0.3}),
)),"""


def test_what_runs_do_not_survive_is_refused_with_every_change_and_the_way_out(spaces: Spaces) -> None:
    known = 'Recipe("r", "a book", {"pooling": "mean", "rate": 2e-5}),'
    spaces.write("cls", "mean", "max", recipes=known)
    fine(spaces.launch(*SEARCHED, "--trials", "6"))
    before = spaces.dump()

    def refused(*told: str) -> None:
        done = spaces.launch(*SEARCHED, "--trials", "9")
        assert done.returncode == 2 and "cannot be resumed" in done.stderr, done.stdout + done.stderr
        for line in told:
            assert line in done.stderr
        assert done.stderr.rstrip().endswith("--name s-2 --import-from s") and "Traceback" not in done.stderr
        assert spaces.dump() == before

    spaces.write("mean", "cls", low=5e-5, recipes=known.replace("2e-5", "5e-5"))
    refused("  level pooling=max is gone\n", "  the range of rate is 5e-05 to 0.01 now, it was 1e-05 to 0.01; ")
    spaces.write("cls", "mean", "max", recipes=known, mean="attention")
    refused("with pooling=mean would be another configuration: set.pooling.name mean -> attention\n")
    spaces.write("cls", "mean", "max", more=EXTRA, recipes=known)  # choices are what a rehearsal is a rehearsal of
    refused("6 runs would be another configuration: choices.extra (nothing) -> a", "factor extra is new")


def test_a_recipe_that_is_new_is_tried_first(spaces: Spaces) -> None:
    spaces.write("cls", "mean", "max")
    fine(spaces.launch(*SEARCHED, "--trials", "3"))
    spaces.write("cls", "mean", "max", recipes='Recipe("r", "a book", {"pooling": "max", "rate": 0.002}),')
    told = lines(fine(spaces.launch(*SEARCHED, "--trials", "4")))
    assert "recipe 'r' is new" in told
    assert spaces.rows("select choices_json from run where trial_number = 3") == [
        ('{"pooling": "max", "rate": 0.002}',)
    ]


def test_a_factor_that_changes_nothing_at_its_baseline_joins_the_runs_of_a_real_study(spaces: Spaces) -> None:
    flags = (*SMALL, "--trials", "2", "--seeds", "2", "--name", "s", "--phases", "search,confirm,ablate")
    spaces.write("cls", "mean")
    fine(spaces.launch(*flags))
    digests = spaces.rows("select id, config_digest from run order by id")
    spaces.write("cls", "mean", more=EXTRA)
    told = lines(fine(spaces.launch(*flags, "--trials", "3")))
    assert "factor extra is new; runs so far had a" in told
    runs = spaces.rows("select id, config_digest, choices_json from run order by id")
    assert [row[:2] for row in runs[: len(digests)]] == digests
    assert all('"extra": ' in row[2] for row in runs)
    assert all('"extra": "a"' in row[2] for row in runs[: len(digests)])
    cells = spaces.rows("select name, choices_json from cell where phase = 'ablate'")
    assert all('"extra": ' in choices for _, choices in cells)
    assert spaces.rows("select count(*) from trial_params where param_name = 'extra'") == [(3,)]
    spaces.write("cls", "mean", more=EXTRA.replace("0.1", "0.2"))
    done = spaces.launch(*flags, "--trials", "4")
    assert done.returncode == 2 and "head_dropout" in done.stderr, done.stderr


MEASURED = ("epoch_metric", "task_metric", "prediction", "stage")
TRIALS = """
select t.number, t.state, v.objective, v.value,
    (select count(*) from trial_intermediate_values i where i.trial_id = t.trial_id),
    (select sum(intermediate_value) from trial_intermediate_values i where i.trial_id = t.trial_id)
from trials t join studies s on s.study_id = t.study_id left join trial_values v on v.trial_id = t.trial_id
where s.study_name = '{}' order by t.number, v.objective
"""
RUNS = """
select config_digest, config_json, choices_json, seed, phase, status, reason, detail, attempt, started_at, finished_at,
    train_seconds, eval_seconds, shared_seconds, trainable_parameters, total_parameters, peak_memory_bytes, host,
    device, engine, environment_id, best_epoch, score, leaderboard_score
from run where study_name = '{}' {} order by id
"""


def measured(spaces: Spaces, study: str) -> dict[str, list[tuple[Any, ...]]]:
    """What was measured of a study's runs without the level `max`: all columns, with digest and seed for the run."""
    found = {}
    for table in MEASURED:
        told = spaces.rows(
            f"select run.config_digest, run.seed, {table}.* from {table} join run on run.id = {table}.run_id "
            f"where run.study_name = '{study}' and run.choices_json not like '%\"max\"%'"
        )
        found[table] = sorted((row[:2] + row[3:] for row in told), key=repr)
    return found


@pytest.mark.parametrize(
    ("everywhere", "objectives"),
    [("sqlite", "score,train_seconds"), ("postgresql", "score")],
    indirect=["everywhere"],
)
def test_a_study_begins_with_the_runs_of_another_that_fit(everywhere: Spaces, objectives: str) -> None:
    spaces = everywhere
    spaces.write("cls", "mean", "max")
    asked = ("--phases", "search,confirm,test", "--objectives", objectives, "--epochs", "3")
    fine(spaces.launch(*REHEARSED[:-1], *asked, "--trials", "16"))
    fits = "and choices_json not like '%\"max\"%'"
    old = spaces.rows(RUNS.format("s", fits))
    trials = spaces.rows(f"select count(*) from run where trial_number is not null {fits}")[0][0]
    left = spaces.rows("select count(*) from run")[0][0] - len(old)
    old_measured, old_trials = measured(spaces, "s"), {row[2:]: row for row in spaces.rows(TRIALS.format("s"))}
    assert left > 0 and trials > 3 and all(old_measured[table] for table in MEASURED[:3])

    spaces.write("mean", "cls", "attention")
    begin = ("--rehearse", "--workers", "1", "--name", "n", "--import-from", "s", "--phases", "search")
    told = lines(fine(spaces.launch(*begin, "--trials", str(trials))))
    assert f"From study s: {len(old)} runs imported, {trials} of them as trials of the search." in told
    assert f"{left} run{'s' * (left > 1)} not imported: No level 'max' in factor pooling of space mine" in told
    assert spaces.rows(RUNS.format("n", "")) == old and measured(spaces, "n") == old_measured
    brought = spaces.rows(TRIALS.format("n"))
    assert sorted({row[0] for row in brought}) == list(range(trials)) and brought
    assert all(old_trials[row[2:]][1] == row[1] for row in brought)
    numbers = spaces.rows("select trial_number from run where study_name = 'n' and phase = 'search' order by id")
    assert numbers == [(i,) for i in range(trials)]

    again = fine(spaces.launch(*begin, "--trials", str(trials + 12)))
    assert "From study" not in again
    new = spaces.rows(f"select choices_json from run where study_name = 'n' and trial_number >= {trials}")
    assert len(new) == 12 and "attention" in poolings(new)
    assert len(spaces.rows("select * from run where study_name = 'n'")) == len(old) + 12
    assert spaces.rows("select count(*) from run where study_name = 's'") == [(len(old) + left,)]


def test_an_import_that_was_killed_is_completed_and_takes_no_run_twice(
    spaces: Spaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    spaces.write("cls", "mean")
    fine(spaces.launch(*SEARCHED, "--trials", "6"))
    begin = ("--rehearse", "--workers", "1", "--name", "n", "--import-from", "s", "--trials", "8")
    add, added = searching.Search.add, list[object]()

    def killed(search: searching.Search, past: searching.PastTrial) -> None:
        if len(added) == 3:
            raise RuntimeError("killed")
        added.append(past)
        add(search, past)

    counts = "select (select count(*) from run where study_name = 'n'), (select count(*) from trials join studies "
    counts += "using (study_id) where study_name = 'n')"
    with monkeypatch.context() as patch:
        patch.setattr(searching.Search, "add", killed)
        assert spaces.launch(*begin).returncode == 1
    assert spaces.rows(counts) == [(6, 3)]
    fine(spaces.launch(*begin))
    assert spaces.rows(counts) == [(8, 8)]
    assert spaces.rows("select count(distinct config_digest || seed) from run where study_name = 'n'") == [(8,)]
    brought = spaces.rows(TRIALS.format("n"))
    assert brought[:6] == spaces.rows(TRIALS.format("s")) and [row[0] for row in brought] == list(range(8))


def test_an_import_killed_before_it_is_written_has_made_no_study(
    spaces: Spaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    spaces.write("cls", "mean")
    fine(spaces.launch(*SEARCHED, "--trials", "3"))
    begin = ("--rehearse", "--workers", "1", "--name", "n", "--import-from", "s", "--trials", "3")
    copied = list[object]()

    def killed(*arguments: Any) -> Any:
        copied.append(arguments)
        if len(copied) == 6:  # in the second run
            raise RuntimeError("killed")
        return insert(*arguments)

    insert = studies.insert
    with monkeypatch.context() as patch:
        patch.setattr(studies, "insert", killed)
        assert spaces.launch(*begin).returncode == 1
    assert spaces.rows("select distinct study_name from run") == [("s",)]
    assert spaces.rows("select study_name from study_meta") == [("s",)]
    assert "3 runs imported" in fine(spaces.launch(*begin))


def test_an_import_that_cannot_be_is_refused_in_one_message(spaces: Spaces) -> None:
    spaces.write("cls", "mean")
    none = spaces.launch(*SEARCHED, "--name", "n", "--import-from", "s")
    assert none.returncode == 2 and "There is no database" in none.stderr
    fine(spaces.launch(*SEARCHED, "--trials", "2"))
    fine(spaces.launch(*SEARCHED, "--trials", "2", "--name", "other"))
    before = spaces.dump()

    def refused(told: str, *arguments: str) -> None:
        done = spaces.launch("--rehearse", "--workers", "1", *arguments)
        assert done.returncode == 2 and told in done.stderr and "Traceback" not in done.stderr, done.stderr
        assert spaces.dump() == before

    refused("No study named 't'", "--name", "n", "--import-from", "t")
    refused("needs a name. Give one: --name NEW", "--import-from", "s")
    other = ("--epochs", "5", "--seed", "4")
    refused("--seed was 0, now 4; --epochs was 2, now 5", "--name", "n", "--import-from", "s", *other)
    refused("--import-from was not given, now 's'", "--name", "other", "--import-from", "s")
    refused("--import-from was not given, now 's'", "--name", "s", "--import-from", "s")
