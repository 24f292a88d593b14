"""The report's sections of the designs, on a study made by hand whose level names are hostile."""

from __future__ import annotations

import json
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from results.analysis.contrasts import compare
from results.analysis.summary import summarise
from results.designs.greedy_path import greedy_path
from results.designs.screen import dropped, main_effects
from results.export import tables
from results.measurements.study_results import StudyResults
from results.report.content import outcome_of
from results.report.render import render, render_report
from results.report.sections import SECTIONS, build_all
from results.statistics.selection_bias import bias_of_best
from tests.results.conftest import StudyMaker, digest_of

HOSTILE = "</script><script>alert('x')</script><img src=x onerror=alert(1)>"
BASE = {"pooling": "cls", "sts_head": "concat", "schedule": "constant", "learning_rate": 3e-5}
CHANGES = {"pooling": HOSTILE, "sts_head": "cosine", "schedule": "linear"}
BEST = {**BASE, **CHANGES}
GAINS = {"pooling": 0.3, "sts_head": 0.06, "schedule": 0.0}
FRESH = (1000, 1001, 1002)
ORDER = ("pooling", "sts_head", "schedule")  # of the path


def with_changes(*names: str) -> dict[str, Any]:
    return {**BASE, **{name: CHANGES[name] for name in names}}


def decide(make: Any, steps: int = 3, stopped: str | None = None, around: str | None = None) -> None:
    best, baseline = digest_of(BEST), digest_of(BASE)
    path = [
        {
            "factor": name,
            "from_level": BASE[name],
            "to_level": CHANGES[name],
            "digest": digest_of(with_changes(*ORDER[: i + 1])),
            "tried": 3 - i,
        }
        for i, name in enumerate(ORDER[:steps])
    ]
    told = {"beyond_budget": 0, "impossible": []}
    designs = {
        "around": around or best,
        "add_one_in": {"beyond_budget": 2, "impossible": [{"what": "x=on", "reason": HOSTILE}]},
        "pairs": {**told, "factors": list(ORDER)},
        "factorial": {**told, "factors": list(ORDER), "generators": [], "aliases": []},
        "screen": {**told, "beyond_budget": 1, "factors": list(ORDER), "generators": [], "aliases": []},
    }
    decisions = {"best": best, "baseline": baseline, "best_choices": BEST, "baseline_choices": BASE}
    decisions |= {"designs": designs, "path": {"best": best, "baseline": baseline, "steps": path, "stopped": stopped}}
    make.database.studies.update(make.name, decisions_json=decisions)


def fill(make: Any, seeds: tuple[int, ...] = FRESH, **decided: Any) -> StudyResults:
    """Every combination of the three changes, run with `seeds`; the cells of each design."""
    make.study()
    subsets = [tuple(n for n, on in zip(ORDER, signs, strict=True) if on) for signs in product((0, 1), repeat=3)]
    cells = [make.cell("ablate", "best", BEST, 0), make.cell("ablate", "baseline", BASE, 1)]
    for names in subsets:
        choices, told = with_changes(*names), "+".join(names) or "none"
        cells += [make.cell("ablate", f"{design}:{told}", choices, len(cells)) for design in ("factorial", "screen")]
        if 0 < 3 - len(names) < 3:
            cells.append(make.cell("ablate", f"pairs:{told}", choices, len(cells)))
        for seed in seeds:
            quality = 0.5 + sum(GAINS[name] for name in names)
            make.complete(choices, seed, "ablate", quality=quality)
    for name in ORDER:
        changed = {"factor": name, "from_level": BASE[name], "to_level": CHANGES[name]}
        cells.append(make.cell("ablate", f"add_one_in:{name}", with_changes(name), len(cells), **changed))
        cells.append(make.cell("ablate", f"path:1:{name}", with_changes(name), len(cells), design="path", **changed))
    make.database.studies.replace_cells(make.name, "ablate", cells)
    decide(make, **decided)
    return StudyResults(make.database, make.name)


class Filled(NamedTuple):
    """The study with all its designs: read what was made of it, or decide anew first (the runs stay)."""

    make: StudyMaker
    results: StudyResults
    tables: dict[str, pd.DataFrame]
    page: str

    def decided(self, **changes: Any) -> StudyResults:
        decide(self.make, **changes)
        return StudyResults(self.make.database, self.make.name)


@pytest.fixture(scope="module")
def filled(shared: StudyMaker) -> Filled:
    results, database = fill(shared), shared.database
    return Filled(shared, results, tables(database, shared.name), render_report(database, shared.name))


def test_a_screen_tells_the_mean_effect_of_each_change_and_which_need_no_row(filled: Filled) -> None:
    found = filled.tables["screen"].set_index("factor")
    for name in ORDER:
        others = [other for other in ORDER if other != name]
        means = {
            on: np.mean(
                [
                    filled.results.scores(digest_of(with_changes(*on, *chosen)))
                    for chosen in ((), (others[0],), (others[1],), tuple(others))
                ]
            )
            for on in ((name,), ())
        }
        assert found.loc[name, "difference"] == pytest.approx(means[name,] - means[()])
        assert (found.loc[name, "from"], found.loc[name, "to"]) == (BASE[name], CHANGES[name])
        assert len(found.loc[name, "run_ids"].split()) == 8 * len(FRESH)
    assert found.loc["pooling", "verdict"] == "helps" and found.loc["pooling", "around_best"]
    assert found.loc["schedule", "verdict"] == "equivalent" and not found.loc["schedule", "around_best"]
    assert dropped(filled.results) == ["schedule"]
    assert "1 change has no row around the best for this reason." in filled.page
    assert "1 further change was not run" in filled.page
    assert not main_effects(filled.decided(around="another"))
    filled.decided()


def test_what_each_change_does_alone_is_compared_with_the_baseline(filled: Filled) -> None:
    added = filled.tables["added"].set_index("factor")
    for name in ORDER:
        compared = compare(filled.results, digest_of(with_changes(name)), digest_of(BASE))
        assert compared is not None
        assert added.loc[name, "difference"] == pytest.approx(compared.interval.estimate)
        assert len(added.loc[name, "run_ids"].split()) == 6
    assert added.loc["pooling", "verdict"] == "helps"
    assert filled.tables["ablation"].empty  # none of these is a change of the best


def test_a_path_adds_up_to_the_whole_way(filled: Filled) -> None:
    path = filled.tables["path"]
    assert list(path["factor"]) == list(ORDER) and list(path["tried"]) == [3, 2, 1]
    whole = compare(filled.results, digest_of(BEST), digest_of(BASE))
    assert whole is not None
    assert path["difference"].sum() == pytest.approx(whole.interval.estimate, abs=1e-6)
    assert path["from_baseline"].iloc[-1] == pytest.approx(whole.interval.estimate)
    assert (path["low"] <= path["difference"]).all() and (path["difference"] <= path["high"]).all()
    assert path["luck"].iloc[0] >= 0 and path["luck"].iloc[1:].isna().all()  # only the first step's tries are cells
    assert all(len(ids.split()) == 6 for ids in path["run_ids"])
    # Five changes were tried, three taken and two not; Holm's method counts those that change an output.
    assert path["adjusted_p"].iloc[0] == pytest.approx(min(1.0, 3 * path["p"].iloc[0]))
    assert path["p"].idxmin() == 0


def test_a_path_that_stopped_ends_with_all_the_rest_at_once(filled: Filled) -> None:
    path = greedy_path(filled.decided(steps=1, stopped="the rest is beyond the budget (--ablations)"))
    assert path is not None and not path.whole
    first = digest_of(with_changes("pooling"))
    assert [(step.factor, step.before) for step in path.steps][1:] == [(None, first)]
    assert path.steps[-1].digest == path.best
    page = render_report(filled.make.database, filled.make.name)
    assert "all other changes at once" in page and "beyond the budget (--ablations)" in page


def test_a_path_that_is_still_walked_does_not_claim_the_best(filled: Filled) -> None:
    filled.decided(steps=2)
    assert "2 steps from the baseline so far" in render_report(filled.make.database, filled.make.name)


def test_a_path_to_another_best_is_not_shown(filled: Filled) -> None:
    results = filled.decided()
    assert greedy_path(results) is not None
    other = {**results.study.decisions_json["path"], "best": "0" * 64}
    filled.make.database.studies.decide(filled.make.name, {"path": other})
    assert greedy_path(StudyResults(filled.make.database, filled.make.name)) is None


def test_interactions_of_both_designs_are_told_with_their_intervals(filled: Filled) -> None:
    found = filled.tables["interactions"]
    assert sorted(found["design"].value_counts().items()) == [("factorial", 3), ("pairs", 3)]
    row = found[(found["design"] == "pairs") & (found["second"] == "sts_head")].iloc[0]
    scores = {names: filled.results.scores(digest_of(with_changes(*names))) for names in (
        ORDER, ("sts_head", "schedule"), ("pooling", "schedule"), ("schedule",)
    )}  # fmt: skip
    both, without_first, without_second, neither = (sum(values) / 3 for values in scores.values())
    assert row["difference"] == pytest.approx(both - without_first - without_second + neither, abs=1e-6)
    assert row["first_with_second"] == pytest.approx(both - without_first, abs=1e-6)
    assert row["first_without_second"] == pytest.approx(without_second - neither, abs=1e-6)
    assert (found["low"] <= found["difference"]).all() and (found["adjusted_p"] >= found["p"]).all()
    counts = {design: set(rows["run_ids"].str.split().str.len()) for design, rows in found.groupby("design")}
    assert counts == {"factorial": {24}, "pairs": {12}}


def test_hostile_levels_and_reasons_stay_text(filled: Filled) -> None:
    page = filled.page
    assert HOSTILE not in page and "<img src=x" not in page
    assert "2 further changes were not run: the budget (--ablations) was used up." in page
    data = json.loads(page.split('id="figures-data">')[1].split("</script>")[0])
    assert {"figure-path", "figure-interactions-factorial", "figure-interactions-pairs"} <= {f["id"] for f in data}
    labels = next(figure for figure in data if figure["id"] == "figure-path")["traces"][0]["x"]
    assert "<" not in "".join(labels)


def test_the_same_database_gives_the_same_bytes(filled: Filled) -> None:
    filled.decided()
    assert render_report(filled.make.database, filled.make.name) == filled.page


@pytest.mark.parametrize("seeds", [(), FRESH[:1]])
def test_without_two_seeds_no_difference_is_shown(light: Any, seeds: tuple[int, ...]) -> None:
    found = outcome_of(light.database, results := fill(light, seeds), summarise(results))
    ours = ("added", "path", "interactions")
    built = {section.id: section.content for section in found.sections if section.id in ours}
    for content in built.values():
        assert list(content.figures()) == []
        for frame in content.tables().values():
            assert frame["difference"].isna().all() and set(frame["run_ids"]) <= {""}
    page = render(found)
    if seeds:
        assert set(built) == set(ours)
        assert "No change made to the baseline alone has two seeds in common" in page


def test_designs_around_another_best_are_not_shown(filled: Filled) -> None:
    results = filled.decided(around="0" * 64)
    assert "interactions" not in [section.id for section in build_all(SECTIONS, results, summarise(results))]


def test_a_study_without_designs_has_none_of_these_sections(light: Any) -> None:
    light.study()
    results = StudyResults(light.database, light.name)
    assert build_all(SECTIONS, results, summarise(results)) == []


def test_selection_bias_is_larger_among_more_tries_and_nothing_where_scores_are_exact() -> None:
    few, many = bias_of_best([0.5, 0.5], 1e-4), bias_of_best([0.5] * 8, 1e-4)
    assert 0 < few < many
    # Two equal candidates: E[max of 2 normals] = 1 / sqrt(pi), of deviation sqrt(1e-4 / 2).
    assert few == pytest.approx((1e-4 / 2) ** 0.5 * 0.5642, rel=1e-3)
    assert bias_of_best([0.5, 0.9], 1e-4) < few  # the choice was clear
    assert bias_of_best([0.5, 0.5], 0.0) == 0
