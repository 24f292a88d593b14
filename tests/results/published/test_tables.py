"""What is shipped of the reports: held against the reports' own files, and against the spaces that repeat them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from reports import ALSO, REPORTS, SPACES, UNPRINTED, WITHOUT_TABLE, needs_reports

import search_spaces
from results.published.tables import BASELINE, Claim, PrintedTable, claims_of, report_name, tables_of

FORMULAS = {
    "plain_mean": "plain",
    "plain_mean_within_input_rounding": "plain",
    "leaderboard_mean": "rescaled",
    "neither": "neither",
}
CLAIMS: dict[str, Claim] = {claim.id: claim for space in SPACES for claim in claims_of(space)}
TABLES: list[PrintedTable] = [table for space in SPACES for table in tables_of(space)]


def theirs(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((REPORTS / name).read_text(encoding="utf-8"))
    return found


def rows(told: list[dict[str, str]]) -> list[str]:
    return [ALSO.get((row["table_id"], row["row"]), row["row"]) for row in told]


@needs_reports
def test_every_claim_is_there_with_every_number() -> None:
    claims = theirs("claims.json")
    assert list(CLAIMS) == sorted(CLAIMS, key=lambda id: SPACES.index(CLAIMS[id].space))
    assert set(CLAIMS) == {claim["id"] for claim in claims} and len(claims) == 46
    for claim in claims:
        ours = CLAIMS[claim["id"]]
        assert (ours.space, ours.table, ours.metrics) == (
            claim["space"],
            claim["table"].partition(" (")[0],
            tuple(claim["metric"]),
        )
        assert (ours.direction, ours.tolerance) == (claim["direction"], claim["tolerance"])
        assert (len(ours.metrics) > 1) == (claim.get("require") == "each")
        assert ours.printed.delta == claim["report_delta"]
        of_averages = claim["metric"] == ["average"]
        assert ours.printed.plain_mean_delta == (claim["plain_mean_delta"] if of_averages else None)
        assert ours.printed.deltas == (claim["deltas"] if len(ours.metrics) > 1 else {})
        assert bool(ours.confounds) == ("confounds" in claim)
        assert ours.support


@needs_reports
def test_a_claim_compares_the_rows_that_the_report_compares() -> None:
    home = {(table["table_id"], row["label"]): table for table in theirs("tables.json") for row in table["rows"]}
    for claim in theirs("claims.json"):
        ours = CLAIMS[claim["id"]]
        for side in ("better", "worse"):
            told = claim[f"{side}_rows"]
            spaces = {home[row["table_id"], row["row"]]["space"] for row in told}
            if spaces == {claim["space"]}:
                assert list(getattr(ours, side)) == rows(told)
            else:  # the baseline is that configuration: tests/search_spaces/test_report_spaces.py
                assert getattr(ours, side) == (BASELINE,) and ours.elsewhere is not None
                assert (list(ours.elsewhere.rows), {ours.elsewhere.space}) == (rows(told), spaces)
        assert list(ours.reference) == rows(claim.get("reference_rows", []))
        pairs = [(pair["better"], pair["worse"]) for pair in claim.get("matched_pairs", [])]
        own = list(zip(ours.better, ours.worse, strict=False))
        assert not pairs or set(own) <= set(pairs)
        assert list(ours.pairs) == (pairs if len(pairs) > len(own) else [])
        assert ours.printed.pairs_delta == (claim["matched_pairs_mean_delta"] if ours.pairs else None)


@needs_reports
def test_every_printed_row_is_there_with_every_number() -> None:
    expected = []
    for table in theirs("tables.json"):
        if table["kind"] not in ("results", "in_text_results") or not table.get("space"):
            continue
        both = table["table_id"] == "thapa_khurana_fig1"  # train and dev side by side
        for split in ("train", "dev") if both else (table["split"],):
            of = f"_{split}" if both else ""
            for row in table["rows"]:
                values = [
                    row["values"].get(f"{key}{of}")
                    for key in ("sst_accuracy", "qqp_accuracy", "sts_pearson", "average")
                ]
                check = row.get("average_check", {}).get("matches")
                place = ALSO.get((table["table_id"], row["label"]), row["label"])
                told = (table["table_id"], table["space"], split, row["label"], place, *values, FORMULAS.get(check))
                expected.append(told)
    found = [
        (t.id, t.space, t.split, r.label, r.row, r.sst, r.quora, r.sts, r.average, r.formula)
        for t in TABLES
        for r in t.rows
    ]
    key = str
    assert sorted(found, key=key) == sorted(expected, key=key)


@needs_reports
def test_plain_means_are_those_of_the_columns() -> None:
    computed = {
        (table["table_id"], row["label"]): row["computed"]["plain_mean"]
        for table in theirs("tables.json")
        for row in table["rows"]
        if "plain_mean" in row.get("computed", {})
    }
    for table in TABLES:
        for row in table.rows:
            if (table.id, row.label) in computed:
                assert row.plain_mean == pytest.approx(computed[table.id, row.label], abs=1e-6)


@needs_reports
def test_statements_are_in_our_own_words() -> None:
    def words(text: str) -> str:
        return f" {' '.join(re.findall(r'[a-z0-9]+', text.lower()))} "

    sources = words(" ".join(path.read_text(encoding="utf-8") for path in REPORTS.glob("*.txt")))
    sources += words(" ".join(claim["statement"] for claim in theirs("claims.json")))
    for claim in CLAIMS.values():
        told = words(claim.statement).split()
        runs = [f" {' '.join(told[i : i + 7])} " for i in range(len(told) - 6)]
        assert not [run for run in runs if run in sources], claim.id


@pytest.mark.parametrize("name", SPACES)
def test_rows_are_labels_of_the_space(name: str) -> None:
    labels = {*search_spaces.load(name).rows, BASELINE}
    for claim in claims_of(name):
        named = {*claim.better, *claim.worse, *claim.reference, *(label for pair in claim.pairs for label in pair)}
        named |= {*claim.other_reading.better, *claim.other_reading.worse} if claim.other_reading else set()
        assert named <= labels
    assert {row.row for table in tables_of(name) for row in table.rows} <= labels
    assert {row.row for table in tables_of(name) for row in table.rows if table.split == "dev"} == labels - {
        BASELINE,
        *UNPRINTED.get(name, ()),
    }


@pytest.mark.parametrize("name", SPACES)
def test_every_space_of_a_table_has_claims_and_the_name_of_its_authors(name: str) -> None:
    assert claims_of(name) and tables_of(name)
    assert report_name(claims_of(name)[0].report)


def test_a_space_of_our_own_has_none() -> None:
    for name in ("full_ablation", *WITHOUT_TABLE):
        assert claims_of(name) == () and tables_of(name) == ()


def test_what_is_comparable_is_the_plain_mean() -> None:
    crossed = CLAIMS["ht_simcse_pretraining_helps_overall"].printed
    assert (crossed.delta, crossed.of("average")) == (0.097, 0.010667)
    assert CLAIMS["kumar_lr_1e6_too_low"].printed.of("qqp_accuracy") == 0.0357
    assert CLAIMS["zhang_dwa_helps_sst"].printed.of("sst_accuracy") == 0.018
