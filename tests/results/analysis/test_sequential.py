"""Looks at a table whose open rows get further seeds: what each look sees, who wants a seed, what the verdicts are."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scored_studies import ScoredStudy

from results.analysis import sequential
from results.analysis.comparisons import compare_all
from results.analysis.sequential import ROUNDS, Schedule, interim_analyses, next_round, schedule, schedule_note
from results.statistics import ExactSpending

PLAN = Schedule(tuple(range(1000, 1006)), 3, (3, 4, 5, 6), chooses=False)  # as in older studies
MEANS = {"best": 0.7, "same": 0.7, "near": 0.699, "worse": 0.6, "better": 0.8}
ROWS = ["same", "worse", "near", "better"]


def scores_of(means: dict[str, float], seeds: int = 6) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    return {digest: mean + 0.004 * rng.standard_normal(seeds) for digest, mean in means.items()}


def made(scores: dict[str, Any], **settings: Any) -> Any:
    return ScoredStudy(scores, **{"seeds": 3, "max_seeds": 6, "margin": 0.001, **settings})


def first(scores: dict[str, Any], count: int | dict[str, int]) -> dict[str, Any]:
    return {d: values[: count if isinstance(count, int) else count[d]] for d, values in scores.items()}


def extended(results: Any, plan: Schedule = PLAN, reference: str = "best") -> list[str]:
    """The rows that get a further seed."""
    return list(next_round(results, ROWS, reference, plan).counts)


def replicated(scores: dict[str, Any]) -> tuple[Any, dict[str, int]]:
    """The study after all its rounds, as the driver makes them, and how many seeds each has."""
    had = dict.fromkeys(scores, 3)
    for count in range(4, 7):
        rows = extended(made(first(scores, had)))
        had |= dict.fromkeys([*rows, "best"] if rows else [], count)
    return made(first(scores, had)), had


def test_a_study_has_a_schedule_where_rows_may_have_more_seeds_than_others() -> None:
    assert schedule(made({}).study) == PLAN
    assert schedule(made({}, max_seeds=None).study) is None
    assert schedule(made({}, max_seeds=3).study) is None
    assert PLAN.level(3) == pytest.approx(1 - ExactSpending((3, 4, 5, 6)).level(0.05, 0))
    spaced = schedule(made({}, analyses_after=[3, 5, 6]).study)
    assert spaced is not None and spaced.counts == (3, 5, 6) and not spaced.chooses  # an older study, resumed
    chosen = schedule(made({}, analyses_after=[3, 5, 6], analyses="spaced").study)
    assert chosen == CHOOSING
    single = schedule(made({}, seeds=1, max_seeds=3).study)
    assert single is not None and single.counts == (2, 3)  # one seed shows no difference


def test_only_open_rows_get_a_further_seed_and_decided_ones_keep_their_looks() -> None:
    results, had = replicated(scores_of(MEANS))
    assert had == {"best": 6, "same": 6, "near": 6, "worse": 3, "better": 3}
    rows = {row.digest: row for row in interim_analyses(results, ROWS, "best", PLAN)}
    assert {digest: len(row.differences) for digest, row in rows.items()} == {
        "same": 4,
        "near": 4,
        "worse": 1,
        "better": 1,
    }
    assert [rows[d].judgement.verdict for d in ("worse", "better")] == ["hurts", "helps"]  # type: ignore[union-attr]
    assert rows["worse"].comparison is not None and rows["worse"].comparison.seeds == (1000, 1001, 1002)


def test_the_p_value_is_that_of_all_looks() -> None:
    results, _ = replicated(scores_of(MEANS))
    same = interim_analyses(results, ROWS, "best", PLAN)[0]
    seen = [difference.p_value() for difference in same.differences if difference is not None]
    errors = [PLAN.spending.p_at(p, analysis) for analysis, p in enumerate(seen)]
    assert same.judgement is not None and same.judgement.p == pytest.approx(min(errors))
    assert same.comparison is not None and same.comparison.level == PLAN.level(6)
    wider, usual = same.comparison.interval, same.comparison.difference.interval()
    assert wider.low < usual.low < usual.high < wider.high


def test_the_table_of_a_report_has_these_looks() -> None:
    results, _ = replicated(scores_of(MEANS))
    rows = compare_all(results, ROWS, "best")
    assert [row.judgement and row.judgement.verdict for row in rows] == ["open", "hurts", "no gain", "helps"]
    assert [len(row.comparison.seeds) for row in rows if row.comparison] == [6, 3, 6, 3]
    assert all(row.comparison is not None and row.comparison.level > 0.95 for row in rows)


def test_a_round_that_is_half_done_changes_nothing() -> None:
    scores = scores_of(MEANS)
    before = made(first(scores, 3))
    half = made(first(scores, {"best": 4, "same": 4, "near": 3, "worse": 3, "better": 3}))
    assert interim_analyses(before, ROWS, "best", PLAN) == interim_analyses(half, ROWS, "best", PLAN)
    assert extended(before) == extended(half) == ["same", "near"]


CHOOSING = Schedule(PLAN.seeds, 3, (3, 5, 6))


def chosen_rounds(scores: dict[str, Any], margin: float = 0.001) -> tuple[Any, list[Any]]:
    """The study after all rounds that it chose and stored, and what was found before each."""
    had, rounds, found = dict.fromkeys(scores, 3), [], []
    while True:
        results = made(first(scores, had), margin=margin)
        results.study.decisions_json = {ROUNDS: {"best": rounds}}
        found.append(next_round(results, list(scores)[1:], "best", CHOOSING))
        if not found[-1].counts:
            return results, found
        rounds.append(dict(found[-1].counts))
        had |= found[-1].counts | {"best": max(found[-1].counts.values())}


def test_rows_that_more_seeds_will_hardly_decide_get_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequential, "LEAST_OUTLOOK", 0.1)
    scores = scores_of({**MEANS, "noisy": 0.7})
    scores["noisy"] = scores["best"] + [0.1, -0.1, 0.0, 0.1, -0.1, 0.0]  # six seeds do not exclude 2 points either
    results, found = chosen_rounds(scores, margin=0.02)
    assert "noisy" not in found[0].counts and found[0].unlikely == 1
    assert found[0].chosen and not found[-1].counts
    rows = {row.digest: row for row in interim_analyses(results, list(scores)[1:], "best", CHOOSING)}
    assert len(rows["noisy"].differences) == 1 and rows["noisy"].is_open
    assert [rows[digest].judgement.verdict for digest in ("worse", "better")] == ["hurts", "helps"]  # type: ignore[union-attr]


def test_a_stored_round_is_returned_until_its_runs_have_ended_and_analysed_then() -> None:
    scores = scores_of(MEANS)
    rounds = [{"near": 5}]
    half = made(first(scores, {"best": 5, "same": 3, "near": 4, "worse": 3, "better": 3}))
    half.study.decisions_json = {ROUNDS: {"best": rounds, "another": [{"same": 5}]}}
    found = next_round(half, ROWS, "best", CHOOSING)
    assert (found.counts, found.chosen) == ({"near": 5}, False)
    done = made(first(scores, {"best": 5, "same": 5, "near": 5, "worse": 3, "better": 3}))
    done.study.decisions_json = {ROUNDS: {"best": rounds}}
    rows = interim_analyses(done, ROWS, "best", CHOOSING)
    assert [len(row.differences) for row in rows] == [1, 1, 2, 1]  # "same" was not chosen, whatever runs it has
    assert [len(row.comparison.seeds) for row in rows if row.comparison] == [3, 3, 5, 3]


def test_seeds_that_a_decided_row_has_beyond_its_looks_do_not_count() -> None:
    scores = scores_of(MEANS)
    results, had = replicated(scores)
    more = made(first(scores, {**had, "worse": 6, "better": 5}))  # as from a study whose runs were imported
    assert interim_analyses(more, ROWS, "best", PLAN) == interim_analyses(results, ROWS, "best", PLAN)


def test_before_the_first_look_there_are_differences_and_no_verdicts() -> None:
    results = made(first(scores_of(MEANS), {"best": 3, "same": 3, "near": 2, "worse": 3, "better": 3}))
    rows = compare_all(results, ROWS, "best")
    assert all(row.comparison is not None and row.judgement is None for row in rows)
    assert all(row.comparison is not None and row.comparison.level == 0.95 for row in rows)


def test_a_run_that_failed_is_a_seed_less_and_holds_nothing_up() -> None:
    scores = scores_of(MEANS)
    scores["same"][1] = np.nan
    row = interim_analyses(made(first(scores, 3)), ROWS, "best", PLAN)[0]
    assert row.comparison is not None and row.comparison.seeds == (1000, 1002)
    assert "same" in extended(made(first(scores, 3)))


def test_a_configuration_that_fails_every_time_gets_no_further_seed_and_counts_in_the_table() -> None:
    scores = scores_of(MEANS)
    without = interim_analyses(made(first(scores, 3)), [d for d in ROWS if d != "near"], "best", PLAN)[0].judgement
    scores["near"] = np.full(6, np.nan)
    results = made(first(scores, 3))
    assert extended(results) == ["same"]
    rows = compare_all(results, ROWS, "best")
    assert rows[2].comparison is None and rows[2].judgement is None
    assert rows[1].judgement is not None and rows[1].judgement.adjusted_p > rows[1].judgement.p
    found = rows[0].judgement
    assert found is not None and without is not None
    assert found.p == pytest.approx(without.p)
    assert extended(results, reference="near") == []  # nothing to compare with


def test_rows_are_looked_at_to_the_end_beside_one_that_fails_every_time() -> None:
    scores = {**scores_of(MEANS), "near": np.full(6, np.nan)}
    run = {(digest, seed) for digest in scores for seed in PLAN.seeds[:3]}

    def so_far() -> Any:
        results = made(scores)
        results.runs = [r for r in results.runs if (r.config_digest, r.seed) in run]
        results.values = {
            digest: [value for seed, value in zip(PLAN.seeds, values, strict=True) if (digest, seed) in run]
            for digest, values in scores.items()
        }
        return results

    for count in range(4, 7):  # as the driver does: the newest seed alone
        rows = extended(so_far())
        assert rows == ["same"]
        run |= {(digest, PLAN.seeds[count - 1]) for digest in (*rows, "best")}
    assert [len(row.differences) for row in interim_analyses(so_far(), ROWS, "best", PLAN)] == [4, 1, 0, 1]


def test_with_one_seed_all_rows_get_a_second_before_the_first_look() -> None:
    plan = Schedule((1000, 1001, 1002), 1, (2, 3), chooses=False)
    scores = {**scores_of(MEANS), "near": np.full(6, np.nan)}
    assert extended(made(first(scores, 1), seeds=1), plan) == ["same", "worse", "better"]
    had = {"best": 2, "same": 2, "near": 1, "worse": 2, "better": 2}
    rows = interim_analyses(made(first(scores, had), seeds=1), ROWS, "best", plan)
    assert [len(row.differences) for row in rows] == [1, 1, 0, 1]
    assert rows[2].comparison is None and rows[0].comparison is not None


def test_a_reader_is_told_of_the_looks() -> None:
    assert "Every row has 3 seeds" in schedule_note(PLAN) and "up to 6" in schedule_note(PLAN)


@pytest.mark.slow
def test_looking_again_and_again_calls_no_more_null_rows_different_than_is_said() -> None:
    """10 null rows, 80 studies: any "helps" or "hurts" at 5 %; `benchmarks/statistics.py` has thousands."""
    rng, names, wrong = np.random.default_rng(2), [f"row {i}" for i in range(10)], 0
    for _ in range(80):
        scores = {digest: 0.7 + 0.01 * rng.standard_normal(6) for digest in ("best", *names)}
        rows = interim_analyses(made(scores), names, "best", PLAN)
        wrong += any(row.judgement.verdict in ("helps", "hurts") for row in rows if row.judgement)
    assert wrong < 8  # 10 %


def test_the_luck_of_the_choice_is_that_of_the_first_look() -> None:
    scores = scores_of({"best": 0.7, "second": 0.698, "third": 0.697, **{row: MEANS[row] for row in ROWS}})

    def chosen(found: dict[str, Any]) -> Any:
        study = made(found)
        study.study.decisions_json = {"best": "best"}
        study.cells = [SimpleNamespace(config_digest=d, phase="confirm") for d in ("best", "second", "third")]
        return study

    then = interim_analyses(chosen(first(scores, 3)), ROWS, "best", PLAN)
    now = interim_analyses(chosen(scores), ROWS, "best", PLAN)
    plain = interim_analyses(made(scores), ROWS, "best", PLAN)
    for early, late, unchosen in zip(then, now, plain, strict=True):
        assert early.differences[0] == late.differences[0]
        found = unchosen.differences[0]
        assert late.differences[0] is not None and found is not None
        assert late.differences[0].estimate > found.estimate
