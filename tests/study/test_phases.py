"""Which configurations each phase asks for."""

from __future__ import annotations

import dataclasses

from results.designs import Forbidden
from search_spaces import Constraint, Factor, Level, Space
from study import phases


def test_the_search_begins_with_the_baseline_and_the_recipes(space: Space) -> None:
    assert phases.known_first(space) == [space.baseline(), {**space.baseline(), "pooling": "mean"}]


def test_fresh_seeds_are_not_those_of_the_search() -> None:
    assert phases.fresh_seeds(5, 3) == [1005, 1006, 1007]


def test_confirm_runs_the_best_and_always_the_baseline(space: Space) -> None:
    ranked = [
        {**space.baseline(), "pooling": "max"},
        space.baseline(),
        {**space.baseline(), "pooling": "mean"},
    ]
    cells = phases.confirm_cells(space, ranked, 2)
    assert [(c.name, c.choices["pooling"]) for c in cells] == [
        ("baseline", "cls"),
        ("confirm:1", "max"),
        ("confirm:2", "mean"),
    ]


def test_ablation_puts_each_factor_back_then_tries_other_levels_scientific_ones_first(space: Space) -> None:
    best = {**space.baseline(), "rate": 1e-3, "pooling": "mean"}
    ablation = phases.ablation_cells(space, best, 10)
    cells = ablation.cells
    assert (ablation.beyond_budget, ablation.forbidden) == (0, [])
    assert [(c.design, c.factor, c.from_level, c.to_level) for c in cells] == [
        ("leave_one_out", "pooling", "mean", "cls"),
        ("leave_one_out", "rate", "0.001", "0.0001"),
        ("one_at_a_time", "pooling", "mean", "max"),
        ("one_at_a_time", "trainable", "all", "last_k"),
    ]


def test_a_conditional_factor_goes_back_to_its_own_baseline(space: Space) -> None:
    best = space.complete({"trainable": "last_k", "trainable.last_k.k": "2"})
    back = [c for c in phases.ablation_cells(space, best, 10).cells if c.design == "leave_one_out"]
    assert [(c.factor, c.to_level) for c in back] == [("trainable", "all"), ("trainable.last_k.k", "1")]
    assert "trainable.last_k.k" not in back[0].choices
    assert back[1].choices["trainable"] == "last_k"


def test_ablations_beyond_the_budget_are_counted(space: Space) -> None:
    ablation = phases.ablation_cells(space, {**space.baseline(), "pooling": "mean"}, 1)
    assert (len(ablation.cells), ablation.beyond_budget) == (1, 2)


def test_no_configuration_is_ablated_twice(space: Space) -> None:
    best = space.complete({"pooling": "mean", "trainable": "last_k"})
    cells = phases.ablation_cells(space, best, 99).cells
    assert all(a.choices != b.choices for i, a in enumerate(cells) for b in cells[:i])
    assert all(cell.choices != best for cell in cells)


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


def test_ablation_leaves_out_changes_that_cannot_go_with_the_rest_of_the_best(space: Space) -> None:
    reason = "max needs less to be trained."
    forbidden = Constraint({"pooling": ("max",)}, {"trainable": ("all",)}, reason)
    constrained = dataclasses.replace(space, constraints=(forbidden,))
    best = constrained.complete({"pooling": "max", "trainable": "last_k"})
    ablation = phases.ablation_cells(constrained, best, 10)
    for cell in ablation.cells:
        constrained.check(cell.choices)
    assert [(c.design, c.factor, c.to_level) for c in ablation.cells] == [
        ("leave_one_out", "pooling", "cls"),
        ("one_at_a_time", "pooling", "mean"),
        ("one_at_a_time", "trainable.last_k.k", "2"),
    ]
    # Trainable back at all is counted once, though it is both a factor left out and another level.
    assert ablation.beyond_budget == 0
    assert ablation.forbidden == [Forbidden("trainable", "last_k", "all", reason)]


def test_a_forbidden_change_is_told_with_every_reason(space: Space) -> None:
    constraints = (
        Constraint({"pooling": ("max",)}, {"trainable": ("last_k",)}, "One."),
        Constraint({"trainable": ("last_k",)}, {"pooling": ("max", "cls")}, "Two."),
    )
    constrained = dataclasses.replace(space, constraints=constraints)
    best = constrained.complete({"pooling": "mean", "trainable": "last_k"})
    assert [(f.to_level, f.reason) for f in phases.ablation_cells(constrained, best, 10).forbidden] == [
        ("cls", "Two."),
        ("max", "One. Two."),
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
    assert [(names, cell.choices) for names, cell in phases.apart(cells)] == [
        ("baseline, row:PAL, as printed, row:Dropout=0.1", {"pooling": "cls"}),
        ("row:mean", {"pooling": "mean"}),
    ]
