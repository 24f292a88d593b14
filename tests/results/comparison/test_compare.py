"""Studies made by hand, compared: what was planted is found, in words, in files and on the page."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from sqlite import migrated

from results import export, report
from results.analysis.contrasts import compare
from results.comparison.compare import StudyComparison, compare_studies
from results.comparison.frame import comparison_frame
from results.database.database import Database, open_database
from results.database.rows import Cell, NewRun, RunResult, StudyRow
from results.measurements.study_results import StudyResults
from results.report.comparison_page import render_comparison

Said = pytest.CaptureFixture[str]
HOSTILE = "</script><script>alert('x')</script><img src=x onerror=alert(1)>"
SEEDS = range(1000, 1006)
Effects = Mapping[str, float]  # level -> score minus the baseline's

TRUTH = {"mean": 0.05, "max": -0.04, "attention": 0.0, HOSTILE: 0.02}
REVERSED = {"mean": -0.05, "max": -0.04, "attention": 0.06, "other": 0.01}


class Place(NamedTuple):
    url: str
    database: Database

    def grid(self, name: str, effects: Effects, noise_seed: int = 0, **changes: Any) -> StudyResults:
        """A finished grid over pooling: runs of 6 seeds that deviate by 0.3 points, no predictions kept."""
        values: dict[str, Any] = {
            **{"study_name": name, "space": "pooling", "goal": "Which?", "command": "x", "data_source": "demo"},
            **{"data_made_up": False, "data_fingerprint": "f" * 64, "backbone": "tiny", "seed": 0},
            "settings_json": {"seeds": 6, "epochs": 3, "out": f"runs/{name}"},
            "space_json": {"name": "pooling", "design": "grid"},
            "decisions_json": {"baseline": digest("cls"), "baseline_choices": {"pooling": "cls"}},
        }
        self.database.studies.create(StudyRow(**{**values, **changes}))
        rng = np.random.default_rng(noise_seed)
        levels = {"cls": 0.0, **effects}
        cells = [cell("confirm", f"cell:{level}", level, place) for place, level in enumerate(levels)]
        self.database.studies.replace_cells(name, "confirm", cells)
        for level, effect in levels.items():
            for seed in SEEDS:
                self.run(name, level, seed, 0.6 + effect + rng.normal(0, 0.003))
        return StudyResults(self.database, name)

    def run(self, name: str, level: str, seed: int, score: float, phase: Any = "confirm") -> None:
        choices = {"pooling": level}
        new = {"config_digest": digest(level), "config_json": choices, "choices_json": choices, "seed": seed}
        run = self.database.runs.start(NewRun(study_name=name, phase=phase, **new))
        self.database.runs.finish(run, RunResult(status="complete", score=score, best_epoch=1))


def digest(level: str) -> str:
    return hashlib.sha256(level.encode()).hexdigest()


def cell(phase: Any, name: str, level: str, position: int, **changes: Any) -> Cell:
    choices = {"pooling": level}
    told = {"design": "x", "config_digest": digest(level), "config_json": choices, "choices_json": choices}
    return Cell(phase=phase, name=name, position=position, **{**told, **changes})


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    url = migrated(tmp_path_factory.mktemp("compared"))
    with open_database(url) as opened:
        made = Place(url, opened)
        made.grid("a", TRUTH)
        made.grid("b", TRUTH, 1, backbone="bilstm")
        made.grid("c", REVERSED, 2, data_source=HOSTILE, data_fingerprint="e" * 64, seed=7)
        made.grid("later", {}, 3)
        yield made


@pytest.fixture(scope="module")
def found(place: Place) -> StudyComparison:
    return compare_studies([StudyResults(place.database, name) for name in ("a", "b", "c")])


def verdicts(found: StudyComparison, which: int) -> dict[str, str]:
    pair = found.pairs[which]
    return {row.first.to_level: row.judgement.verdict if row.judgement else "" for row in pair.shared}


def test_equal_truth_carries_over(found: StudyComparison) -> None:
    said = verdicts(found, 0)
    assert said["mean"] == said["max"] == said[HOSTILE] == "carries over"
    assert said["attention"] in ("carries over", "open")
    assert found.pairs[0].sentence().startswith("Of 4 rows in both studies, ")


def test_a_planted_reversal_and_an_effect_that_came_are_found(found: StudyComparison) -> None:
    said = verdicts(found, 1)
    assert said == {"mean": "reverses", "attention": "differs", "max": "carries over"}
    assert [row.first.to_level for row in found.pairs[1].shared] == ["mean", "attention", "max"]  # the news first
    (row,) = [row for row in found.pairs[1].shared if row.first.to_level == "mean"]
    assert row.difference and row.difference.low < -0.1 < row.difference.high
    assert row.difference.estimate == pytest.approx(-0.1, abs=0.01)


def test_rows_of_one_study_are_listed_as_such(found: StudyComparison) -> None:
    assert [one.to_level for one in found.pairs[1].only_first] == [HOSTILE]
    assert [one.to_level for one in found.pairs[1].only_second] == ["other"]
    assert found.pairs[0].only_first == found.pairs[0].only_second == ()


def test_what_differs_between_the_set_ups_is_told(found: StudyComparison) -> None:
    told = {row.setting: row.values for row in found.differing}
    assert told == {
        "data": ("demo", "demo", HOSTILE),
        "data fingerprint": ("f" * 64, "f" * 64, "e" * 64),
        "backbone": ("tiny", "bilstm", "tiny"),
        "seed": ("0", "0", "7"),
    }
    common = {"space", "epochs", "seeds", "version of the configurations"}
    assert common == {row.setting for row in found.common}


def test_a_study_without_the_rows_yet_says_so(place: Place) -> None:
    compared = compare_studies([StudyResults(place.database, name) for name in ("a", "later")])
    assert "no row in common" in compared.pairs[0].sentence()
    assert "can be compared yet" in render_comparison(compared)


def test_a_change_that_was_measured_the_other_way_round_is_turned(tmp_path: Path) -> None:
    """Two searches whose bests are each other's alternatives."""
    with open_database(migrated(tmp_path)) as database:
        made = Place("", database)
        for name, best, other in (("x", "mean", "cls"), ("y", "cls", "mean")):
            made.grid(name, {"mean": 0.05}, space_json={"name": "pooling"})
            decided = {"best": digest(best), "baseline": digest("cls"), "best_choices": {"pooling": best}}
            database.studies.update(name, decisions_json={**decided, "baseline_choices": {"pooling": "cls"}})
            told = {"factor": "pooling", "from_level": best, "to_level": other, "design": "one_at_a_time"}
            database.studies.replace_cells(name, "ablate", [cell("ablate", "one", other, 0, **told)])
        compared = compare_studies([StudyResults(database, name) for name in ("x", "y")])
    (row,) = compared.pairs[0].shared
    assert row.turned and (row.second.from_level, row.second.to_level) == ("mean", "cls")
    assert row.first.interval and row.second.interval and row.judgement
    assert row.first.interval.estimate == pytest.approx(row.second.interval.estimate, abs=0.005)
    assert row.second.judgement and row.second.judgement.verdict == "hurts" and row.judgement.verdict == "carries over"


def test_the_selection_bias_of_each_best_does_not_make_turned_rows_differ(tmp_path: Path) -> None:
    """Two searches of configurations that are truly equal: each chose the luckiest of its own eight."""
    levels = ["cls", "mean", *(f"level {i}" for i in range(6))]
    with open_database(migrated(tmp_path)) as database:
        made = Place("", database)
        for noise_seed, name, best, other in ((4, "x", "mean", "cls"), (5, "y", "cls", "mean")):
            lucky = dict.fromkeys(levels, 0.002) | {other: 0.0, best: 0.003}
            made.grid(name, lucky, noise_seed, space_json={"name": "pooling"})
            decided = {"best": digest(best), "baseline": digest("cls"), "best_choices": {"pooling": best}}
            database.studies.update(name, decisions_json={**decided, "baseline_choices": {"pooling": "cls"}})
            told = {"factor": "pooling", "from_level": best, "to_level": other, "design": "one_at_a_time"}
            database.studies.replace_cells(name, "ablate", [cell("ablate", "one", other, 0, **told)])
        studies = [StudyResults(database, name) for name in ("x", "y")]
        (row,) = compare_studies(studies).pairs[0].shared
        plain = [compare(one, digest(other), digest(best)) for one, (best, other) in zip(
            studies, (("mean", "cls"), ("cls", "mean")), strict=True)]  # fmt: skip
    assert row.turned and row.judgement and row.judgement.verdict == "carries over"
    assert plain[0] and plain[1] and row.first.interval and row.second.interval
    assert row.first.interval.estimate > plain[0].interval.estimate
    assert row.second.interval.estimate < -plain[1].interval.estimate


def test_the_table_has_every_row_and_leads_to_its_runs(place: Place, found: StudyComparison) -> None:
    frame = comparison_frame(found)
    assert len(frame) == 4 + 3 + 2 and (frame["reference"] == "a").all()
    runs = {run.id: run for name in ("a", "b", "c") for run in place.database.runs.of_study(name)}
    for row in frame.to_dict("records"):
        for side, effect in (("reference", "reference_effect"), ("study", "study_effect")):
            if pd.isna(row[effect]):
                assert pd.isna(row[f"{side}_run_ids"])
                continue
            of_row = [runs[int(run)] for run in row[f"{side}_run_ids"].split()]
            changed = np.mean([run.score for run in of_row if run.choices_json["pooling"] == row["to"]])
            base = np.mean([run.score for run in of_row if run.choices_json["pooling"] == "cls"])
            assert changed - base == pytest.approx(row[effect]), row


def test_what_is_to_be_known_of_the_numbers_is_told(tmp_path: Path) -> None:
    with open_database(migrated(tmp_path)) as database:
        made = Place("", database)
        made.grid("real", {"mean": 0.05})
        made.grid("played", {"mean": 0.05}, 1, settings_json={"seeds": 6, "trainer": "rehearsal"}, data_made_up=True)
        made.grid("small", {"mean": 0.05}, 2, backbone="minilm")
        pages = [
            render_comparison(compare_studies([StudyResults(database, name) for name in names]))
            for names in (("real", "played", "small"), ("played", "played"), ("real", "real"))
        ]
    assert "played: Rehearsal: nothing was trained" in pages[0] and "small: The backbone MiniLM" in pages[0]
    assert ">Rehearsal: nothing was trained" in pages[1]
    assert not [words for words in ("Rehearsal", "Made-up", "MiniLM (") if words in pages[2]]


def test_nothing_of_a_hostile_name_becomes_html(place: Place) -> None:
    page = render_comparison(compare_studies([StudyResults(place.database, name) for name in ("a", "b", "c")]))
    assert "<script" not in page and "<img" not in page
    assert page.count("&lt;img src=x onerror") >= 3  # a row of both, a row of one, a set-up


def test_the_same_databases_give_the_same_bytes_and_the_page_is_whole(place: Place, tmp_path: Path) -> None:
    arguments = ["--name", "a", "--name", "c", "--storage", place.url, "--out"]
    assert all(report.main([*arguments, str(tmp_path / f"{name}.html")]) == 0 for name in ("one", "two"))
    one, two = ((tmp_path / f"{name}.html").read_text(encoding="utf-8") for name in ("one", "two"))
    assert one == two and one.rstrip().endswith("</html>")
    assert one.count('class="interval pair"') == 3 and "reverses" in one and "Only in a (1)" in one


def test_the_page_needs_nothing_from_elsewhere(place: Place) -> None:
    page = render_comparison(compare_studies([StudyResults(place.database, name) for name in ("a", "b")]))
    assert set(re.findall(r'<[^>]*\s(?:src|href)="([^"]*)"', page)) == {"data:,", "#carry-over-1"}
    assert "url(" not in page and "@import" not in page


def test_two_databases_may_hold_studies_of_one_name(place: Place, tmp_path: Path, capsys: Said) -> None:
    url = migrated(tmp_path, "other.db")
    with open_database(url) as database:
        Place(url, database).grid("a", {"mean": 0.05}, 5, backbone="bilstm")
    out = tmp_path / "cmp.html"
    given = ["--name", "a", "--name", "a", "--storage", place.url, "--storage", url, "--out", str(out)]
    assert report.main(given) == 0, capsys.readouterr().err
    assert "From a (1) to a (2)" in out.read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_the_comparison_is_exported(place: Place, tmp_path: Path, kind: str) -> None:
    given = ["--name", "a", "--name", "c", "--storage", place.url, "--out", str(tmp_path), "--format", kind]
    assert export.main(given) == 0
    (file,) = tmp_path.iterdir()
    assert file.name == f"comparison.{kind}"
    rows = json.loads(file.read_text()) if kind == "json" else pd.read_csv(file).to_dict("records")
    assert len(rows) == 5


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--name", "a", "--name", "bb"), "No study named 'bb'"),
        (("--name", "a", "--name", "a"), "--name a was given twice"),
        (("--name", "a", "--name", "b", "--name", "c", "--storage", "sqlite:///x.db"), "3 --name and 2 --storage"),
    ],
)
def test_what_cannot_be_compared_is_one_message(
    place: Place, tmp_path: Path, capsys: Said, arguments: tuple[str, ...], told: str
) -> None:
    for command, out in ((report, "cmp.html"), (export, "tables")):
        assert command.main([*arguments, "--storage", place.url, "--out", str(tmp_path / out)]) == 2
        said = capsys.readouterr()
        assert told in said.err and "Traceback" not in said.err and said.out == ""
    assert list(tmp_path.iterdir()) == []


def test_figures_of_a_comparison_are_refused(place: Place, tmp_path: Path, capsys: Said) -> None:
    given = ["--name", "a", "--name", "b", "--storage", place.url, "--out", str(tmp_path), "--figures", "svg"]
    assert export.main(given) == 2 and "Give one --name" in capsys.readouterr().err
