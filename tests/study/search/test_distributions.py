"""Trials of a study whose space has grown, as a bare Optuna reads them."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState
from postgres import own_database
from sqlalchemy import make_url
from sqlite import migrated

from search_spaces import Factor, Level, Range, Space
from study.phases.cells import known_first
from study.search import distributions as trial_parameters
from study.search.distributions import distributions, settle
from study.search.optuna_search import PastTrial, Search


def search(url: str, space: Space, **change: Any) -> Search:
    arguments = {"storage": url, "name": "s", "space": space, "seed": 0, "sampler": "tpe", "pruner": "median"}
    return Search(**{**arguments, "known": known_first(space), **change})


def read(url: str, name: str = "s") -> list[FrozenTrial]:
    """The trials as a bare Optuna reads them."""
    storage = RDBStorage(url)
    found = optuna.load_study(study_name=name, storage=storage).trials
    close(storage)
    return found


def close(storage: RDBStorage) -> None:
    storage.remove_session()
    storage.engine.dispose()


Params = list[dict[str, Any]]


def filled(url: str, space: Space, count: int = 8, **change: Any) -> Params:
    """Trials of a search, the last of them still running; their parameters."""
    searched = search(url, space, **change)
    for score in range(count):
        number = searched.ask().number
        searched.note(number, {"seed": 0})
        if score < count - 1:
            searched.tell(number, [0.5 + 0.01 * score], TrialState.COMPLETE)
    searched.close()
    return [trial.params for trial in read(url)]


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory, space: Space) -> tuple[bytes, Params]:
    """The file of a database with such a search in its first space, and the parameters of its trials."""
    folder = tmp_path_factory.mktemp("filled")
    before = filled(migrated(folder, "s.db", optunas=True), space)
    return (folder / "s.db").read_bytes(), before


@pytest.fixture
def before(once: tuple[bytes, Params], url: str) -> Params:
    """The parameters of the trials that the database `url` has."""
    Path(make_url(url).database or "").write_bytes(once[0])
    return once[1]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return migrated(tmp_path, "s.db", optunas=True)


def grown(space: Space) -> Space:
    """Levels before and after the others, in another order; a wider range."""
    poolings = tuple(Level(name, {"pooling.name": name}) for name in ("attention", "max", "cls", "cls_pooler", "mean"))
    rate = dataclasses.replace(space.factors[0], range=Range("multitask.optimizer.learning_rate", 1e-6, 1e-1, True))
    return dataclasses.replace(
        space, factors=(rate, dataclasses.replace(space.factors[1], levels=poolings), space.factors[2])
    )


def with_dropout(space: Space) -> Space:
    deeper = Factor("rate", "nuisance", 2, range=Range("dropout.rate", 1, 5, integer=True))
    levels = (Level("off", {"d": 0}), Level("on", {"d": 1}, factors=(deeper,)))
    return dataclasses.replace(space, factors=(*space.factors, Factor("dropout", "scientific", "on", levels)))


def test_parameters_are_those_that_the_search_suggests(url: str, space: Space) -> None:
    wide = with_dropout(space)
    filled(url, wide)
    told = {name: found for trial in read(url) for name, found in trial.distributions.items()}
    assert told == distributions(wide)


def test_levels_keep_their_names_and_numbers_their_values(url: str, space: Space, before: Params) -> None:
    search(url, grown(space)).close()
    trials = read(url)
    assert [trial.params for trial in trials] == before
    wanted = distributions(grown(space))
    assert all(trial.distributions == {name: wanted[name] for name in trial.params} for trial in trials)
    assert len({params["pooling"] for params in before}) == 3


def test_the_search_and_a_bare_optuna_go_on_with_levels_that_are_new(url: str, space: Space, before: Params) -> None:
    searched, last = search(url, grown(space)), len(before) - 1
    assert searched.running() == [last] and searched.resume(last).choices["pooling"] == before[last]["pooling"]
    proposals = [searched.ask() for _ in range(12)]
    for proposal in proposals:
        grown(space).check(proposal.choices)
        searched.note(proposal.number, {})
    searched.close()
    assert {proposal.choices["pooling"] for proposal in proposals} >= {"attention", "cls_pooler"}
    storage = RDBStorage(url)
    study = optuna.load_study(study_name="s", storage=storage)
    assert [trial.number for trial in study.trials] == list(range(len(before) + 12))
    trial = study.ask()
    assert trial.suggest_categorical("pooling", ["attention", "max", "cls", "cls_pooler", "mean"])
    with pytest.raises(ValueError, match="dynamic value space"):
        study.ask().suggest_categorical("pooling", ["cls", "mean", "max"])
    close(storage)


def test_a_factor_that_is_new_stands_at_its_baseline_in_every_trial(url: str, space: Space, before: Params) -> None:
    searched, last = search(url, with_dropout(space)), len(before) - 1
    assert [trial.params for trial in read(url)] == [{**p, "dropout": "on", "dropout.on.rate": 2} for p in before]
    rate = float(f"{before[last]['rate']:.4g}")
    assert searched.resume(last).choices == {**before[last], "rate": rate, "dropout": "on", "dropout.on.rate": 2}
    searched.close()


def narrowed(space: Space, limit: float) -> Space:
    """The same without what is below the limit."""
    bounds = Range("multitask.optimizer.learning_rate", limit, 1e-2, True)
    return dataclasses.replace(
        space, factors=(dataclasses.replace(space.factors[0], range=bounds, baseline=limit), *space.factors[1:])
    )


def test_what_the_space_no_longer_takes_is_left_out_of_its_trial(url: str, space: Space, before: Params) -> None:
    limit = sorted(params["rate"] for params in before)[4]
    search(url, narrowed(space, limit)).close()
    assert [trial.params["rate"] for trial in read(url)] == [max(params["rate"], limit) for params in before]


def test_nothing_is_written_a_second_time_nor_to_other_studies(url: str, space: Space, before: Params) -> None:
    other = search(url, space, name="other")
    other.tell(other.ask().number, [0.5], TrialState.COMPLETE)
    other.close()
    storage = RDBStorage(url)
    study_id = storage.get_study_id_from_name("s")
    assert not settle(storage, study_id, space)
    assert settle(storage, study_id, grown(space)) and not settle(storage, study_id, grown(space))
    assert read(url, "other")[0].distributions["pooling"] == distributions(space)["pooling"]
    assert settle(storage, study_id, space) and not settle(storage, study_id, space)  # and back
    close(storage)


def killed_in_the_middle(url: str, space: Space) -> None:
    """A launch in another space, killed once it has changed the parameters of the trials."""
    rewrite = trial_parameters._rewrite

    def killed(*arguments: Any) -> None:
        rewrite(*arguments)
        raise KeyboardInterrupt

    storage = RDBStorage(url)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(trial_parameters, "_rewrite", killed)
        settle(storage, storage.get_study_id_from_name("s"), space)
    close(storage)


def test_killed_midway_it_has_written_nothing_and_is_done_by_the_next(url: str, space: Space, before: Params) -> None:
    killed_in_the_middle(url, grown(space))
    assert all(trial.distributions["pooling"] == distributions(space)["pooling"] for trial in read(url))
    search(url, grown(space)).close()
    trials = read(url)
    assert all(trial.distributions["pooling"] == distributions(grown(space))["pooling"] for trial in trials)
    assert [trial.params for trial in trials] == before


def test_a_recipe_that_is_new_is_tried_and_those_known_before_not_again(url: str, space: Space, before: Params) -> None:
    new = {**space.baseline(), "pooling": "max", "rate": 3e-3}
    searched = search(url, space, known=[*known_first(space), new])
    assert searched.ask().choices == new and searched.ask().choices not in (new, *known_first(space))
    searched.close()


def test_a_grid_that_has_grown_tries_the_cells_that_are_new(url: str, space: Space) -> None:
    cells = list(space.grid())
    filled(url, space, count=len(cells), sampler="grid", known=cells)
    wide = grown(space)
    searched = search(url, wide, sampler="grid", known=list(wide.grid()))
    found = []
    while not searched.exhausted():
        found.append(searched.ask().choices)
    assert found == [cell for cell in wide.grid() if cell not in cells] and len(found) == 6
    searched.close()


def past(space: Space, number: int, state: TrialState, values: list[float] | None) -> PastTrial:
    choices = {**space.baseline(), "rate": 1e-4 * (1 + number)}
    began = datetime(2026, 1, 2, 3, 4, number)
    return PastTrial(choices, state, values, {1: 0.4, 2: 0.45}, {"seed": number}, began, began.replace(hour=4))


@pytest.mark.parametrize(
    ("sampler", "objectives", "count"),
    # Several generations' worth of parents.
    [("tpe", ["score"], 7), ("tpe", ["score", "train_seconds"], 7), ("nsga2", ["score", "train_seconds"], 25)],
)
def test_trials_of_another_study_count_and_have_all_that_was_measured(
    url: str, space: Space, sampler: str, objectives: list[str], count: int
) -> None:
    searched = search(url, space, sampler=sampler, objectives=objectives)
    values = [0.5, 12.0][: len(objectives)]
    given = [past(space, n, TrialState.PRUNED if n == 1 else TrialState.COMPLETE, values) for n in range(count)]
    for one in given:
        searched.add(one)
    searched.add(past(space, count, TrialState.COMPLETE, [float("nan")] * len(objectives)))
    assert searched.count() == searched.size() == count + 1 and searched.ask().choices == known_first(space)[1]
    searched.close()
    trials = read(url)
    assert [trial.number for trial in trials] == list(range(count + 1))
    assert [trial.params for trial in trials[:count]] == [dict(one.choices) for one in given]
    assert trials[0].values == values and trials[0].intermediate_values == {1: 0.4, 2: 0.45}
    assert trials[1].state == TrialState.PRUNED and trials[count].state == TrialState.FAIL
    assert trials[3].user_attrs == {"seed": 3} and trials[3].datetime_start == given[3].began
    again = search(url, space, sampler=sampler, objectives=objectives)
    for _ in range(4):
        proposal = again.ask()
        space.check(proposal.choices)
        again.tell(proposal.number, values, TrialState.COMPLETE)
    again.close()
    if sampler == "nsga2":
        assert set(read(url)[-1].system_attrs.values()) >= {1}  # its parents were those that came


def test_postgresql_keeps_of_all_this_what_sqlite_keeps(url: str, space: Space) -> None:
    def evolved(url: str) -> list[tuple[Any, ...]]:
        """The trials of a search whose space got levels and a factor and lost a range, and one of another study."""
        before = filled(url, space, count=5)
        wide = with_dropout(narrowed(grown(space), sorted(params["rate"] for params in before)[2]))
        killed_in_the_middle(url, wide)
        assert [trial.params for trial in read(url)] == before
        searched = search(url, wide)
        searched.add(past(wide, 5, TrialState.COMPLETE, [0.7]))
        searched.note(searched.ask().number, {})
        searched.close()
        parts = ("number", "state", "values", "params", "distributions", "user_attrs", "intermediate_values")
        return [tuple(getattr(trial, part) for part in parts) for trial in read(url)]

    with own_database() as on_the_server:
        assert evolved(on_the_server) == evolved(url)
