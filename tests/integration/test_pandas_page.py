"""The page docs/pandas.md: its code runs on the study it names, and prints what it says.

To renew what it prints: python tests/integration/test_pandas_page.py
"""

from __future__ import annotations

import contextlib
import io
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
from place import Place

PAGE = Path(__file__).resolve().parents[2] / "docs" / "pandas.md"
BLOCKS = re.compile(r"```python\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL)


def outputs(folder: Path, text: str) -> list[str]:
    """What each block of the page prints, one after the other in one namespace, after the launch that it names."""
    (launch,) = re.findall(r"^    python -m study\.launch (.*)$", text, re.MULTILINE)
    done = Place(folder).call(*launch.split())
    assert done.returncode == 0, done.stdout + done.stderr
    names: dict[str, Any] = {}
    printed = []
    with contextlib.chdir(folder):
        for code, _ in BLOCKS.findall(text):
            with contextlib.redirect_stdout(io.StringIO()) as out:
                exec(compile(code, str(PAGE), "exec"), names)
            printed.append(_plain(out.getvalue()))
    return printed


def _plain(text: str) -> str:
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


@pytest.mark.slow
def test_the_code_of_the_page_prints_what_the_page_says(tmp_path: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    said = [output for _, output in BLOCKS.findall(text)]
    assert len(said) == text.count("```python") >= 6 and all(said)
    assert outputs(tmp_path, text) == said


if __name__ == "__main__":
    page = PAGE.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as place:
        found = iter(outputs(Path(place), page))
    PAGE.write_text(BLOCKS.sub(lambda m: f"```python\n{m[1]}```\n\n```text\n{next(found)}```", page), encoding="utf-8")
