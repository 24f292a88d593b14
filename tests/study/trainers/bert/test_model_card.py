"""The card of the best model: hubs read it, its numbers are those of the records, texts of others stay texts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import ModelCard
from sqlite import migrated

from mtbert.config import parse
from results.analysis.summary import summarise
from results.database.database import Database, open_database
from results.database.rows import Cell, EnvironmentRow, IssueRow, MetricValue, NewRun, RunResult, StudyRow
from results.measurements.study_results import StudyResults
from study.trainers.bert import model_card

HOSTILE = "</div><script>alert(1)</script>\n# big [x](javascript:y) `|` \x1b[31m\n---\n- a: {{ 7 * 7 }}"
BASELINE, BEST = {"pooling": "cls"}, {"pooling": "mean", "rate": 1e-4}
CONFIGS = {
    choices["pooling"]: parse({"backbone": "tiny", "pooling": {"name": choices["pooling"]}})
    for choices in (BASELINE, BEST)
}
DEV = {("sst", "accuracy"): 0.5, ("quora", "accuracy"): 0.75, ("sts", "pearson"): 0.25}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(migrated(tmp_path)) as found:
        yield found


def write(database: Database, *, tested: bool = True, made_up: bool = False, **texts: str) -> None:
    """A study of two configurations with three seeds each; the best is a tenth better in every metric."""
    digests = {name: config.digest() for name, config in CONFIGS.items()}
    told = {"baseline": digests["cls"], "baseline_choices": BASELINE, "best": digests["mean"], "best_choices": BEST}
    given = dict.fromkeys(("space", "goal", "command", "data_source", "data_fingerprint", "backbone"), "x") | texts
    data = {"rows": {"sst/train": 1234}, "overlap": {"sst": 7, "sts": 0}, "leaking_rows": {"sst": 9, "sts": 0}}
    database.studies.create(
        StudyRow(study_name="s", data_made_up=made_up, seed=0, decisions_json=told, data_json=data, **given)
    )
    cells = []
    for position, choices in enumerate((BASELINE, BEST)):
        config = CONFIGS[choices["pooling"]]
        cell = {"design": "confirm", "config_digest": config.digest(), "config_json": config.model_dump(mode="json")}
        cells.append(Cell(phase="confirm", name=str(position), choices_json=choices, position=position, **cell))
        for seed in (1000, 1001, 1002):
            complete(database, choices, seed, tested)
    database.studies.replace_cells("s", "confirm", cells)
    issue = IssueRow("a.csv", 2, "empty_text", HOSTILE)
    database.studies.add_data_issues("s", [issue, issue, IssueRow("a.csv", 3, "duplicate", "x")])


def complete(database: Database, choices: dict[str, Any], seed: int, tested: bool) -> None:
    config = CONFIGS[choices["pooling"]]
    environment = EnvironmentRow(python="3.11", platform="x", cpu=HOSTILE, packages_json={"torch": "2.13"}, threads=1)
    run = database.runs.start(
        NewRun(
            study_name="s",
            phase="confirm",
            config_digest=config.digest(),
            config_json=config.model_dump(mode="json"),
            choices_json=choices,
            seed=seed,
            environment_id=database.runs.environment_id(environment),
        )
    )
    more = (0.1 if choices == BEST else 0.0) + (seed - 1000) / 100
    metrics = [MetricValue("dev", task, name, value + more) for (task, name), value in DEV.items()]
    metrics.append(MetricValue("dev", "sts", "spearman", float("nan")))
    result = RunResult(status="complete", score=0.5 + more, train_seconds=100.0, shared_seconds=20.0, metrics=metrics)
    database.runs.finish(run, result)
    if tested:
        rows = [MetricValue("test", task, name, value) for (task, name), value in DEV.items()]
        database.runs.record_evaluation(run, "test", [*rows, MetricValue("test", "", "score", 0.5 + more / 2)])


def card(database: Database, folder: Path, seed: int = 1002) -> str:
    folder.mkdir(exist_ok=True)
    results = StudyResults(database, "s")
    run = database.runs.find_by_seed("s", CONFIGS["mean"].digest(), seed)
    assert run is not None
    model_card.write(database, results, summarise(results), model_card.KeptModel(run, folder, "python -m again"))
    return (folder / "README.md").read_text(encoding="utf-8")


def lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def test_hubs_read_the_metrics_of_the_kept_model(database: Database, tmp_path: Path) -> None:
    write(database, backbone="minilm", data_source="/data/x: y")
    read = ModelCard(card(database, tmp_path / "best")).data
    assert (read.language, read.pipeline_tag, read.library_name) == ("en", "text-classification", "mtbert")
    assert read.base_model == "sentence-transformers/all-MiniLM-L6-v2"
    found = {(r.dataset_type, r.dataset_split, r.metric_type): r.metric_value for r in read.eval_results}
    assert found == {
        ("sst", "dev", "accuracy"): pytest.approx(0.62),
        ("quora", "dev", "accuracy"): pytest.approx(0.87),
        ("sts", "dev", "pearsonr"): pytest.approx(0.37),
        ("sst", "test", "accuracy"): 0.5,
        ("quora", "test", "accuracy"): 0.75,
        ("sts", "test", "pearsonr"): 0.25,
    }
    types = {r.dataset_type: r.task_type for r in read.eval_results}
    assert types["sts"] == "sentence-similarity" and types["quora"] == "text-classification"
    assert {r.dataset_name for r in read.eval_results if r.dataset_type == "sst"} == {"Sentiment (SST-5), /data/x: y"}


def test_all_seeds_stand_there_with_mean_spread_and_gain(database: Database, tmp_path: Path) -> None:
    write(database)
    found = lines(card(database, tmp_path / "best"))
    assert "| 1002 (this model) | 0.620 | 0.620 | 0.870 | 0.370 | 0.560 |" in found
    assert "| 1000 | 0.600 | 0.600 | 0.850 | 0.350 | 0.550 |" in found
    (best,) = [line for line in found if line.startswith("| best configuration")]
    assert best.startswith("| best configuration | 0.610 ± 0.010 | 3 | [") and best.endswith("| 0.555 ± 0.005 |")
    assert any(line.startswith("Best minus baseline, paired by seed: +10.0 points [") for line in found)
    assert any("seed 1002, the best of its seeds by dev score" in line for line in found)
    assert any("evaluated once" in line for line in found)
    assert (
        "- Time: 2 min for this run's training; 10 min of training and evaluation for all 6 runs of the study" in found
    )
    assert "- 2 rows of the data files were not used: empty text." in found
    assert "- sst: 7 examples of dev are in the training file too; none of them was used for training." in found
    assert "- sst: 9 training rows with a sentence of a dev or test split were not used." in found
    assert not any(line.startswith("- sts:") for line in found)


def test_without_a_test_phase_no_test_number_stands_there(database: Database, tmp_path: Path) -> None:
    write(database, tested=False)
    text = card(database, tmp_path / "best", seed=1000)
    assert "The test split was not used." in text and "test score" not in text
    assert {r.dataset_split for r in ModelCard(text).data.eval_results} == {"dev"}
    assert "best of those whose model was kept" in text


def test_texts_of_others_are_shown_and_not_obeyed(database: Database, tmp_path: Path) -> None:
    write(database, goal=HOSTILE, command=HOSTILE, data_source=HOSTILE, backbone=HOSTILE, data_fingerprint=HOSTILE)
    text = card(database, tmp_path / "best")
    body = text.split("---\n", 2)[2]
    outside = [line for line in body.splitlines() if not line.startswith("    ")]
    assert not any("<script" in line.replace("\\<", "") or "](java" in line.replace("\\]", "") for line in outside)
    assert (
        "\x1b" not in text
        and "\n# big" not in body
        and "\n- a:" not in body
        and "49" not in body.split("1234")[0][:200]
    )
    assert "\\<script\\>" in body and "{{ 7 * 7 }}" not in outside
    assert ModelCard(text).data.eval_results is not None
    assert sum(line.startswith("# ") for line in outside) == 1


def test_the_card_says_where_the_encoder_is(database: Database, tmp_path: Path) -> None:
    write(database)
    (tmp_path / "best" / "transformers").mkdir(parents=True)
    (tmp_path / "best" / "predictions").mkdir()
    (tmp_path / "best" / "predictions" / "sst-dev-output.csv").write_text("")
    text = card(database, tmp_path / "best")
    place = tmp_path / "best" / "transformers"
    assert f'AutoModel.from_pretrained("{place}", add_pooling_layer=False)' in text
    assert "sst-dev-output.csv" in text


def test_the_card_says_why_there_is_no_encoder(database: Database, tmp_path: Path, monkeypatch: Any) -> None:
    with_adapter = parse({"backbone": "tiny", "pooling": {"name": "mean"}, "adapters": ["houlsby"]})
    monkeypatch.setitem(CONFIGS, "mean", with_adapter)
    write(database)
    text = card(database, tmp_path / "best")
    assert "There is no folder for `transformers`: BertModel has no place for its adapter houlsby" in text
