"""What a study says of a report's claims: every metric, every reason, on studies written by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from report_studies import SEEDS, digest, write
from scipy import stats

from results.database.database import Database
from results.measurements.study_results import StudyResults
from results.published.measured_claims import MeasuredClaim, measure_claims, row_digests
from results.published.side_by_side import side_by_side

NOISE = np.array([0.0, 0.002, -0.001, 0.001, -0.002])


@pytest.fixture
def database(light: Any) -> Database:
    found: Database = light.database
    return found


def row(sst: float = 0.5, quora: float = 0.7, sts: float = 0.4, seeds: int = 5, shift: int = 0) -> dict[str, list[Any]]:
    """Around these means; `shift` gives another row other noise."""
    noise = np.roll(NOISE, shift)[:seeds]
    return {"sst": (sst + noise).tolist(), "quora": (quora + noise).tolist(), "sts": (sts - noise).tolist()}


def found_in(database: Database) -> dict[str, MeasuredClaim]:
    return {finding.claim.id: finding for finding in measure_claims(StudyResults(database, "s"))}


def verdicts(database: Database) -> dict[str, str]:
    return {name: finding.judgement.verdict for name, finding in found_in(database).items()}


CLS, MEAN = "Baseline(CLS)", "Mean pooling"
OVERALL, ON_SST = "zhang_mean_over_cls_overall", "zhang_cls_over_mean_on_sst"


def test_both_claims_of_a_table_replicated(database: Database) -> None:
    write(database, "zhang_pooling", {CLS: row(sst=0.55), MEAN: row(sst=0.5, quora=0.8, sts=0.6, shift=1)})
    found = found_in(database)
    assert {name: finding.judgement.verdict for name, finding in found.items()} == {
        OVERALL: "replicated",
        ON_SST: "replicated",
    }
    overall, on_sst = (found[name].measured[0].comparison.interval for name in (OVERALL, ON_SST))
    assert overall.estimate == pytest.approx((-0.05 + 0.1 + 0.2) / 3, abs=1e-3)
    assert on_sst.estimate == pytest.approx(0.05, abs=1e-3)
    assert overall.low > 0 and found[OVERALL].judgement.reason == ""
    assert len(found[OVERALL].run_ids) == 10


def test_both_claims_contradicted(database: Database) -> None:
    write(database, "zhang_pooling", {CLS: row(), MEAN: row(sst=0.55, quora=0.6, sts=0.2, shift=1)})
    assert verdicts(database) == {OVERALL: "contradicted", ON_SST: "contradicted"}


NOISY = {"sst": [0.41, 0.65, 0.52], "quora": [0.81, 0.62, 0.73], "sts": [0.31, 0.52, 0.43]}


def test_a_noisy_difference_is_open_and_says_so(database: Database) -> None:
    write(database, "zhang_pooling", {CLS: row(seeds=3), MEAN: NOISY})
    found = found_in(database)
    assert found[OVERALL].judgement.reason == "the interval includes 0"
    assert found[OVERALL].judgement.adjusted_p is not None
    assert not found[OVERALL].measured[0].interval.excludes_zero


SMALL = {CLS: row(), MEAN: row(sst=0.5005, quora=0.7005, sts=0.4, shift=1)}  # of 7.4 printed points


def test_a_small_difference_is_smaller_than_printed(database: Database) -> None:
    write(database, "zhang_pooling", SMALL)
    finding = found_in(database)[OVERALL]
    assert finding.judgement.verdict == "smaller than printed" and finding.judgement.reason == ""
    assert finding.share == 0.5 and finding.measured[0].interval.high < 0.073667 / 2


def test_the_share_of_the_printed_difference_is_the_study_s(database: Database) -> None:
    write(database, "zhang_pooling", SMALL, settings_json={"smaller_than": 0.005})
    finding = found_in(database)[OVERALL]
    assert finding.share == 0.005 and finding.judgement.verdict == "open"
    one = finding.measured[0].comparison.difference
    assert finding.judgement.smaller_p == pytest.approx(one.p_below(0.005 * 0.073667))


def test_a_claim_that_one_metric_is_smaller_is_tested_from_the_other_side(database: Database) -> None:
    rows = {"0": row(sst=0.52), "8": row(sst=0.5, shift=1)}  # 39 points less were printed
    train = {"0": (0.63 + NOISE).tolist(), "8": (0.64 - NOISE).tolist()}
    write(database, "thapa_khurana_table1", rows, train=train)
    judged = found_in(database)[GAP].judgement
    assert judged.verdict == "replicated" and judged.is_smaller


def test_identical_rows_have_no_difference_of_any_size(database: Database) -> None:
    """Outputs that are equal with every seed leave nothing to test, and nothing to the other claims' error."""
    write(database, "zhang_pooling", {CLS: row(), MEAN: {**row(), "sts": (0.4 + NOISE).tolist()}})
    found = found_in(database)
    assert (found[ON_SST].judgement.verdict, found[ON_SST].judgement.p) == ("smaller than printed", None)
    assert found[OVERALL].judgement.smaller_p == found[OVERALL].judgement.adjusted_smaller_p
    also = {label: "Dropout=0.5" for label in ("lr=1e-5", "epoch=10", "Fine Tune all")}
    write(database, "kumar_single_task", {"Dropout=0.5": row(), "AdamW": row()}, name="k", also=also)
    claims = {one.claim.id: one.judgement for one in measure_claims(StudyResults(database, "k"))}
    assert (claims["kumar_adamw_no_gain"].verdict, claims["kumar_adamw_no_gain"].p) == ("replicated", None)


def test_a_row_that_was_not_run_is_named(database: Database) -> None:
    write(database, "zhang_pooling", {CLS: row(), MEAN: {}})
    found = found_in(database)
    assert found[OVERALL].judgement.reason == "row 'Mean pooling' has not been run"
    assert found[OVERALL].measured == () and found[OVERALL].judgement.p is None
    assert len(found[OVERALL].run_ids) == 5


def test_one_seed_is_not_enough(database: Database) -> None:
    write(database, "zhang_pooling", {CLS: row(), MEAN: row(seeds=1)})
    assert found_in(database)[ON_SST].judgement.reason == "fewer than two seeds in common"


def test_rows_that_are_one_configuration_here_cannot_be_compared(database: Database) -> None:
    write(database, "zhang_pooling", {CLS: row()}, also={MEAN: CLS})
    assert found_in(database)[ON_SST].judgement.reason == "both sides are the same configuration in this study"


def test_a_task_that_was_not_trained_is_named(database: Database) -> None:
    rows = {label: {"sst": values["sst"]} for label, values in {CLS: row(sst=0.6), MEAN: row(shift=1)}.items()}
    write(database, "zhang_pooling", rows)
    found = found_in(database)
    assert found[OVERALL].judgement.reason == "this study has not measured quora, sts"
    assert found[ON_SST].judgement.verdict == "replicated"


def test_scores_that_do_not_vary_tell_nothing(database: Database) -> None:
    write(database, "zhang_pooling", {CLS: {"sst": [0.6] * 3}, MEAN: {"sst": [0.5] * 3}})
    judged = found_in(database)[ON_SST].judgement
    assert judged.verdict == "open" and judged.reason.startswith("scores do not vary")


def test_a_score_that_is_no_number_is_said(database: Database) -> None:
    rows = {"Concatenation and map": {"sts": [0.4, 0.5]}, "Difference and map": {"sts": [None, 0.0]}}
    write(database, "kumar_sts_heads", rows)
    assert found_in(database)["kumar_difference_head_collapses"].judgement.reason == "a run's score is not a number"


def test_every_metric_has_to_agree(database: Database) -> None:
    rows = {
        "Fine Tune all": row(),
        "PreTrain": row(sst=0.3, quora=0.5, sts=0.1, shift=1),
        "Fine Tune last 2": row(sst=0.501, quora=0.66, sts=0.401, shift=2),
    }
    write(database, "kumar_single_task", rows)
    found = found_in(database)
    freezing, last_two = (
        found[name] for name in ("kumar_freezing_all_layers_hurts", "kumar_last_two_layers_close_to_all")
    )
    assert freezing.judgement.verdict == "replicated"
    assert [one.metric for one in freezing.measured] == ["sst_accuracy", "qqp_accuracy", "sts_pearson"]
    assert last_two.judgement.verdict == "contradicted"  # 4 points less on Quora, 2 are tolerated
    assert found["kumar_lr_1e6_too_low"].judgement.reason == "rows 'lr=1e-5', 'lr=1e-6' have not been run"


def test_the_base_that_is_printed_four_times_is_one_configuration(database: Database) -> None:
    also = {label: "Dropout=0.5" for label in ("lr=1e-5", "epoch=10", "Fine Tune all")}
    write(database, "kumar_single_task", {"Dropout=0.5": row(), "AdamW": row(sst=0.501, shift=1)}, also=also)
    adamw = found_in(database)["kumar_adamw_no_gain"]
    assert adamw.judgement.verdict == "replicated"
    assert len(adamw.run_ids) == 10


def test_the_baseline_stands_for_rows_of_another_space(database: Database) -> None:
    write(database, "kumar_multitask", {"baseline": row(), "Additive Loss": row(sst=0.4, quora=0.6, sts=0.6, shift=1)})
    found = verdicts(database)
    assert found["kumar_multitask_helps_sts"] == "replicated"
    assert found["kumar_multitask_costs_sst_and_paraphrase"] == "replicated"
    assert found["kumar_smart_does_not_help"] == "open"


def test_without_the_baseline_rows_of_another_space_cannot_be_compared(database: Database) -> None:
    write(database, "kumar_multitask", {"baseline": {}, "Additive Loss": row()})
    told = found_in(database)["kumar_multitask_helps_sts"].judgement.reason
    assert told == "the baseline, which represents rows of kumar_single_task, has not been run"


BASE, SIMCSE, PALS = (
    "Baseline (CLS pooling for all 3 downstream tasks)",
    "Cosine Similarity + SimCSE",
    "Cosine Similarity + PALs",
)
DEVIATION = "ht_pals_smaller_deviation_from_baseline"


def test_the_distance_from_the_baseline_by_hand(database: Database) -> None:
    rows = {
        BASE: row(),
        SIMCSE: row(sst=0.55, quora=0.6, sts=0.6, shift=1),
        PALS: row(sst=0.48, quora=0.72, sts=0.42, shift=2),
    }
    write(database, "hurtado_teaw_table1", rows)
    finding = found_in(database)[DEVIATION]
    far = {
        label: [np.mean(values[task]) - np.mean(rows[BASE][task]) for task in values] for label, values in rows.items()
    }
    expected = np.mean(np.abs(far[PALS])) - np.mean(np.abs(far[SIMCSE]))
    (one,) = finding.measured
    assert one.comparison.difference.estimate == pytest.approx(expected)
    assert finding.judgement.verdict == "replicated"  # smaller, as claimed
    signs = {label: np.sign(values) for label, values in far.items()}
    apart = {label: np.array([np.array(v) - rows[BASE][t] for t, v in rows[label].items()]) for label in (SIMCSE, PALS)}
    seeds = (signs[PALS] @ apart[PALS] - signs[SIMCSE] @ apart[SIMCSE]) / 3
    assert one.comparison.difference.p_value() == pytest.approx(stats.ttest_1samp(seeds, 0).pvalue)


def test_without_the_baseline_there_is_no_distance_from_it(database: Database) -> None:
    write(database, "hurtado_teaw_table1", {BASE: {}, SIMCSE: row(), PALS: row(shift=1)})
    assert found_in(database)[DEVIATION].judgement.reason == f"row '{BASE}' has not been run"


GAP = "tk_smart_reduces_sst_overfitting"


def test_the_gap_of_train_and_dev_by_hand(database: Database) -> None:
    rows = {"0": row(sst=0.52), "8": row(sst=0.5, shift=1)}
    train = {"0": (0.63 + NOISE).tolist(), "8": (0.99 - NOISE).tolist()}
    write(database, "thapa_khurana_table1", rows, train=train)
    finding = found_in(database)[GAP]
    gaps = [np.array(train[label]) - rows[label]["sst"] for label in ("0", "8")]
    (one,) = finding.measured
    assert one.comparison.over == "seeds"
    assert one.comparison.difference.estimate == pytest.approx(np.mean(gaps[0] - gaps[1]))
    assert one.comparison.difference.p_value() == pytest.approx(stats.ttest_rel(*gaps).pvalue)
    assert finding.judgement.verdict == "replicated"


def test_without_train_accuracy_the_gap_is_open(database: Database) -> None:
    write(database, "thapa_khurana_table1", {"0": row(), "8": row(shift=1)})
    assert found_in(database)[GAP].judgement.reason == "accuracy on train was not recorded"


PAIRS = (("10", "11"), ("12", "13"), ("4", "6"), ("7", "9"), ("0", "2"), ("3", "5"))


def test_several_rows_are_the_mean_of_their_matched_pairs(database: Database) -> None:
    rows = {}
    for place, (better, worse) in enumerate(PAIRS):
        rows |= {better: row(quora=0.75 + place / 100, shift=place), worse: row(quora=0.7, shift=place + 1)}
    write(database, "thapa_khurana_table1", rows)
    finding = found_in(database)["tk_joint_loss_minor_gain"]
    apart = [np.mean(rows[a][task]) - np.mean(rows[b][task]) for a, b in PAIRS for task in ("sst", "quora", "sts")]
    assert finding.measured[0].comparison.difference.estimate == pytest.approx(np.mean(apart))
    assert finding.judgement.verdict == "replicated"
    assert finding.pairs is None  # they are the claim's own
    assert len(finding.run_ids) == 60


def test_further_matched_pairs_stand_beside_the_claim(database: Database) -> None:
    rows = {"14": row(), "22": row(sst=0.4, shift=1), "15": row(), "23": row(sst=0.3, shift=1)}
    write(database, "thapa_khurana_table1", rows)
    found = found_in(database)
    finding = found["tk_qqp_prefinetuning_helps_overall"]
    assert finding.measured[0].comparison.difference.estimate == pytest.approx(0.1 / 3)
    assert finding.pairs is not None and finding.pairs.difference.estimate == pytest.approx(0.15 / 3)
    assert found["tk_mean_over_cls_overall"].pairs is None  # its eight pairs have not been run


def test_errors_are_held_over_the_table(database: Database) -> None:
    write(database, "zhang_pooling", {CLS: row(sst=0.503), MEAN: row(quora=0.8, sts=0.6, shift=1)})
    found = found_in(database)
    alone, among = found[ON_SST].judgement.p, found[ON_SST].judgement.adjusted_p
    assert found[OVERALL].judgement.verdict == "replicated" and not found[OVERALL].judgement.is_smaller
    assert alone is not None and among == pytest.approx(2 * alone)  # the other claim may be as large as printed


def test_another_space_has_no_claims(database: Database) -> None:
    write(database, "pooling", {"a": row(), "b": row()})
    results = StudyResults(database, "s")
    assert measure_claims(results) == [] and side_by_side(results) == []


def test_rows_are_found_by_their_labels(database: Database) -> None:
    write(database, "zhang_pooling", {CLS: row(), MEAN: row()})
    assert row_digests(StudyResults(database, "s")) == {"baseline": digest(CLS), CLS: digest(CLS), MEAN: digest(MEAN)}


def test_the_printed_table_stands_beside_ours(database: Database) -> None:
    write(database, "zhang_pooling", {CLS: row(seeds=3), MEAN: {"sst": [0.5]}})
    (side,) = side_by_side(StudyResults(database, "s"))
    cls, mean = side.rows
    assert (cls.printed.sst, cls.printed.average, cls.printed.formula) == (0.537, 0.667, "rescaled")
    assert cls.ours is not None and cls.ours.seeds == 3 and cls.ours.average is not None
    values = row(seeds=3)
    assert cls.ours.average.mean == pytest.approx(np.mean([values[task] for task in values]))
    assert cls.ours.average.deviation == pytest.approx(np.mean(list(values.values()), axis=0).std(ddof=1))
    assert mean.ours is not None and mean.ours.average is None and mean.ours.sts is None
    assert mean.ours.sst is not None and mean.ours.sst.deviation is None
    assert len(cls.ours.run_ids) == 3 <= len(SEEDS)


def test_a_row_without_results_has_nothing_beside_it(database: Database) -> None:
    write(database, "hurtado_teaw_table1", {BASE: row()})
    dev, test = side_by_side(StudyResults(database, "s"))
    assert [row.ours is None for row in dev.rows] == [False, True, True, True, True]
    assert test.table.split == "test" and test.rows[0].ours is None
