"""The published schema of the JSON exports: every table, every column, nothing else."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from report_studies import write

from results import export
from results.database.database import open_database
from results.database.typed_tables import column_types, typed_table

SCHEMA: dict[str, Any] = json.loads((files("results") / "data" / "export.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def read(folder: Path) -> dict[str, Any]:
    return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in folder.glob("*.json")}


@pytest.fixture(scope="module")
def written(finished_url: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("json")
    given = ["--name", "demo-study", "--storage", finished_url, "--out", str(folder), "--format", "json"]
    assert export.main(given) == 0
    return read(folder)


def test_the_schema_is_a_schema_and_says_what_every_column_is() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    for name, table in SCHEMA["$defs"].items():
        assert table["description"] and all(c["description"] for c in table["items"]["properties"].values()), name


def test_an_export_is_what_the_schema_says(written: dict[str, Any]) -> None:
    VALIDATOR.validate(written)
    assert len(written) >= 18 and sum(bool(rows) for rows in written.values()) >= 14


def test_one_file_alone_can_be_checked_as_documented(written: dict[str, Any]) -> None:
    of_runs = {"$ref": "#/$defs/runs", "$defs": SCHEMA["$defs"]}
    jsonschema.validate(written["runs"], of_runs)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(written["ablation"], of_runs)


def test_what_is_not_in_the_schema_is_refused(written: dict[str, Any]) -> None:
    assert VALIDATOR.is_valid({"runs": [written["runs"][0]]})
    for change in ({"score": "0.5"}, {"new_column": 1}, {"phase": "dream"}, {"id": None}):
        assert not VALIDATOR.is_valid({"runs": [{**written["runs"][0], **change}]}), change


def test_the_claims_of_a_report_are_what_the_schema_says(tmp_path: Path) -> None:
    url, measured = f"sqlite:///{tmp_path}/s.db", {task: [0.5, 0.52, 0.51] for task in ("sst", "quora", "sts")}
    with open_database(url) as database:
        write(database, "zhang_pooling", {"Baseline(CLS)": measured, "Mean pooling": measured})
    assert export.main(["--name", "s", "--storage", url, "--out", str(tmp_path / "json"), "--format", "json"]) == 0
    found = read(tmp_path / "json")
    VALIDATOR.validate(found)
    for table in ("claims", "printed_and_ours"):
        assert found[table] and list(found[table][0]) == list(SCHEMA["$defs"][table]["items"]["properties"]), table


def test_a_table_has_the_columns_of_the_schema_in_their_order_and_types() -> None:
    assert list(typed_table("added", []).columns) == list(SCHEMA["$defs"]["added"]["items"]["properties"])
    found = column_types("leaderboard")
    assert (found["rank"], found["label"], found["is_best"], found["mean"]) == ("int64", "str", "bool", "float64")
    assert found["trainable_parameters"] == "Int64"  # a study without such counts has none


def test_a_column_that_the_schema_does_not_know_is_an_error() -> None:
    with pytest.raises(ValueError, match="Table added of export.schema.json has no column new_column"):
        typed_table("added", [{"new_column": 1}])
