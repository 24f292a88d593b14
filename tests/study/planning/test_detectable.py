"""What a plan can detect: from the table of measured noise, from the study's, with further seeds for open rows."""

from __future__ import annotations

import dataclasses
import io
import json
from typing import Any

import pytest
from rich.console import Console

from results.measurements.noise_table import nearest, table
from results.statistics import ExactSpending, minimum_detectable_effect
from results.statistics.noise_components import NoiseComponents, moderated_df, score_noise
from results.text.units import SHARES
from search_spaces import Space, load
from search_spaces.grammar.pinning import pin
from study.planning import plan
from study.planning.detectable import DevExamples, TableRows, detectable, table_rows
from study.planning.noise import PlannedNoise, table_noise
from study.resolve import resolve
from study.settings import REHEARSAL, Settings
from study.trainers.rehearsal.trainer import Rehearsal

TASKS = ("sst", "quora", "sts")
OWN = PlannedNoise({task: NoiseComponents(0.0001, 0.08, 0.02, 100) for task in TASKS}, "measured in s", "s")
NONE = DevExamples({}, {})


def settings(**given: Any) -> Settings:
    return resolve({"trainer": REHEARSAL, "space": "pooling", "seeds": 3, "dev_examples": 200, **given}, None)


def made(seen: PlannedNoise | None = None, **given: Any) -> plan.Plan:
    asked = settings(**given)
    return plan.make(Rehearsal(asked, {}), asked, 2, seen)


def shown(found: plan.Plan) -> str:
    out = io.StringIO()
    plan.show(found, Console(file=out, width=200))
    return out.getvalue()


def expected(
    noise: PlannedNoise, seeds: int, rows: int, size: int = 200, level: float = 0.95, first: float = 1
) -> float:
    found = score_noise(list(noise.tasks.values()), [size] * 3)
    return minimum_detectable_effect(
        found.deviation, seeds, example_variance=found.examples, residual=found.residual, level=level,
        comparisons=first, df=moderated_df(seeds, rows),
    )  # fmt: skip


def test_a_new_study_takes_the_noise_of_the_table_and_says_so() -> None:
    found = made(ablations=4)
    assert found.detectable is not None and found.detectable.rows == TableRows(2, 2)
    part, measured = nearest(table(), "all")
    fine_tuned = PlannedNoise({task: measured.components(task) for task in TASKS}, "")
    assert found.detectable.with_seeds == pytest.approx(expected(fine_tuned, 3, 4, first=2 / 0.9))
    text = shown(found)
    assert f"can detect differences of {100 * found.detectable.with_seeds:.1f} points or more with 3 seeds" in text
    assert "(80 % power, a table of about 4 rows, 2 of them primary)" in text
    assert f"noise of single changes of {measured.backbone} (trained: {part}" in text
    assert f"measured on {measured.date} with" in text
    assert found.as_json()["detectable"]["noise"] == "table"
    assert set(found.as_json()["detectable"]["components"]["tasks"]) == {*TASKS}


@pytest.mark.parametrize("level", ["all", "heads", "last_k", "adapters_and_heads"])
def test_the_table_is_read_by_what_the_configuration_trains(level: str) -> None:
    adapter = ["adapter=lora"] if level == "adapters_and_heads" else []
    space = pin(load("full_ablation"), [f"trainable={level}", *adapter])
    part, measured = nearest(table(), level)
    found = table_noise(space, space.baseline(), settings(tasks=("sst",)))
    varied = table_noise(space, space.baseline(), settings(vary="train"))
    assert "not included" in varied.source and "not included" not in found.source
    assert f"(trained: {part}" in found.source and found.tasks == {"sst": measured.components("sst")}
    assert (f"with trained {level} it was not measured" in found.source) == (not level.startswith(part))


def test_a_study_with_runs_takes_what_they_have_shown() -> None:
    found = made(OWN, ablations=4)
    assert found.detectable is not None
    assert found.detectable.with_seeds == pytest.approx(expected(OWN, 3, 4, first=2 / 0.9))
    between, examples = (0.0001 + 0.08 / 200) / 3, 0.02 / 200 / 3
    assert (
        f"noise measured in s: standard deviation of a difference {100 * between**0.5:.1f} points between seeds, "
        f"{100 * examples**0.5:.1f} from the dev examples"
    ) in shown(found)
    assert found.as_json()["detectable"]["noise"] == "seen in s"


def test_a_custom_trainer_is_not_given_the_noise_of_another_model() -> None:
    assert detectable(settings(), TableRows(4), None, NONE) is None


def test_further_seeds_see_more_than_the_first_and_less_than_as_many_at_one_look() -> None:
    looks, once = made(OWN, max_seeds=8).detectable, made(OWN, seeds=8).detectable
    assert looks is not None and once is not None and looks.with_max_seeds is not None
    assert once.with_seeds < looks.with_max_seeds < looks.with_seeds
    level = 1 - ExactSpending((3, 5, 8)).level(0.05, 2)
    assert looks.with_max_seeds == pytest.approx(expected(OWN, 8, 4, level=level, first=2 / 0.9))
    assert "with up to 8" in shown(made(OWN, max_seeds=8))
    json.dumps(made(max_seeds=8).as_json())


def test_one_seed_and_no_rows_see_nothing() -> None:
    assert detectable(settings(seeds=1), TableRows(4), OWN, NONE) is None
    assert detectable(settings(), TableRows(0), OWN, NONE) is None
    assert made(phases=("search",)).detectable is None
    with_two = detectable(settings(seeds=1, max_seeds=2), TableRows(4), OWN, NONE)
    assert with_two is not None and (with_two.seeds, with_two.with_max_seeds) == (2, None)


def test_the_seeds_that_decide_a_row_without_a_difference_are_told() -> None:
    quiet = PlannedNoise({"": NoiseComponents(0.006**2)}, "measured in s", "s")
    found = detectable(settings(), TableRows(12), quiet, NONE)
    assert found is not None and found.margin == 0.01
    assert found.one_sided_from is not None and found.equivalent_from is not None
    assert 2 <= found.one_sided_from < found.equivalent_from < 10
    decided = f"from {found.one_sided_from} seeds on, as equivalent from {found.equivalent_from}"
    assert f'ends as "no gain" or "no loss" of more than {SHARES.apart(0.01)} {decided}' in " ".join(found.lines())
    narrow = detectable(settings(margin=0.0001), TableRows(12), quiet, NONE)
    assert narrow is not None and narrow.one_sided_from is None
    assert "stays open by its margin of 0.01 points, even with 50 seeds" in " ".join(narrow.lines())


def test_more_dev_examples_are_told_by_what_they_would_detect() -> None:
    rows = {"sst": 1000, "quora": 20_000, "sts": 200}
    dev = DevExamples.of(rows, 200, run_seconds=60.0, each=0.01)
    assert dev.used == dict.fromkeys(TASKS, 200) and dev.run_seconds == pytest.approx(60 - 600 * 0.01)
    found = detectable(settings(), TableRows(4), OWN, dev)
    assert found is not None and found.with_all_examples is not None
    everything = PlannedNoise({t: NoiseComponents(0.0001, 0.08 * 200 / n, 0.02 * 200 / n) for t, n in rows.items()}, "")
    assert found.with_all_examples == pytest.approx(expected(everything, 3, 4, first=4))
    assert found.with_all_examples < found.with_seeds
    assert "with all dev examples, of" in " ".join(found.lines())


def test_the_plan_advises_the_size_by_the_costs() -> None:
    rows = dict.fromkeys(TASKS, 5000)
    cheap, dear = (DevExamples.of(rows, 200, 600 + 600 * each, each) for each in (0.00001, 1.0))
    assert cheap.advice(OWN, 3).startswith("use all dev examples: one costs 0.01 ms, the rest of a run 10 min")
    best = (600 * 0.24 + 3 * 1200 * 0.06) / (3 * 1.0 * 0.0003)
    assert dear.best(OWN, 3) == pytest.approx(best**0.5)
    assert dear.advice(OWN, 3).startswith(f"about {best**0.5:,.0f} dev examples per task are best")
    assert DevExamples.of(rows, 200).advice(OWN, 3).startswith("use all dev examples: evaluation is usually")
    alone = PlannedNoise({"": NoiseComponents(0.0001)}, "measured in s", "s")
    assert cheap.advice(alone, 3) == NONE.advice(OWN, 3) == ""


def test_the_rows_are_the_single_changes_around_the_baseline(space: Space) -> None:
    assert table_rows(space, settings(ablations=30)).count == 4  # mean, max, last_k, and the rate back at its baseline
    assert table_rows(space, settings(ablations=2)) == TableRows(2, 0)
    assert table_rows(space, settings(phases=("search", "confirm"))) == TableRows(0)
    best = {**space.baseline(), "pooling": "mean"}
    assert table_rows(space, settings(ablations=30), best) == TableRows(1, 2)


def test_primary_are_the_rows_of_the_first_design_and_of_the_question(space: Space) -> None:
    # Around an unknown best: rate, pooling and trainable may be undone; one further level of pooling is left.
    assert table_rows(space, settings(ablations=30)) == TableRows(3, 1)
    levels_first = settings(ablations=30, designs=("one_at_a_time", "leave_one_out"))
    assert table_rows(space, levels_first) == TableRows(3, 1)  # mean, max, last_k; then the rate
    assert table_rows(space, settings(ablations=30, designs=("leave_one_out",))) == TableRows(3, 0)
    assert table_rows(space, settings(ablations=30, designs=("pairs",))) == TableRows(0)
    question = dataclasses.replace(space, primary=("pooling",))
    assert table_rows(question, settings(ablations=30)) == TableRows(1, 3)


def test_the_plan_has_the_range_of_seeds() -> None:
    phases = {phase.phase: phase for phase in made(ablations=4, max_seeds=6, confirm=2).phases}
    assert (phases["confirm"].least, phases["confirm"].most) == (3, 9)
    assert (phases["ablate"].least, phases["ablate"].most) == (0, 4 * 6 + 3)
    assert "up to 6 while the verdict is open" in phases["ablate"].what
    grid = made(space="zhang_pooling", max_seeds=6)
    assert (grid.phases[0].least, grid.phases[0].most) == (6, 12)
    assert "up to 6 more depend on which rows stay open" in shown(grid)
