"""The greedy path, walked over planted scores."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import pytest

from search_spaces import Constraint, Factor, Level, Space
from search_spaces.grammar import Choices
from study.designs.designs import CellPlan
from study.phases.greedy_path import GreedyPath, Measured, decided_steps, walk

GAINS: Mapping[str, float] = {"a": 0.01, "b": 0.03, "c": 0.02}


def space_of(names: str = "abc", constraints: tuple[Constraint, ...] = ()) -> Space:
    factors = tuple(Factor(n, "scientific", "off", (Level("off"), Level("on", {f"{n}.on": True}))) for n in names)
    return Space(name="path", goal="Which way?", factors=factors, constraints=constraints)


def best_of(space: Space) -> Choices:
    return space.complete({name: "on" for name, _ in space.active(space.baseline())})


def name_of(choices: Choices) -> str:
    return "".join(name for name, level in choices.items() if level == "on")


class Walker:
    """Carries out the tries of a path and keeps what happened; a configuration's name stands for its digest."""

    def __init__(self, gains: Mapping[str, float] = GAINS, failed: Sequence[str] = ()) -> None:
        self.gains, self.failed = gains, failed
        self.ran: list[list[str]] = []
        self.decided: GreedyPath | None = None

    def __call__(self, tries: list[CellPlan]) -> list[Measured]:
        names = [name_of(cell.choices) for cell in tries]
        self.ran.append(names)
        return [(n, None if n in self.failed else sum(self.gains[letter] for letter in n)) for n in names]

    def decide(self, path: GreedyPath) -> None:
        self.decided = path

    def walk(self, space: Space, **given: object) -> list[str]:
        path = GreedyPath(space, best_of(space), space.baseline(), 99, ())
        walk(GreedyPath(**{**vars(path), **given}), self, self.decide)
        return [] if self.decided is None else [step["digest"] for step in self.decided.steps]


def test_each_step_tries_all_that_is_left_and_takes_the_best() -> None:
    walker = Walker()
    assert walker.walk(space_of()) == ["b", "bc", "abc"]
    assert walker.ran == [["a", "b", "c"], ["ab", "bc"], ["abc"]]
    assert walker.decided is not None and walker.decided.stopped is None
    assert [(s["factor"], s["from_level"], s["to_level"], s["tried"]) for s in walker.decided.steps] == [
        ("b", "off", "on", 3),
        ("c", "off", "on", 2),
        ("a", "off", "on", 1),
    ]


def test_the_same_change_at_two_steps_has_two_names() -> None:
    names: list[str] = []
    walker = Walker()

    def carry_out(tries: list[CellPlan]) -> list[Measured]:
        names.extend(cell.name for cell in tries)
        return walker(tries)

    walk(GreedyPath(space_of(), best_of(space_of()), space_of().baseline(), 99, ()), carry_out, walker.decide)
    assert names == ["path:1:a=on", "path:1:b=on", "path:1:c=on", "path:2:a=on", "path:2:c=on", "path:3:a=on"]


def test_steps_that_were_decided_stay_whatever_the_scores_are_now() -> None:
    first = Walker()
    first.walk(space_of())
    assert first.decided is not None
    kept = json.loads(json.dumps(first.decided.as_json("abc", "")))
    other = {"a": 0.05, "b": 0.0, "c": 0.01}
    for count in range(4):
        decided = decided_steps({**kept, "steps": kept["steps"][:count]}, "abc", "")
        again = Walker(other).walk(space_of(), decided=decided)
        assert again[:count] == ["b", "bc", "abc"][:count]
    assert Walker(other).walk(space_of()) == ["a", "ac", "abc"]


@pytest.mark.parametrize("ends", [("other", ""), ("abc", "other")])
def test_steps_between_other_ends_are_forgotten(ends: tuple[str, str]) -> None:
    kept = {"best": "abc", "baseline": "", "steps": [{"digest": "a"}], "stopped": None}
    assert decided_steps(kept, *ends) == decided_steps(None, "abc", "") == ()
    assert decided_steps(kept, "abc", "") == ({"digest": "a"},)


def test_a_step_that_cannot_be_taken_any_more_is_decided_anew() -> None:
    assert Walker().walk(space_of(), decided=({"digest": "z"}, {"digest": "zz"})) == ["b", "bc", "abc"]


def test_a_change_without_all_its_runs_is_not_taken() -> None:
    assert Walker(failed=["b"]).walk(space_of()) == ["c", "bc", "abc"]
    walker = Walker(failed=["a", "b", "c"])
    assert walker.walk(space_of()) == []
    assert walker.decided is not None and walker.decided.stopped == "no change has all its runs"


def test_it_ends_before_the_step_that_is_beyond_its_budget() -> None:
    walker = Walker()
    assert walker.walk(space_of(), budget=4) == ["b"]  # three tries, then two more
    assert walker.ran == [["a", "b", "c"]]
    assert walker.decided is not None and "--ablations" in (walker.decided.stopped or "")
    free = tuple(
        cell.choices for cell in GreedyPath(space_of(), best_of(space_of()), space_of().baseline(), 0, ()).candidates()
    )
    assert Walker().walk(space_of(), budget=2, free=free) == ["b", "bc", "abc"]  # what is there costs nothing


def test_where_no_single_change_is_allowed_it_makes_all_at_once() -> None:
    both = (Constraint({"a": ("on",)}, {"b": ("off",)}, "Both."), Constraint({"b": ("on",)}, {"a": ("off",)}, "Both."))
    walker = Walker()
    assert walker.walk(space_of("ab", both)) == ["ab"]
    assert walker.decided is not None and walker.decided.steps[0]["factor"] is None


def test_at_the_best_there_is_no_way_to_go() -> None:
    space = space_of()
    walker = Walker()
    assert walker.walk(space, best=space.baseline()) == [] and walker.decided is None
