from __future__ import annotations

import io
import json

import pandas as pd

from results.export.formats import WRITERS

FRAME = pd.DataFrame(
    {
        "cell": ["row:a | b_c & 50 %", "two\nlines", "\\input{x}"],
        "mean": [0.123456789012, float("nan"), 1.0],
        "seeds": pd.array([3, None, 5], dtype="Int64"),
        "best": [True, False, False],
        "when": pd.to_datetime(["2026-01-02T03:04:05", None, "2026-01-02T03:04:05"]).tz_localize("UTC"),
    }
)
EMPTY = FRAME.iloc[:0]


def written(kind: str, frame: pd.DataFrame = FRAME) -> str:
    return WRITERS[kind][1](frame)


def test_csv_keeps_every_digit_and_leaves_empty_what_is_not_there() -> None:
    back = pd.read_csv(io.StringIO(written("csv")))
    assert back["mean"][0] == 0.123456789012 and back[["mean", "seeds"]].loc[1].isna().all()
    assert list(back["cell"]) == list(FRAME["cell"])


def test_json_is_a_list_of_objects_with_null_for_what_is_not_there() -> None:
    rows = json.loads(written("json"))
    assert rows[0] == {
        "cell": "row:a | b_c & 50 %", "mean": 0.123456789012, "seeds": 3, "best": True,
        "when": "2026-01-02T03:04:05.000Z",
    }  # fmt: skip
    assert rows[1]["mean"] is None and rows[1]["seeds"] is None and rows[1]["when"] is None


def test_markdown_has_a_line_a_row_and_no_cell_breaks_it() -> None:
    lines = written("md").splitlines()
    assert len(lines) == 2 + len(FRAME)
    assert {line.replace("\\|", "").count("|") for line in lines} == {len(FRAME.columns) + 1}
    cells = [cell.strip() for cell in lines[2].replace("\\|", "/").split("|")[1:-1]]
    assert cells[:4] == ["row:a / b_c & 50 %", "0.1235", "3", "True"]
    assert "two lines" in lines[3] and "nan" not in lines[3].lower()


def test_latex_escapes_what_tex_would_obey() -> None:
    text = written("latex")
    assert r"row:a \textbar{} b\_c \& 50 \%" in text and r"\textbackslash{}input\{x\}" in text
    assert "0.1235" in text and "nan" not in text.lower()


def test_a_table_without_rows_has_its_header() -> None:
    for kind in ("csv", "md", "latex"):
        assert "seeds" in written(kind, EMPTY), kind
    assert json.loads(written("json", EMPTY)) == []


def test_what_shows_as_zero_has_no_minus_and_no_p_is_zero() -> None:
    values = {"difference": [-0.00001], "p": [0.00001], "adjusted_p": [0.0], "score": [0.00001], "low": [-0.0002]}
    rows = {kind: written(kind, pd.DataFrame(values)) for kind in ("md", "latex")}
    cells = [cell.strip() for cell in rows["md"].splitlines()[2].split("|")[1:-1]]
    assert cells == ["0.0000", "< 0.0001", "< 0.0001", "0.0000", "-0.0002"]
    assert r"0.0000 & \textless{} 0.0001 & \textless{} 0.0001 & 0.0000 & $-$0.0002 \tabularnewline" in rows["latex"]
    assert "1e-05" in written("csv", pd.DataFrame(values))
