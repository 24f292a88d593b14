"""Which configurations each phase asks for."""

from __future__ import annotations

from mtbert.random_streams import derive
from search_spaces import Factor, Level, Space
from study.phases import cells as phases
from study.resolve import resolve
from study.settings import Settings


def test_the_search_begins_with_the_baseline_and_the_recipes(space: Space) -> None:
    assert phases.known_first(space) == [space.baseline(), {**space.baseline(), "pooling": "mean"}]


def test_fresh_seeds_are_not_those_of_the_search() -> None:
    zero, one = (resolve({"seed": seed}, None) for seed in (0, 1))
    seeds = zero.seeds_of(20)
    assert seeds[:3] == [derive(0, "fresh", i) >> 32 for i in range(3)] == zero.as_json()["seed_list"]
    assert len({0, *seeds, *one.seeds_of(20)}) == 41  # studies with other seeds share none
    assert max(seeds) < 2**31 and Settings.from_json(one.as_json()) == one


def test_a_study_of_before_keeps_its_consecutive_seeds() -> None:
    told = resolve({"seed": 5}, None).as_json()
    del told["fresh_seeds"], told["seed_list"]
    assert Settings.from_json(told).seeds_of(3) == [1005, 1006, 1007]


def test_confirm_runs_the_best_and_always_the_baseline(space: Space) -> None:
    ranked = [{**space.baseline(), "pooling": "max"}, space.baseline(), {**space.baseline(), "pooling": "mean"}]
    cells = phases.confirm_cells(space, ranked, 2)
    assert [(c.name, c.choices["pooling"]) for c in cells] == [
        ("baseline", "cls"),
        ("confirm:1", "max"),
        ("confirm:2", "mean"),
    ]


def test_a_grid_runs_every_cell_with_the_baseline_first() -> None:
    grid = Space(
        name="grid",
        goal="Which?",
        design="grid",
        factors=(
            Factor("pooling", "scientific", "cls", tuple(Level(n, {"pooling.name": n}) for n in ("mean", "cls"))),
        ),
    )
    assert [(c.name, c.choices) for c in phases.grid_cells(grid)] == [
        ("baseline", {"pooling": "cls"}),
        ("row:pooling=mean", {"pooling": "mean"}),
    ]


def test_a_printed_row_keeps_its_label_though_it_is_the_baseline() -> None:
    levels = tuple(Level(n, {"pooling.name": n}) for n in ("cls", "mean"))
    rows = {"PAL, as printed": {}, "Dropout=0.1": {}, "mean": {"pooling": "mean"}}
    factors = (Factor("pooling", "scientific", "cls", levels),)
    cells = phases.grid_cells(Space(name="grid", goal="Which?", design="grid", factors=factors, rows=rows))
    assert [(c.name, c.design, c.choices["pooling"]) for c in cells] == [
        ("baseline", "baseline", "cls"),
        ("row:PAL, as printed", "row", "cls"),
        ("row:Dropout=0.1", "row", "cls"),
        ("row:mean", "row", "mean"),
    ]
    assert [(names, cell.choices) for names, cell in phases.distinct(cells)] == [
        ("baseline, row:PAL, as printed, row:Dropout=0.1", {"pooling": "cls"}),
        ("row:mean", {"pooling": "mean"}),
    ]
