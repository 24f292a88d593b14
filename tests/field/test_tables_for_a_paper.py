"""The LaTeX and Markdown of a study are tables that a paper can have as they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlite import migrated
from tex import faults_of

from results import export
from results.database.database import Database, open_database
from results.database.rows import Cell, MetricValue, NewRun, RunResult, StudyRow
from results.export.latex import latex
from results.report.content import Outcome, outcome
from results.report.paper_tables import paper_tables
from results.text.print_table import PrintColumn, PrintTable, latex_table, markdown_table
from results.text.units import SHARES
from results.text.verdict_words import verdict_words

LONG = "a_very_long_name_of_a_factor_that_nobody_can_break_anywhere"
TASKS = ("sst", "quora", "sts", "natural_language_inference_matched", "cola", "mrpc", "100%_&_more", "qnli")


def study(database: Database, name: str, tasks: tuple[str, ...], levels: tuple[str, ...], seeds: int = 3) -> Outcome:
    """A study whose best has every one of `levels` of one factor around it, a small effect each."""
    baseline: dict[str, Any] = {LONG: "off", "rate": 0.1}
    best = {LONG: "on", "rate": 0.12}
    changed = [{**best, LONG: level} for level in levels]
    database.studies.create(
        StudyRow(
            study_name=name,
            **{"space": "s", "goal": "g", "command": "c", "data_source": "d", "data_made_up": False},
            **{"data_fingerprint": "f", "backbone": "", "seed": 0},
            settings_json={"seeds": seeds},
            decisions_json={"best": "1" * 64, "baseline": "0" * 64, "baseline_choices": baseline},
        )
    )
    cells: list[tuple[Any, str, str, dict[str, Any], dict[str, str]]] = [
        ("confirm", "baseline", "0" * 64, baseline, {}),
        ("confirm", "confirm:1", "1" * 64, best, {}),
    ]
    for at, choices in enumerate(changed, start=2):
        told = {"factor": LONG, "from_level": "on", "to_level": choices[LONG]}
        cells.append(("ablate", f"leave_one_out:{at}", f"{at:064d}", choices, told))
    for wanted in ("confirm", "ablate"):
        found = [
            Cell(
                phase=phase,
                name=cell,
                design="leave_one_out" if change else cell,
                config_digest=digest,
                config_json={},
                choices_json=choices,
                position=at,
                **change,
            )
            for at, (phase, cell, digest, choices, change) in enumerate(cells)
            if phase == wanted
        ]
        database.studies.replace_cells(name, wanted, found)
    for at, (phase, _, digest, choices, _) in enumerate(cells):
        for seed in range(seeds):
            run(database, name, (phase, digest, choices), seed, tasks, 0.5 + 0.02 * at)
    return outcome(database, name)


def run(database: Database, name: str, cell: Any, seed: int, tasks: tuple[str, ...], mean: float) -> None:
    phase, digest, choices = cell
    made = {"study_name": name, "phase": phase, "config_digest": digest, "choices_json": choices}
    number = database.runs.start(NewRun(**made, config_json={}, seed=seed, host="a"))
    values = mean + np.random.default_rng([seed, int(mean * 100)]).normal(0, 0.01, len(tasks))
    metrics = [MetricValue("dev", task, "score", float(value)) for task, value in zip(tasks, values, strict=True)]
    score = float(values.mean())
    metrics.append(MetricValue("dev", "", "score", score))
    database.runs.finish(number, RunResult(status="complete", score=score, best_epoch=1, metrics=metrics))


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Outcome]]:
    with open_database(migrated(tmp_path_factory.mktemp("paper"))) as database:
        yield {
            "small": study(database, "small", ("sst", "quora", "sts"), ("off", "half")),
            "many": study(database, "many tasks_and 50 %", TASKS, tuple(f"{LONG}_{at}" for at in range(70))),
            "two": study(database, "two", ("rmse",), ("off", "0.00001", "数 & \\input{x}"), seeds=2),
        }


def test_the_ablation_is_change_difference_and_verdict(studies: dict[str, Outcome]) -> None:
    for name, found in studies.items():
        table = paper_tables(found.results, found.summary)["ablation"]
        heads = [" ".join(column.lines) for column in table.columns]
        assert heads[:3] == ["Change", "Points [interval]", "Verdict"] and len(heads) <= 4, name
        for row, of in zip(table.rows, found.summary.ablation, strict=True):
            assert row[0].startswith(f"{LONG}: on → ") and "[" in row[1]
            assert of.judgement is not None and row[2] == verdict_words(of.judgement, SHARES)


def test_the_captions_say_seeds_interval_and_correction(studies: dict[str, Outcome]) -> None:
    for name, found in studies.items():
        tables = paper_tables(found.results, found.summary)
        seeds = found.summary.best.seeds if found.summary.best else 0
        for part in (
            f"{seeds} seeds per row",
            "interval, over seeds",
            "5 % chance of any wrong one",
            "the one that the verdict uses",
        ):
            assert part in tables["ablation"].caption, (name, part)
        assert f"{seeds} seeds each" in tables["method_task"].caption
        assert "standard deviation over fresh seeds" in tables["method_task"].caption


def test_configurations_by_tasks_have_mean_and_deviation(studies: dict[str, Outcome]) -> None:
    table = paper_tables(studies["small"].results, studies["small"].summary)["method_task"]
    assert [column.lines[0] for column in table.columns] == ["Configuration", "quora", "sst", "sts", "mean"]
    assert [row[0] for row in table.rows][:2] == ["baseline", f"best: {LONG} on, rate 0.12"]
    assert all(" ± " in cell for row in table.rows for cell in row[1:])


@pytest.mark.parametrize("kind", ["latex", "md"])
def test_no_row_is_called_by_the_name_of_its_cell(studies: dict[str, Outcome], tmp_path: Path, kind: str) -> None:
    for name in ("small", "two"):
        export.write_tables_of(studies[name], tmp_path / name, kind)
        for table in ("ablation", "leaderboard", "method_task"):
            (file,) = (tmp_path / name).glob(f"{table}.*")
            text = file.read_text(encoding="utf-8").replace("\\", "")
            assert "confirm:" not in text and "leave_one" not in text, (name, table)


def test_the_full_tables_stay_where_programs_read_them(studies: dict[str, Outcome], tmp_path: Path) -> None:
    export.write_tables_of(studies["small"], tmp_path, "csv")
    frame = pd.read_csv(tmp_path / "ablation.csv")
    assert {"p", "adjusted_p", "equivalence_p", "run_ids"} <= set(frame.columns)


def test_a_table_of_few_columns_is_one_of_a_column_and_a_wide_one_of_the_page(studies: dict[str, Outcome]) -> None:
    small, many = (paper_tables(studies[one].results, studies[one].summary) for one in ("small", "many"))
    assert r"\begin{table}[" in latex_table(small["ablation"])
    assert r"\begin{table*}[" in latex_table(many["method_task"])
    assert "Part 1 of" not in latex_table(small["method_task"])
    assert "Part 2 of" in latex_table(many["method_task"])


def test_markdown_has_the_caption_and_a_line_a_row(studies: dict[str, Outcome]) -> None:
    for found in studies.values():
        for table in paper_tables(found.results, found.summary).values():
            caption, empty, head, rule, *rows = markdown_table(table).splitlines()
            assert "seeds" in caption and empty == "" and len(rows) == len(table.rows)
            counts = {line.replace(r"\|", "").count("|") for line in (head, rule, *rows)}
            assert counts == {len(table.columns) + 1}


def test_a_table_without_rows_has_its_head() -> None:
    table = PrintTable("t", "Nothing yet.", (PrintColumn(("Change",), "l"), PrintColumn(("Points",))), ())
    assert "Change & Points" in latex_table(table) and "| Change | Points |" in markdown_table(table)


@pytest.mark.slow
@pytest.mark.parametrize("two_columns", [True, False])
def test_tex_takes_every_table_and_none_is_wider_or_longer_than_its_place(
    studies: dict[str, Outcome], tmp_path: Path, two_columns: bool
) -> None:
    written = {}
    for name, found in studies.items():
        for table, made in paper_tables(found.results, found.summary).items():
            written[f"{name}_{table}"] = latex_table(made)
        if name != "many":
            for table, frame in export.tables_of(found).items():
                written[f"{name}_{table}_whole"] = latex(frame, table)
    assert faults_of(written, tmp_path / "tex", two_columns=two_columns) == ""
