"""A report's table from the command line to verdicts on its claims."""

from __future__ import annotations

import csv
import json

import pytest
from place import SMALL, Place

from results.database.database import open_database
from results.measurements.study_results import StudyResults
from results.published.verdicts import VERDICTS


@pytest.mark.slow
def test_a_launch_ends_with_the_printed_table_and_a_verdict_for_each_claim(place: Place) -> None:
    done = place.call(*SMALL, "--space", "zhang_pooling", "--name", "s")
    assert done.returncode == 0, done.stderr
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    (cls,) = [line for line in lines if line.startswith("Baseline(CLS) 0.537 0.647 0.636 0.667*")]
    assert cls.endswith(" 2") and "±" in cls
    assert any(line.startswith("Mean pooling 0.505 0.731 0.805 0.713*") for line in lines)
    assert any(line.startswith("Of 2 claims by Zhang, ") for line in lines)
    folder = place.folder / "runs" / "s"
    assert 'id="claims"' in (folder / "report.html").read_text(encoding="utf-8")
    with (folder / "tables" / "claims.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert [row["claim"] for row in found] == ["zhang_mean_over_cls_overall", "zhang_cls_over_mean_on_sst"]
    assert all(row["verdict"] in VERDICTS and row["low"] and row["high"] for row in found)
    assert (folder / "tables" / "printed_and_ours.csv").exists()
    with open_database(f"sqlite:///{place.database}") as database:
        results = StudyResults(database, "s")
        train = results.curves("sst", "accuracy")  # what the gap of train and dev is read from
    assert len(results.runs) == 4 and all(run.best_epoch in train[run.id, "train"] for run in results.runs)


@pytest.mark.slow
@pytest.mark.parametrize(
    "space", ["kumar_single_task", "kumar_multitask", "hurtado_teaw_table1", "thapa_khurana_table1"]
)
def test_every_claim_that_a_rehearsal_can_measure_is_measured(space: str, place: Place) -> None:
    arguments = ("--space", space, "--rehearse", "--seeds", "3", "--name", "s", "--budget", "standard", "--json")
    done = place.call(*arguments)
    assert done.returncode == 0, done.stderr
    claims = json.loads(done.stdout)["claims"]
    # A rehearsal records no accuracy on train, from which one claim's gap is.
    unmeasured = [claim["id"] for claim in claims if not claim["metrics"]]
    assert unmeasured == (["tk_smart_reduces_sst_overfitting"] if space == "thapa_khurana_table1" else [])
    assert all(claim["verdict"] == "open" or not claim["reason"] for claim in claims)
    assert all(claim["reason"] for claim in claims if claim["verdict"] == "open")
