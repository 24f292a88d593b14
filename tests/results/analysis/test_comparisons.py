"""A table of comparisons: what the rows lend each other, and verdicts over the whole table."""

from __future__ import annotations

from typing import Any

import numpy as np
from scored_studies import ScoredStudy

from results.analysis.comparisons import compare_all, judged_record, shown_interval
from results.statistics import moderated, paired_difference, row_of_scores


def study(**settings: Any) -> Any:
    """Three seeds of every configuration, scores around a mean; "alone" has one seed."""
    rng = np.random.default_rng(0)
    values = {digest: mean + 0.004 * rng.standard_normal(3) for digest, mean in MEANS.items()}
    return ScoredStudy({**values, "alone": values["alone"][:1]}, **settings)


SEEDS = (1000, 1001, 1002)
MEANS = {"best": 0.7, "same": 0.7, "also": 0.7, "worse": 0.6, "better": 0.8, "alone": 0.5}


def test_three_seeds_do_for_a_verdict_where_rows_tell_of_each_others_noise() -> None:
    results = study(margin=0.001)
    rows = compare_all(results, ["same", "worse", "alone", "better"], "best")
    verdicts = [row.judgement and row.judgement.verdict for row in rows]
    assert verdicts == ["open", "hurts", None, "helps"]
    assert rows[2].comparison is None
    plain = paired_difference(results.scores("worse"), results.scores("best"))
    found = rows[1].comparison
    assert found is not None and found.difference.estimate == plain.estimate
    assert found.difference.noise.seed_df > plain.noise.seed_df == 2


def test_a_wide_margin_makes_small_differences_equivalent() -> None:
    results = study(margin=0.05)
    rows = compare_all(results, ["same", "also", "worse"], "best")
    assert [row.judgement and row.judgement.verdict for row in rows] == ["equivalent", "equivalent", "hurts"]


def test_the_noise_is_moderated_over_all_configurations_of_the_study() -> None:
    """A table of one row: the other four configurations with two seeds tell how much seeds deviate."""
    results = study()
    (row,) = compare_all(results, ["same"], "best")
    scores = {digest: np.array(results.scores(digest)) for digest in ("same", "also", "worse", "better")}
    same, *others = (row_of_scores(each - results.scores("best"), SEEDS) for each in scores.values())
    assert row.comparison is not None and row.comparison.difference == moderated([same], others)[0]
    assert row.comparison.difference.noise.seed_df > 2


def test_a_table_without_anything_to_compare() -> None:
    results = study()
    assert [row.judgement for row in compare_all(results, ["alone"], "best")] == [None]
    assert compare_all(results, [], "best") == []


def test_an_export_has_the_interval_of_the_verdict_and_the_one_of_the_row_alone() -> None:
    rows = compare_all(study(margin=0.01), ["same", "worse", "alone"], "best")
    kept, hurts, alone = (judged_record(row) for row in rows)
    assert (kept["verdict"], hurts["verdict"], alone) == ("equivalent", "hurts", {"paired_seeds": 0})
    assert kept["interval_level"] == 0.9 and hurts["interval_level"] == 0.975  # the first of two tested rows
    for row, record in zip(rows, (kept, hurts), strict=False):
        assert row.judgement is not None and row.judgement.interval is not None and row.comparison is not None
        shown, single = row.judgement.interval, row.comparison.interval
        assert (record["difference"], record["low"], record["high"]) == (shown.estimate, shown.low, shown.high)
        assert (record["single_low"], record["single_high"]) == (single.low, single.high)
        assert record["within"] == row.judgement.within and record["identical"] is False and record["primary"] is True
    assert shown_interval(rows[2]) is None
