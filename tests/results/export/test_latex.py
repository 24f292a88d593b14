from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from tex import faults_of

from results import export
from results.database.database import Database
from results.export.latex import latex
from results.text.tex import ESCAPED, LATIN, escape

HOSTILE = "[x] *\\input{/etc/passwd} % & _ # $x^2$ ~ ^ { } < > | \" ' ` -- --- ,, ?` é 数 🙂 → − \x1b[2J \u202e \\\\"
FRAME = pd.DataFrame(
    {
        "label": [HOSTILE, "plain", "none"],
        "config_digest": ["f" * 64] * 3,
        "is_best": [True, False, False],
        "difference": [0.0123, -0.2, float("nan")],
        "low": [0.01, -0.3, float("nan")],
        "high": [0.02, -0.1, float("nan")],
        "verdict": ["helps", "equivalent", None],
        "seeds": [3, 3, 0],
        "run_ids": ["1 2 3"] * 3,
    }
)


def rows_of(text: str) -> list[str]:
    lines = text.split(r"\midrule")[1].splitlines()
    return [line for line in lines if line.endswith(r"\tabularnewline")]


def test_a_print_has_no_columns_for_programs_and_intervals_in_one() -> None:
    text = latex(FRAME.iloc[1:])
    assert r"label & difference & 95 \% interval & verdict & seeds \tabularnewline" in text
    assert "ffff" not in text and "1 2 3" not in text
    assert r"\toprule" in text and r"\midrule" in text and r"\bottomrule" in text


def test_the_best_row_is_bold_and_no_other() -> None:
    best, *others = rows_of(latex(FRAME))
    assert best.count(r"\textbf{") == 5 and not any(r"\textbf" in row for row in others)


def test_daggers_stand_at_what_was_judged_and_are_explained() -> None:
    text = latex(FRAME)
    helps, same, nothing = rows_of(text)
    assert r"0.0123$^{\dagger}$" in helps and r"$-$0.2000$^{\ddagger}$" in same and "dagger" not in nothing
    assert r"$\dagger$: differs from 0" in text and r"$\ddagger$: surely within the margin" in text
    assert "dagger" not in latex(FRAME.iloc[2:])


def test_a_comparison_marks_both_studies_and_what_lies_between_them() -> None:
    frame = pd.DataFrame(
        {
            **{"reference_effect": [0.1], "reference_verdict": ["helps"]},
            **{"study_effect": [-0.1], "study_verdict": ["open"], "difference": [-0.2], "verdict": ["reverses"]},
        }
    )
    (row,) = rows_of(latex(frame))
    assert row == r"0.1000$^{\dagger}$ & helps & $-$0.1000 & open & $-$0.2000$^{\dagger}$ & reverses \tabularnewline"


def test_texts_are_escaped_on_one_line_and_long_ones_cut() -> None:
    assert escape("a_b & 50 %\n\\x") == r"a\_b \& 50 \% \textbackslash{}x"
    assert escape("数\x1b") == "{[}U+6570{]}{[}U+001B{]}"
    (row,) = rows_of(latex(pd.DataFrame({"x": ["y" * 100]})))
    assert row.replace(r"\allowbreak{}", "").endswith("y" * 59 + r"\ldots{} \tabularnewline")


@pytest.mark.slow
def test_tex_takes_every_table_of_a_study_whatever_its_texts_say(finished: Database, tmp_path: Path) -> None:
    found = export.tables(finished, "demo-study")
    written = {}
    for name, frame in found.items():
        written[name] = latex(frame)
        hostile = frame.copy()
        for column in frame.columns:
            if pd.api.types.is_string_dtype(frame[column]) and column not in ("verdict", "run_ids"):
                hostile[column] = HOSTILE
        written[f"hostile_{name}"] = latex(hostile)
    written |= {"example": latex(FRAME), "empty": latex(FRAME.iloc[:0]), "nothing": latex(pd.DataFrame([]))}
    letters = [*ESCAPED, *sorted(LATIN), *map(chr, range(32)), *map(chr, range(0x2500, 0x2510))]
    written["letters"] = latex(pd.DataFrame({"letter": letters, "doubled": [2 * letter for letter in letters]}))
    assert faults_of(written, tmp_path / "tex") == ""


@pytest.mark.slow
def test_tex_refuses_what_is_not_escaped(tmp_path: Path) -> None:
    broken = latex(FRAME).replace("plain", r"a_b & c \undefined")
    assert faults_of({"broken": broken}, tmp_path / "tex")
