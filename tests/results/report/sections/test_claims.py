"""The section of the report about a report's claims: words, tables, and nothing for other spaces."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from typing import Any

import pytest
from report_studies import write

from results.database.database import Database
from results.export import tables, tables_of
from results.measurements.study_results import StudyResults
from results.published import wording
from results.published.measured_claims import measure_claims
from results.published.tables import claims_of
from results.report.content import outcome
from results.report.render import render, render_report
from tests.results.conftest import StudyMaker

CLS = {"sst": [0.55, 0.552, 0.549], "quora": [0.7, 0.701, 0.699], "sts": [0.4, 0.402, 0.399]}
MEAN = {"sst": [0.5, 0.499, 0.502], "quora": [0.8, 0.802, 0.8], "sts": [0.4, 0.398, 0.397]}
ROWS = {"Baseline(CLS)": CLS, "Mean pooling": MEAN}
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def database(shared: StudyMaker) -> Database:
    """For the studies of all tests here, each by its own name."""
    return shared.database


@pytest.fixture(scope="module")
def zhang(database: Database) -> str:
    """The page of the study `zhang`."""
    settings = {"epochs": 2, "train_examples": 1500, "pins": ["head_dropout=0.1"]}
    write(database, "zhang_pooling", ROWS, name="zhang", settings_json=settings, backbone=HOSTILE)
    return render_report(database, "zhang")


def section(page: str) -> str:
    """The text of the section alone."""
    found = re.search(r'<section id="claims"[^>]*>(.*?)</section>', page, re.DOTALL)
    assert found is not None
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", found.group(1)).split()))


def test_the_sentence_comes_first_and_counts_verdicts(database: Database) -> None:
    write(database, "zhang_pooling", {**ROWS, "Mean pooling": {**MEAN, "sts": [0.1, 0.3, 0.6]}}, name="noisy")
    text = section(render_report(database, "noisy"))
    assert text.startswith("Claims of the report Of 2 claims by Zhang, 1 is replicated, 1 is open.")
    assert "made up" not in text


def test_a_claim_stands_with_what_is_printed_and_what_was_measured(database: Database, zhang: str) -> None:
    text = section(zhang)
    assert "Sentiment is the exception: there the first token does better than the mean." in text
    assert "Table 2: Baseline(CLS) over Mean pooling SST +3.2 +5.0 [" in text
    assert "replicated p " in text and "3 seeds" in text
    assert "In the report: one run per row; printed averages differ by +4.6." in text  # beside +7.4, of plain means
    assert (
        "Baseline(CLS) 0.537 0.647 0.636 0.667* 0.607 0.550 ± 0.002 0.700 ± 0.001 0.400 ± 0.002 0.550 ± 0.001 3" in text
    )
    assert "A printed average is the plain mean of its three columns, or counts STS as (1 + r)/2" in text
    assert render_report(database, "zhang") == zhang


def test_it_says_how_ours_are_scaled_down_and_what_was_set(zhang: str) -> None:
    text = section(zhang)
    assert f"Ours are scaled down (backbone {HOSTILE}, at most 1,500 training examples per task, 2 epochs" in text
    assert "Set for every row, unlike in the table: head_dropout=0.1." in text
    assert HOSTILE not in zhang


def test_rows_that_scored_the_very_same_with_every_seed_are_told_so(database: Database) -> None:
    rows = {"Baseline(CLS)": CLS, "Mean pooling": CLS}
    write(database, "zhang_pooling", rows, name="same", space_json={"design": "grid"})
    page = render_report(database, "same")
    assert "average: identical with every seed; the change between the rows had no effect." in section(page)
    table = re.search(r"Comparison with the baseline.*?</table>", page, re.DOTALL)
    assert table is not None and ">identical with every seed<" in table[0] and ">includes 0<" not in table[0]


def test_an_open_claim_says_what_it_excludes(database: Database) -> None:
    noisy = {**CLS, "sst": [0.52, 0.57, 0.55]}
    write(database, "zhang_pooling", {"Baseline(CLS)": CLS, "Mean pooling": noisy}, name="excludes")
    text = section(render_report(database, "excludes"))
    assert "Open: the interval includes 0. Surely within ±" in text


SMALL = {"sst": [0.549, 0.554, 0.55], "quora": [0.703, 0.699, 0.7], "sts": [0.402, 0.4, 0.403]}


def test_a_claim_that_is_smaller_than_printed_says_than_what(database: Database) -> None:
    rows = {"Baseline(CLS)": CLS, "Mean pooling": SMALL}
    write(database, "zhang_pooling", rows, name="small", settings_json={"epochs": 1, "smaller_than": 0.6})
    text = section(render_report(database, "small"))
    assert "Of 2 claims by Zhang, 2 are smaller than printed." in text
    assert "smaller than printed p 0." in text and "Smaller than 60 % of what was printed (p 0." in text
    (overall, on_sst) = measure_claims(StudyResults(database, "small"))
    assert wording.excluded(on_sst) == ["surely within ±0.4 points"]  # which says more than the margin of 1 point
    tight = replace(on_sst, margin=0.003)
    assert wording.excluded(tight) == ["no gain of more than 0.3 points, surely within ±0.4 points"]
    falling = replace(tight, claim=replace(tight.claim, direction="smaller"))
    assert wording.excluded(falling) == ["no increase of more than 0.3 points, surely within ±0.4 points"]
    assert wording.excluded(replace(tight, margin=None)) == ["surely within ±0.4 points"]
    both = replace(overall, measured=(*overall.measured, *on_sst.measured))
    assert [text.split(":")[0] for text in wording.excluded(both)] == ["average", "SST"]


def test_the_note_says_what_intervals_cover_and_their_levels(database: Database, zhang: str) -> None:
    assert "Intervals (95 %) are for other seeds on the same dev examples." in section(zhang)
    (_, on_sst) = measure_claims(StudyResults(database, "zhang"))
    (one,) = on_sst.measured
    kept = replace(one, comparison=replace(one.comparison, over="seeds and examples"), level=0.9)
    assert wording.intervals_note([kept]) == "Intervals (90 %) are for other seeds and other dev examples."
    several = wording.intervals_note([kept, one])
    assert several.startswith("Intervals (90 to 95 %)") and several.endswith("they are for other seeds only.")
    assert wording.intervals_note([]) == ""


def test_shares_and_verdicts_in_words() -> None:
    assert [wording.share_text(share) for share in (0.5, 0.3, 1.0)] == [
        "half of what was printed",
        "30 % of what was printed",
        "what was printed",
    ]
    assert wording.verdict_text("replicated", is_smaller=True) == "replicated, but smaller than printed"
    assert wording.verdict_text("smaller than printed", is_smaller=True) == "smaller than printed"


def test_rows_that_agree_on_average_alone_are_not_the_same(database: Database) -> None:
    moved = {**CLS, "sst": CLS["sst"][::-1]}
    write(database, "zhang_pooling", {"Baseline(CLS)": CLS, "Mean pooling": moved}, name="moved")
    assert "identical with" not in section(render_report(database, "moved"))


def test_a_study_without_runs_has_its_claims_open_and_made_up_data_say_nothing_of_it(database: Database) -> None:
    write(database, "zhang_pooling", {label: {} for label in ROWS}, name="empty", data_made_up=True)
    text = section(render_report(database, "empty"))
    assert "Of 2 claims by Zhang, 2 are open." in text
    assert "Open: rows 'Mean pooling', 'Baseline(CLS)' have not been run." in text
    assert "The data are made up, so this says nothing about the report." in text


def test_a_space_of_our_own_has_no_such_section(database: Database) -> None:
    write(database, "pooling", ROWS, name="own")
    found = outcome(database, "own")
    assert "claims" not in {each.id for each in found.sections} and "claims" not in tables_of(found)


@pytest.mark.parametrize("space", ["kumar_multitask", "thapa_khurana_table1", "hurtado_teaw_table1", "sankhe_table4"])
def test_every_claim_of_a_space_has_its_lines(database: Database, space: str) -> None:
    labels = {label for claim in claims_of(space) for label in (*claim.better, *claim.worse, *claim.reference)}
    rows = {label: CLS if len(label) % 2 else MEAN for label in sorted(labels)}
    write(database, space, rows, name=space, baseline=min(labels))
    found = outcome(database, space)
    text = section(render(found))
    for claim in claims_of(space):
        assert claim.statement in text
    (frame,) = (each.content.tables()["claims"] for each in found.sections if each.id == "claims")
    assert len(frame) == sum(len(claim.metrics) for claim in claims_of(space))


def test_the_exported_tables_name_runs_and_have_scores(light: Any) -> None:
    write(light.database, "zhang_pooling", ROWS)
    found = tables(light.database, "s")
    claims, rows = found["claims"], found["printed_and_ours"]
    assert claims["claim"].tolist() == ["zhang_mean_over_cls_overall", "zhang_cls_over_mean_on_sst"]
    assert claims["printed"].tolist() == [0.073667, 0.032] and claims["printed_delta"].tolist() == [0.046, 0.032]
    assert claims["estimate"].tolist() == pytest.approx([(0.1 - 0.05) / 3, 0.05], abs=2e-3)
    assert claims["run_ids"].tolist() == ["4 5 6 1 2 3", "1 2 3 4 5 6"]
    assert rows["run_ids"].tolist() == ["1 2 3", "4 5 6"] and rows["printed_sts"].tolist() == [0.636, 0.805]
    assert rows["average"].tolist() == pytest.approx([0.55, 0.5664], abs=1e-3)


def words(database: Database, claim: str, study: str = "s") -> tuple[str, list[str]]:
    finding = next(one for one in measure_claims(StudyResults(database, study)) if one.claim.id == claim)
    return wording.compared(finding.claim), wording.remarks(finding)


def test_what_a_claim_compares_in_words(light: Any) -> None:
    write(light.database, "kumar_multitask", {"baseline": CLS, "Additive Loss": MEAN})
    compared, remarks = words(light.database, "kumar_multitask_helps_sts")
    assert compared == (
        "Additive Loss over the baseline (for Dropout=0.5, lr=1e-5, epoch=10, Fine Tune all of kumar_single_task)"
    )
    assert any(remark.startswith("Confounded in the report: multitask sees all of Quora") for remark in remarks)


def test_what_an_equality_and_a_mean_of_rows_are_in_words() -> None:
    by_id: dict[str, Any] = {
        c.id: c for space in ("kumar_single_task", "thapa_khurana_table1") for c in claims_of(space)
    }
    told = wording.compared(by_id["kumar_last_two_layers_close_to_all"])
    assert told == "Fine Tune last 2 like Fine Tune all, within 2 points (our tolerance)"
    assert (
        wording.compared(by_id["tk_qqp_prefinetuning_boosts_paraphrase"])
        == "the mean of 14, 15 over the mean of 22, 23"
    )
    assert wording.compared(by_id["tk_smart_reduces_sst_overfitting"]) == "0 below 8"


def test_what_a_derived_metric_is_stands_in_the_remarks(light: Any) -> None:
    base = "Baseline (CLS pooling for all 3 downstream tasks)"
    write(light.database, "hurtado_teaw_table1", {base: CLS, "Cosine Similarity + SimCSE": MEAN})
    _, remarks = words(light.database, "ht_pals_smaller_deviation_from_baseline")
    assert any(remark.startswith("Distance: the mean over tasks of |row minus baseline|") for remark in remarks)


def test_the_other_reading_of_a_table_stands_in_the_remarks(light: Any) -> None:
    claim, frozen = "sankhe_multitask_over_single_task", "MTFT, encoder frozen"
    write(light.database, "sankhe_table4", {"STFT": CLS, "MTFT": MEAN, frozen: {**CLS, "quora": MEAN["quora"]}})
    told = [remark for remark in words(light.database, claim)[1] if frozen in remark]
    assert len(told) == 1 and re.match(
        r"With the encoder frozen in multitask rows too, at the printed 1e-3: \+3\.4 \[.*\] "
        r"\(MTFT, encoder frozen over STFT\)\.$",
        told[0],
    )
    # `--set fine_tuning.multitask.encoder=frozen`: both rows are one configuration, which the verdict is about.
    write(light.database, "sankhe_table4", {"STFT": CLS, "MTFT": MEAN}, name="pinned", also={frozen: "MTFT"})
    assert not [remark for remark in words(light.database, claim, "pinned")[1] if frozen in remark]


def test_further_pairs_stand_in_the_remarks(light: Any) -> None:
    write(light.database, "thapa_khurana_table1", {"14": CLS, "22": MEAN, "15": CLS, "23": MEAN})
    _, remarks = words(light.database, "tk_qqp_prefinetuning_helps_overall")
    assert any(re.match(r"Mean of its 2 matched pairs: −1\.\d \[.*\], printed \+5\.0\.$", remark) for remark in remarks)
