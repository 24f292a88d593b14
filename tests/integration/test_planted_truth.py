"""From the launch to the verdicts: what a rehearsal planted is found, and what it did not plant is not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import pytest
from place import Place

from results.analysis.ablation import ablation_frame
from results.database.database import open_database
from results.designs.screen import main_effects, screen_table
from results.measurements.study_results import StudyResults
from results.statistics.verdicts import DECIDED
from search_spaces.grammar import Choices
from study.trainers.rehearsal.response_surface import Surface

SPACE = Path(__file__).resolve().parents[1] / "assets" / "planted_space.py"
CLEAR = 0.025  # several times the noise of a row, which is 0.3 to 0.5 points
INNER = "adapter.some.width"
# Nothing here depends on which run ends first: any number of workers finds the same best configuration.
ASKED = (
    "--space", str(SPACE), "--rehearse", "--budget", "standard", "--trials", "20",
    "--sampler", "random", "--pruner", "none", "--phases", "search,confirm,ablate", "--workers", "2",
)  # fmt: skip


class Study(NamedTuple):
    """A study's seed and flags, what level of the adapter its best has, and whether the interaction is in that."""

    seed: int
    flags: tuple[str, ...]
    adapter: str
    together: bool


# The first seeds that plant five null factors or more, five clear effects, and effects of the inner factor.
STUDIES = (
    Study(0, ("--seeds", "6", "--max-seeds", "12"), "none", False),
    Study(7, ("--seeds", "8"), "some", True),
    Study(21, ("--seeds", "12"), "some", True),
)


@dataclass(frozen=True)
class Row:
    """A row of the exported ablation table beside the truth: expected scores, change minus best, in 0..1."""

    factor: str
    verdict: str
    seeds: int
    estimate: float
    covered: bool
    truth: float
    without_interaction: float


@dataclass(frozen=True)
class Found:
    """A study: what was planted, the best configuration, the table around it."""

    surface: Surface
    best: Choices
    rows: list[Row]

    def of(self, factors: list[str]) -> list[Row]:
        return [row for row in self.rows if row.factor in factors]


def rehearsed(place: Place, study: Study) -> Found:
    done = place.call(*ASKED, "--seed", str(study.seed), *study.flags, "--name", "s")
    assert done.returncode == 0, done.stdout + done.stderr
    with open_database(f"sqlite:///{place.database}") as database:
        table, results = ablation_frame(StudyResults(database, "s")), StudyResults(database, "s")
    surface = Surface.read(results.study.data_json["planted"])
    assert results.study.data_json["null_factors"] == surface.null_factors()
    choices = {cell.config_digest: cell.choices_json for cell in results.cells}
    best, alone, rows = results.study.decisions_json["best_choices"], replace(surface, interaction=None), []
    for row in table.to_dict("records"):
        changed = choices[row["config_digest"]]
        truth, main = (which.score(changed) - which.score(best) for which in (surface, alone))
        covered = row["low"] <= truth <= row["high"]
        told = row["factor"], row["verdict"], row["paired_seeds"], row["difference"]
        rows.append(Row(*told, covered, truth, main))
    return Found(surface, best, rows)


@pytest.mark.slow
@pytest.mark.parametrize("study", STUDIES, ids=lambda study: f"seed {study.seed}")
def test_the_verdicts_are_those_of_what_was_planted(place: Place, study: Study) -> None:
    found = rehearsed(place, study)
    null = found.surface.null_factors()
    assert len(null) >= 5 and INNER not in null

    clear = [row for row in found.rows if abs(row.truth) >= CLEAR]
    assert len(clear) >= 2 and all(row.verdict == ("helps" if row.truth > 0 else "hurts") for row in clear)
    # An adapter without effect that is taken out takes its width with it, which may have one.
    silent = [row for row in found.of(null) if row.truth == pytest.approx(0)]
    assert len(silent) >= 2 * len([factor for factor in null if factor != "adapter"])
    assert not {row.verdict for row in silent} & {"helps", "hurts"}
    called = [row for row in found.rows if row.verdict in ("helps", "hurts")]
    assert all((row.truth > 0) == (row.verdict == "helps") for row in called)
    assert sum(not row.covered for row in found.rows) <= 5  # of some 26: they share the best's seeds, and miss together

    # A factor that a level brings with it is judged where that level stands, and nowhere else.
    assert found.best["adapter"] == study.adapter
    assert len(found.of([INNER])) == (2 if study.adapter == "some" else 0)
    _check_seeds(found, study)
    _check_interaction(found, study)


TWELVE = Path(__file__).resolve().parents[1] / "assets" / "twelve_changes_space.py"
SAID = {"equivalent", "no gain", "no loss"}


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 7, 15])  # the first seeds that plant five changes without effect among twelve
def test_something_is_said_of_changes_that_truly_do_nothing(place: Place, seed: int) -> None:
    done = place.call(
        "--space", str(TWELVE), "--rehearse", "--budget", "standard", "--trials", "20", "--sampler", "random",
        "--pruner", "none", "--phases", "search,confirm,ablate", "--seeds", "5", "--seed", str(seed), "--name", "s",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    with open_database(f"sqlite:///{place.database}") as database:
        results = StudyResults(database, "s")
        rows = ablation_frame(results).set_index("factor")
    null = Surface.read(results.study.data_json["planted"]).null_factors()
    assert len(null) == 5 and len(rows) == 12
    words = rows.loc[null, "verdict"]
    assert words.isin(SAID).sum() >= 4 and not words.isin({"helps", "hurts"}).any()


def _check_seeds(found: Found, study: Study) -> None:
    """All rows have the seeds asked for; rows that further seeds can decide get these, decided ones keep theirs."""
    most = int(study.flags[-1])
    undecided = {row.seeds for row in found.rows if row.verdict not in DECIDED}
    if "--max-seeds" in study.flags:
        assert undecided <= {6, 9, most} and most in undecided
        assert max(row.seeds for row in found.rows if abs(row.truth) >= CLEAR) < most
    else:
        assert undecided == {most}


def _check_interaction(found: Found, study: Study) -> None:
    """Where two levels help only together, taking one out loses what they have together, and is seen to."""
    one, its, other, others, effect = found.surface.interaction or pytest.fail("no interaction planted")
    assert ((found.best[one], found.best[other]) == (its, others)) == study.together
    if study.together:
        parted = found.of([one, other])
        assert len(parted) == 4
        for row in parted:
            assert row.truth == pytest.approx(row.without_interaction - effect)
            assert abs(row.estimate - row.truth) < abs(row.estimate - row.without_interaction)


@pytest.mark.slow
def test_a_screen_finds_the_mean_effects_that_were_planted(place: Place) -> None:
    done = place.call(
        "--space", str(TWELVE), "--rehearse", "--budget", "standard", "--trials", "20", "--sampler", "random",
        "--pruner", "none", "--phases", "search,confirm,ablate", "--seeds", "3", "--seed", "7", "--name", "s",
        "--designs", "screen,leave_one_out", "--ablations", "60",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    with open_database(f"sqlite:///{place.database}") as database:
        results = StudyResults(database, "s")
        effects, rows = main_effects(results), ablation_frame(results)
    surface = Surface.read(results.study.data_json["planted"])
    table = screen_table(results) or pytest.fail("there is no screen")
    choices = {cell.config_digest: cell.choices_json for cell in results.cells}
    assert len(table.runs) >= 16 and len(effects) == len(table.factors) >= 6
    truth = {
        name: sum(weight * surface.score(choices[digest]) for digest, weight in table.main_effect(name).items())
        for name in table.factors
    }
    for effect in effects:
        assert effect.comparison is not None and effect.judgement is not None
        within = effect.comparison.difference.test_interval(0.999)
        assert within.low <= truth[effect.factor] <= within.high
        assert effect.judgement.verdict != ("hurts" if truth[effect.factor] > 0 else "helps")
    without = {effect.factor for effect in effects if not effect.goes_on}
    assert without and set(rows["factor"]) == set(surface_changes(results)) - without
    assert {len(results.results_of(digest)) for digest, _ in table.runs} <= {2, 3}


def surface_changes(results: StudyResults) -> list[str]:
    """The factors in which the best differs from the baseline."""
    best, baseline = (results.study.decisions_json[f"{name}_choices"] for name in ("best", "baseline"))
    return [name for name in best if best[name] != baseline.get(name)]
