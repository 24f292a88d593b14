"""What a plan can see: from an assumed noise, from that of the study, with further seeds for open rows."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from rich.console import Console

from results.statistics import PRIOR_DEVIATION, minimum_detectable_effect, sequential_level, spending
from search_spaces import Space
from study.planning import plan
from study.planning.detectable import MeasuredNoise, detectable, rows_of
from study.resolve import resolve
from study.settings import REHEARSAL, Settings
from study.trainers.rehearsal.trainer import Rehearsal


def settings(**given: Any) -> Settings:
    return resolve({"trainer": REHEARSAL, "space": "pooling", "seeds": 3, **given}, None)


def made(seen: MeasuredNoise | None = None, **given: Any) -> plan.Plan:
    asked = settings(**given)
    return plan.make(Rehearsal(asked, {}), asked, 2, seen)


def shown(found: plan.Plan) -> str:
    out = io.StringIO()
    plan.show(found, Console(file=out, width=200))
    return out.getvalue()


def test_a_new_study_takes_the_assumed_noise_and_says_so() -> None:
    found = made(ablations=4)
    expected = minimum_detectable_effect(PRIOR_DEVIATION, 3, comparisons=4, df=10)
    assert found.detectable is not None and found.detectable.with_seeds == pytest.approx(expected)
    text = shown(found)
    assert f"can detect differences of {100 * expected:.1f} points or more with 3 seeds (80 % power" in text
    assert "noise assumed" in text


def test_a_study_with_runs_takes_what_they_have_shown() -> None:
    found = made(MeasuredNoise("s", 0.02, 0.0001), ablations=4)
    expected = minimum_detectable_effect(0.02, 3, example_variance=0.0001, comparisons=4, df=10)
    assert found.detectable is not None and found.detectable.with_seeds == pytest.approx(expected)
    assert "noise measured in s: standard deviation of a difference 2.0 points between seeds" in shown(found)
    assert found.as_json()["detectable"]["noise"] == "seen in s"


def test_further_seeds_see_more_than_the_first_and_less_than_as_many_at_one_look() -> None:
    looks, once = made(max_seeds=8).detectable, made(seeds=8).detectable
    assert looks is not None and once is not None and looks.with_max_seeds is not None
    assert once.with_seeds < looks.with_max_seeds < looks.with_seeds
    level = sequential_level(0.95, spending(range(3, 9)), 5)
    expected = minimum_detectable_effect(PRIOR_DEVIATION, 8, level=level, comparisons=4, df=10)
    assert looks.with_max_seeds == pytest.approx(expected)
    assert "with up to 8" in shown(made(max_seeds=8))
    json.dumps(made(max_seeds=8).as_json())


def test_one_seed_and_no_rows_see_nothing(space: Space) -> None:
    assert detectable(settings(seeds=1), 4, None) is None
    assert detectable(settings(), 0, None) is None
    assert made(phases=("search",)).detectable is None
    with_two = detectable(settings(seeds=1, max_seeds=2), 4, None)
    assert with_two is not None and (with_two.seeds, with_two.with_max_seeds) == (2, None)


def test_the_rows_are_the_single_changes_around_the_baseline(space: Space) -> None:
    assert rows_of(space, settings(ablations=30)) == 3  # mean, max, last_k; the range has no other level
    assert rows_of(space, settings(ablations=2)) == 2
    assert rows_of(space, settings(phases=("search", "confirm"))) == 0


def test_the_plan_has_the_range_of_seeds() -> None:
    phases = {phase.phase: phase for phase in made(ablations=4, max_seeds=6, confirm=2).phases}
    assert (phases["confirm"].least, phases["confirm"].most) == (3, 9)
    assert (phases["ablate"].least, phases["ablate"].most) == (0, 4 * 6 + 3)
    assert "up to 6 while the verdict is open" in phases["ablate"].what
    grid = made(space="zhang_pooling", max_seeds=6)
    assert (grid.phases[0].least, grid.phases[0].most) == (6, 12)
    assert "up to 6 more depend on which rows stay open" in shown(grid)
