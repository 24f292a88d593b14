from __future__ import annotations

import html.parser
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from results.database.database import Database
from results.database.rows import MetricValue, RunResult
from results.figures.learning_curves import Curve, _curve_sentence
from results.figures.run_links import of_runs
from results.report import write_report
from results.report.render import render_report

A = {"pooling": "cls", "sts_head": "concat", "schedule": "constant", "learning_rate": 3e-5}
B = {**A, "pooling": "mean"}
VOID = {"meta", "link", "br", "img", "input", "hr", "line", "circle"}


class Page(html.parser.HTMLParser):
    """The words, elements and unclosed tags of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def page(finished_page: str) -> Page:
    return Page(finished_page)


def state(make: Any, fill: Callable[[Any], object]) -> str:
    """The page of a study in the state that `fill` leaves it in."""
    make.study(data_made_up=False)
    fill(make)
    found = Page(render_report(make.database, make.name))
    assert found.open == []
    return found.text


def test_the_page_is_whole_small_and_fetches_nothing(finished_page: str, page: Page) -> None:
    assert page.open == []
    assert len(finished_page.encode()) < 5_000_000
    urls = [attrs[key] for _, attrs in page.tags for key in ("src", "href") if key in attrs]
    assert all(url.startswith("#") or url == "data:," for url in urls)
    assert "@import" not in finished_page and "url(" not in finished_page


def test_links_lead_somewhere(page: Page) -> None:
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    links = [attrs["href"] or "" for tag, attrs in page.tags if tag == "a"]
    assert {link.removeprefix("#") for link in links if not link.startswith("#runs=")} <= set(ids)


def test_the_first_words_say_that_the_data_are_made_up(page: Page) -> None:
    body = page.text.partition("Skip to the ablation table")[2].strip()
    assert body.startswith("Made-up data: ")
    assert "say nothing about real sentences" in body


def test_the_answer_stands_in_the_headline_and_the_gain_with_its_interval(page: Page) -> None:
    assert "Best: mean pooling, cosine sts_head, learning_rate 3.1e-5" in page.text
    assert re.search(r"The gain is \+2\d\.\d points, 95 % interval \[\+1\d\.\d, \+2\d\.\d\]\.", page.text)
    assert "python -m mtbert.train --config runs/demo-study/best/config.json --data demo --seed 100" in page.text


def test_what_failed_stands_with_its_reason_and_faulty_rows_by_file_and_line(finished_page: str, page: Page) -> None:
    assert "nan_loss: 1." in page.text
    assert "nan_loss: \\u003c/script\\u003e" in finished_page  # the list of runs has it, below the first
    assert "2 faulty rows were dropped" in page.text
    assert "quora-train.csv:1842 : label '' is not 0 or 1; row dropped" in page.text


def test_changes_that_do_better_than_the_best_are_pointed_out(light: Any) -> None:
    def fill(make: Any) -> None:
        confirmed(make, 3, quality=0.4)
        better = {**B, "sts_head": "cosine"}
        told = {"factor": "sts_head", "from_level": "concat", "to_level": "cosine"}
        cell = make.cell("ablate", "one_at_a_time:sts_head=cosine", better, 1, **told)
        make.database.studies.replace_cells(make.name, "ablate", [cell])
        for seed in (1000, 1001, 1002):
            make.complete(better, seed, "ablate", quality=0.9)

    text = state(light, fill)
    assert "Of 1 single change to the best configuration, 1 helps." in text


def test_every_ablation_row_has_a_bar_that_can_be_read_aloud(page: Page) -> None:
    bars = [attrs for tag, attrs in page.tags if tag == "svg" and attrs.get("role") == "img"]
    assert len(bars) == 5
    verdict = r"\], (helps|hurts|equivalent .+|no (gain|loss) of more than 1 point|open, surely within ±[\d.]+ points)$"
    assert all(re.search(verdict, attrs["aria-label"]) for attrs in bars)


def test_the_largest_effect_stands_with_its_interval_and_its_verdict(page: Page) -> None:
    number = r"[+−]?[\d.]+"
    found = re.search(rf"The largest effect: .+? → .+?, {number} points \[{number}, {number}\], (\w+)", page.text)
    assert found and found[1] in ("helps", "hurts", "equivalent", "no", "open")


def test_hostile_text_stays_text(finished_page: str, page: Page) -> None:
    assert page.text.count("<img src=x onerror=alert(1)>") >= 4
    assert [tag for tag, _ in page.tags if tag == "img"] == []
    assert [tag for tag, _ in page.tags].count("script") == 5  # three of data, two that read them
    assert "<script>alert" not in finished_page


def test_every_figure_has_a_sentence(page: Page) -> None:
    figures = [attrs for tag, attrs in page.tags if tag == "div" and attrs.get("class") == "plot"]
    ids = {attrs.get("id") for _, attrs in page.tags}
    drawn = [figure["id"] for figure in figures]
    assert drawn[:2] == ["figure-slices", "figure-trainable-parameters"]
    assert {"figure-history", "figure-curves"} <= {*drawn}
    assert all(figure["aria-describedby"] in ids for figure in figures)


def test_curves_end_after_their_own_last_epoch_and_tell_the_gap_of_the_epochs_kept() -> None:
    best: Curve = {1: 0.5, 2: 0.6}
    means = {("best", "dev"): best, ("baseline", "dev"): {1: 0.4, 2: 0.41, 3: 0.42}}
    ends = "The best ends after epoch 2 at 0.600 on dev{}; the baseline ends after epoch 3 at 0.420 on dev."
    assert _curve_sentence(means, {}, 9) == ends.format("")
    gap = " (at the best epochs: 0.610 on dev, 0.650 on train, a gap of +4.0 points)"
    assert _curve_sentence(means, {"best": (0.61, 0.65)}, 9) == ends.format(gap)
    few = " The train curves use only a few examples and are an indication, not a measurement."
    assert _curve_sentence({**means, ("best", "train"): best}, {}, 9) == ends.format("") + few


def test_numbers_lead_to_runs_that_there_are(page: Page, finished_page: str) -> None:
    listed = json.loads(re.search(r'id="runs-data">(.*?)</script>', finished_page).group(1))
    known = {int(name) for name in listed["columns"][0]["names"]}
    links = [attrs["href"] or "" for tag, attrs in page.tags if tag == "a"]
    parts = [link.removeprefix("#runs=") for link in links if re.fullmatch(r"#runs=[\d,-]+", link)]
    spans = [span.split("-") for part in parts for span in part.split(",")]
    assert len(parts) > 40
    assert all(known.issuperset(range(int(span[0]), int(span[-1]) + 1)) for span in spans)


def test_the_gain_leads_to_the_runs_of_both(page: Page, finished: Database) -> None:
    tile = next(i for i, (tag, attrs) in enumerate(page.tags) if attrs.get("class") == "answers")
    gain = [attrs["href"] for tag, attrs in page.tags[:tile] if tag == "a" and "runs" in (attrs.get("class") or "")][1]
    runs = [run for run in finished.runs.of_study("demo-study") if run.phase == "confirm"]
    decided = finished.studies.require("demo-study").decisions_json
    both = {run.id for run in runs if run.config_digest in (decided["best"], decided["baseline"])}
    assert gain == of_runs(both)


def test_a_best_with_many_changes_is_named_in_brief(light: Any) -> None:
    many = {f"factor_{i}": "on" for i in range(7)}

    def fill(make: Any) -> None:
        cells = [make.cell("confirm", "baseline", A, 0), make.cell("confirm", "confirm:1", {**A, **many}, 1)]
        make.database.studies.replace_cells(make.name, "confirm", cells)
        digests = {"baseline": cells[0].config_digest, "best": cells[1].config_digest}
        make.database.studies.update(make.name, decisions_json=digests)
        make.complete(A, 1000, "confirm", quality=0.3)
        make.complete({**A, **many}, 1000, "confirm", quality=0.9)

    text = state(light, fill)
    assert "Best: factor_0 on, factor_1 on, factor_2 on and 4 more changes" in text
    assert "all 7 changes factor_0 on, factor_1 on, factor_2 on, factor_3 on," in text


def test_the_same_database_gives_the_same_bytes(finished: Database, finished_page: str, tmp_path: Path) -> None:
    write_report(finished, "demo-study", tmp_path / "deeper" / "report.html")
    assert (tmp_path / "deeper" / "report.html").read_bytes() == finished_page.encode()
    assert [file.name for file in (tmp_path / "deeper").iterdir()] == ["report.html"]


def test_figure_data_hold_no_result_of_the_search_but_as_single_runs(finished_page: str) -> None:
    data = json.loads(re.search(r'id="figures-data">(.*?)</script>', finished_page).group(1))
    names = [trace["name"] for trace in data[0]["traces"]]
    assert names[0].startswith("search: one seed each")
    assert len(data[0]["traces"][0]["x"]) == 3


def test_a_study_without_runs_has_a_page_and_real_data_are_not_called_made_up(light: Any) -> None:
    text = state(light, lambda make: None)
    assert "Made-up" not in text
    assert "No run is complete yet" in text
    assert "Best score – no interval yet" in text


def test_a_study_that_only_failed_says_why(light: Any) -> None:
    text = state(light, lambda make: [make.failed(A), make.failed(B)])
    assert "No result: 2 runs failed and none is complete" in text
    assert "Why: nan_loss (2)." in text


def test_search_runs_are_no_results_and_are_told_as_such(light: Any) -> None:
    text = state(light, lambda make: [make.complete(A, 0), make.complete(B, 0), make.failed(A, 1)])
    assert "No configuration has been confirmed yet" in text
    assert "So far 2 runs of the search have ended." in text
    answer = text.partition("What mattered")[0]
    assert "Best score – no interval yet" in text
    assert not re.search(r"\d\.\d{3}", answer)


def lost_seeds(make: Any, *reasons: str | None) -> None:
    """Two configurations that were to have two seeds, and each has one, after three runs of the search.

    The other seed failed for one of the `reasons`; None: it is running.
    """
    cells = [make.cell("confirm", "baseline", A, 0), make.cell("confirm", "row:one", B, 1)]
    make.database.studies.replace_cells(make.name, "confirm", cells)
    for seed in range(3):
        make.complete(A, seed)
    for choices, seed, reason in zip((A, B), (1000, 1001), reasons, strict=True):
        make.complete(choices, seed, "confirm")
        other = make.start(choices, 2001 - seed, "confirm")
        if reason is not None:
            make.database.runs.finish(other, RunResult(status="failed", reason=reason))


def test_where_every_configuration_lost_a_seed_that_is_said_and_the_way_out(light: Any) -> None:
    text = state(light, lambda make: lost_seeds(make, "out_of_memory", "out_of_memory"))
    assert "No configuration has all its seeds" in text and "So far" not in text
    assert "none has them all: 2 runs with fresh seeds failed" in text
    assert "--name demo-study-2 --import-from demo-study" in text


def test_where_seeds_are_still_to_come_nothing_is_said_of_failures(light: Any) -> None:
    text = state(light, lambda make: lost_seeds(make, None, "worker_died"))
    assert "No configuration has been confirmed yet" in text
    assert "none has them all yet. Launch the study again under the same name to continue." in text
    assert "1 running" in text


def decided(make: Any) -> dict[str, str]:
    baseline, other = (cell.config_digest for cell in make.database.studies.cells(make.name, "confirm"))
    return {"baseline": baseline, "best": other}


def confirmed(make: Any, seeds: int, **options: Any) -> None:
    cells = [make.cell("confirm", "baseline", A, 0), make.cell("confirm", "confirm:1", B, 1)]
    make.database.studies.replace_cells(make.name, "confirm", cells)
    make.database.studies.update(
        make.name, settings_json={"seeds": seeds}, decisions_json={"baseline": cells[0].config_digest}
    )
    for seed in range(1000, 1000 + seeds):
        make.complete(A, seed, "confirm", **options)
        make.complete(B, seed, "confirm", **{**options, "quality": options.get("quality", 0.6) + 0.001})


def test_one_seed_gives_a_best_but_no_interval(light: Any) -> None:
    text = state(light, lambda make: confirmed(make, 1))
    assert "One seed shows no spread: no interval can be given." in text
    assert "Best and baseline have fewer than two seeds in common, so no gain is shown." in text


def test_a_best_that_is_the_baseline_says_so(light: Any) -> None:
    def fill(make: Any) -> None:
        confirmed(make, 2)
        baseline = decided(make)["baseline"]
        make.database.studies.update(make.name, decisions_json={"baseline": baseline, "best": baseline})

    text = state(light, fill)
    assert "Best: the baseline itself" in text
    assert "No confirmed configuration scores higher than the baseline." in text


def test_a_printed_row_stands_under_its_label_though_it_is_the_baseline(light: Any) -> None:
    def fill(make: Any) -> None:
        cells = [("baseline", A), ("row:Fine <b>Tune</b> all", A), ("row:lr=1e-5", A), ("row:Mean", B)]
        rows = [make.cell("confirm", name, choices, i) for i, (name, choices) in enumerate(cells)]
        make.database.studies.replace_cells(make.name, "confirm", rows)
        for choices in (A, B):
            make.complete(choices, 1000, "confirm")

    text = state(light, fill)
    assert "Row as printed, and where it differs from the baseline" in text
    assert "Fine <b>Tune</b> all; lr=1e-5 baseline the baseline" in text
    assert "Mean mean pooling" in text.replace("Mean best", "Mean")


def grid(make: Any, rows: dict[str, Any], qualities: tuple[float, ...], seeds: int) -> None:
    cells = [make.cell("confirm", name, choices, i) for i, (name, choices) in enumerate(rows.items())]
    make.database.studies.replace_cells(make.name, "confirm", cells)
    decided = {"baseline": cells[0].config_digest, "baseline_choices": A}
    make.database.studies.update(make.name, settings_json={"seeds": seeds}, decisions_json=decided)
    for choices, quality in zip(rows.values(), qualities, strict=True):
        for seed in range(1000, 1000 + seeds):
            make.complete(choices, seed, "confirm", quality=quality)


GRID = {"name": "small", "design": "grid", "factors": []}
C = {**A, "sts_head": "cosine", "smart": "on"}


def grid_page(make: Any, rows: dict[str, Any], qualities: tuple[float, ...], seeds: int = 3) -> str:
    make.study(data_made_up=False, space_json=GRID)
    grid(make, rows, qualities, seeds)
    found = Page(render_report(make.database, make.name))
    assert found.open == []
    return found.text


def test_rows_of_a_grid_are_compared_with_the_baseline_and_the_best_has_the_headline_by_label(light: Any) -> None:
    text = grid_page(light, {"baseline": A, "row:Mean": B, "row:Run 7 <all>": C}, (0.6, 0.4, 0.8))
    assert "Best: Run 7 <all> It differs from the baseline in: cosine sts_head, smart on. It scores" in text
    assert "Of 2 rows compared with the baseline, 1 helps, 1 hurts. The largest difference: " in text
    compared = text.partition("Of 2 rows")[2].partition("The recipe")[0]
    assert 0 < compared.index("Run 7 <all> best cosine sts_head, smart on +") < compared.index("Mean mean pooling −")
    assert "below zero, it is worse than the baseline" in compared
    assert "ablation" not in text.lower()


def test_a_printed_row_that_is_best_and_the_baseline_says_both(light: Any) -> None:
    text = grid_page(light, {"row:Fine-tuned": A, "row:Mean": B}, (0.8, 0.4))
    assert "Best: Fine-tuned, the baseline It scores" in text


def test_a_grid_without_printed_rows_compares_configurations(light: Any) -> None:
    text = grid_page(light, {"baseline": A, "pooling=mean": B}, (0.6, 0.4))
    assert "Of 1 configuration compared with the baseline, 1 hurts." in text
    assert re.search(r"The largest difference: mean pooling, −[\d.]+ points \[−[\d.]+, −[\d.]+\], hurts\.", text)


def test_a_grid_with_one_seed_has_nothing_to_compare_yet(light: Any) -> None:
    text = grid_page(light, {"baseline": A, "row:Mean": B}, (0.6, 0.4), seeds=1)
    assert "No row has two seeds in common with the baseline yet." in text
    assert "needs two paired seeds" in text


def test_a_grid_without_its_baseline_says_so(light: Any) -> None:
    light.study(data_made_up=False, space_json=GRID)
    light.complete(B, 1000, "confirm")
    text = Page(render_report(light.database, light.name)).text
    assert "which has no complete run with a fresh seed yet" in text


def test_an_interval_with_zero_in_it_is_said_in_words_and_why_changes_cannot_be_made(light: Any) -> None:
    change = {"factor": "sampler", "from_level": "joint", "reason": "pcgrad needs all <tasks>."}
    forbidden = [{**change, "to_level": level} for level in ("uniform", "annealed")]

    def fill(make: Any) -> None:
        confirmed(make, 2)
        made = {**decided(make), "ablations_left_out": 1, "ablations_forbidden": forbidden}
        make.database.studies.update(make.name, decisions_json=made)

    text = state(light, fill)
    assert "It is not distinguishable from the baseline with 2 seeds." in text
    assert "2 changes cannot be made to the best configuration, and why" in text
    assert "sampler joint → uniform, annealed: pcgrad needs all <tasks>." in text
    assert "1 further change was not run: the budget was used up." in text


def test_a_study_without_predictions_says_what_its_intervals_are_of(light: Any) -> None:
    def fill(make: Any) -> None:
        confirmed(make, 3, predictions=False)

    assert "intervals are over seeds, for these dev sentences only" in state(light, fill)


def test_scores_that_are_no_number_do_not_break_the_page(light: Any) -> None:
    def fill(make: Any) -> None:
        run = make.start(A, 1000, "confirm")
        make.database.runs.record_epoch(run, 1, 1.0, [MetricValue("dev", "", "score", float("nan"))])
        make.database.runs.finish(run, RunResult(status="complete", score=float("nan"), best_epoch=1))

    assert "1 run: 1 complete" in state(light, fill)


def test_minilm_is_said_to_know_quora_and_a_baseline_unknown_to_the_study_is_taken_from_its_space(light: Any) -> None:
    light.study(backbone="minilm", decisions_json={})
    light.complete(B, 0)
    text = Page(render_report(light.database, light.name)).text
    assert "contrastively trained on sentence pairs, Quora duplicates among them" in text
    assert "mean pooling" in text
