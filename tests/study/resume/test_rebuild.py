"""Runs told anew in a space that has changed: the same configuration, another one, or none."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Any

from results.database.rows import RunRow
from search_spaces import Constraint, Factor, Level, Range, Space
from search_spaces.grammar import Choices
from study.resolve import resolve
from study.resume.rebuild import Configure, Rebuilt, plan_import, rebuild
from study.settings import Settings
from study.trainers.bert.configuration import to_config
from study.trainers.plain_configuration import PlainConfiguration

CHOICES = {"rate": 1e-4, "pooling": "mean", "trainable": "all"}


def configure(space: Space) -> Configure:
    settings: Settings = resolve({"space": "small", "backbone": "tiny"}, None)
    return lambda choices: to_config(space, choices, settings)


def plain(space: Space) -> Configure:
    return lambda choices: PlainConfiguration.of(space, choices, {})


def run(id: int, choices: Choices, configure: Configure, **changes: Any) -> RunRow:
    config, now = configure(choices), datetime.now(UTC)
    values: dict[str, Any] = {field.name: None for field in dataclasses.fields(RunRow)}
    values |= {"study_name": "old", "phase": "search", "status": "complete", "seed": 0, "attempt": 1, "score": 0.5}
    values |= {"id": id, "started_at": now, "choices_json": dict(choices), "config_digest": config.digest()}
    return RunRow(**{**values, "config_json": config.model_dump(mode="json"), **changes})


def changed(space: Space, name: str, **settings: Any) -> Space:
    """The space with a level of pooling that sets something else."""
    levels = tuple(dataclasses.replace(lv, set=settings) if lv.name == name else lv for lv in space.factors[1].levels)
    pooling = dataclasses.replace(space.factors[1], levels=levels)
    return dataclasses.replace(space, factors=(space.factors[0], pooling, space.factors[2]))


def with_dropout(space: Space) -> Space:
    """The space with one factor more, the first level of which is what every configuration has without it."""
    usual = configure(space)(CHOICES).model_dump(mode="json")["head_dropout"]
    levels = (Level("usual", {"head_dropout": usual}), Level("none", {"head_dropout": 0.0}))
    assert usual != 0.0
    return dataclasses.replace(space, factors=(*space.factors, Factor("dropout", "nuisance", "usual", levels)))


def test_runs_are_what_they_were(space: Space) -> None:
    runs = [run(1, CHOICES, configure(space)), run(2, CHOICES, configure(space), seed=1000)]
    assert rebuild(runs, space, configure(space)) == Rebuilt({1: CHOICES, 2: CHOICES}, ())


def test_a_factor_that_is_new_stands_in_them_at_a_baseline_that_changes_nothing(space: Space) -> None:
    wider = with_dropout(space)
    runs = [run(1, CHOICES, configure(space))]
    assert rebuild(runs, wider, configure(wider)) == Rebuilt({1: {**CHOICES, "dropout": "usual"}}, ())
    found = rebuild(runs, wider, plain(wider))  # whose configurations are the choices themselves
    assert found.choices == {} and "would be another configuration" in found.faults[0]


def test_a_level_that_sets_something_else_is_named_with_what_it_sets(space: Space) -> None:
    other = changed(space, "mean", **{"pooling.name": "attention"})
    runs = [run(i, {**CHOICES, "pooling": p}, configure(space)) for i, p in enumerate(("cls", "mean", "max"))]
    found = rebuild(runs, other, configure(other))
    assert set(found.choices) == {0, 2}
    assert found.faults == ("a run with pooling=mean would be another configuration: pooling.name mean -> attention",)


def test_a_run_that_is_forbidden_now_is_told_with_the_reason(space: Space) -> None:
    forbidden = Constraint({"pooling": ("mean",)}, {"trainable": ("all",)}, "They do not fit.")
    other = dataclasses.replace(space, constraints=(forbidden,), recipes=())
    found = rebuild([run(1, CHOICES, configure(space))], other, configure(other))
    assert found.faults == (
        "a run became invalid: pooling=mean cannot be combined with trainable=all in space small: They do not fit",
    )


def test_an_import_takes_what_is_the_same_configuration_and_says_why_not_the_rest(space: Space) -> None:
    told = configure(space)
    runs = [
        run(1, CHOICES, told, trial_number=3),
        run(2, {**CHOICES, "pooling": "max"}, told, trial_number=0),
        run(3, CHOICES, told, phase="confirm", seed=1000, status="pruned"),
        run(4, CHOICES, told, seed=1, status="failed", trial_number=1),
        run(5, CHOICES, told, seed=2, status="interrupted", trial_number=2),
        run(6, {**CHOICES, "pooling": "cls"}, told, trial_number=4),
        run(7, {**CHOICES, "rate": 1e-5}, told, trial_number=5),
    ]
    pooling = changed(space, "cls", **{"pooling.name": "attention"}).factors[1]
    pooling = dataclasses.replace(pooling, levels=tuple(lv for lv in pooling.levels if lv.name != "max"))
    rate = dataclasses.replace(space.factors[0], range=Range("multitask.optimizer.learning_rate", 5e-5, 1e-2, True))
    new = dataclasses.replace(space, factors=(rate, pooling, space.factors[2]))
    found = plan_import(runs, new, configure(new))
    assert [(copy.run_id, copy.trial_number, copy.choices_json) for copy in found.copies] == [
        (1, 0, CHOICES),
        (3, None, CHOICES),
    ]
    assert found.left_out == {
        "No level 'max' in factor pooling of space small": 1,
        "failed": 1,
        "did not finish": 1,
        "the same choices are another configuration here": 1,
        "rate (space small) takes a number from 5e-05 to 0.01": 1,
    }
    assert found.lines("old")[0] == "From study old: 2 runs imported, 1 of them as trials of the search."


def test_a_factor_that_is_gone_does_not_matter_where_the_configuration_is_the_same(space: Space) -> None:
    wider = with_dropout(space)
    runs = [run(i, {**CHOICES, "dropout": level}, configure(wider)) for i, level in enumerate(("usual", "none"))]
    found = plan_import(runs, space, configure(space))
    assert [(copy.run_id, copy.choices_json) for copy in found.copies] == [(0, CHOICES)]
    assert found.left_out == {"the same choices are another configuration here": 1}
