"""The example of docs/statistics.md prints what the page says, and the page names what is public."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import results.statistics

PAGE = (Path(__file__).parents[3] / "docs" / "statistics.md").read_text(encoding="utf-8")
TYPES_AND_SIZES = {  # what a reader meets in docstrings, not on the page
    "MARGIN", "PRIOR_DEVIATION", "VERDICTS", "ComparedRow", "CorrelationDifference", "Float64", "Interval",
    "MeanDifference", "PairedRow", "SelectionGap", "Verdict", "expected_luck", "moderated_differences",
    "probability_of_superiority",
}  # fmt: skip


def test_the_example_prints_what_the_page_says() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (printed,) = re.findall(r"```\n([+-].*?)```", PAGE, re.DOTALL)
    with contextlib.redirect_stdout(io.StringIO()) as found:
        exec(code, {})
    assert found.getvalue() == printed


def test_the_page_names_what_is_public() -> None:
    named = set(re.findall(r"`(\w+)`", PAGE))
    assert set(results.statistics.__all__) - TYPES_AND_SIZES <= named
