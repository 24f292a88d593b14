"""What an installed copy has beside modules: every template and data file of the packages."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DECLARED = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["package-data"]


@pytest.mark.parametrize("package", ["mtbert", "results", "search_spaces", "study"])
def test_every_file_that_is_no_module_is_declared(package: str) -> None:
    folder = ROOT / package
    there = {path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")}
    declared = {path for pattern in DECLARED.get(package, ()) for path in folder.glob(pattern)}
    assert there <= declared, sorted(str(path.relative_to(ROOT)) for path in there - declared)
