"""The version of the code: the same after moving and rewording, another one after a change of what is computed."""

from __future__ import annotations

from pathlib import Path

from cases import for_each

from mtbert.stage_store.code_version import code_version

FILES = {
    "__init__.py": '"""A package."""\n',
    "rates.py": '''"""Learning rates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from math import exp

if TYPE_CHECKING:
    from package.errors import RateError

FACTOR = 0.5


def decayed(rate: float, step: int) -> float:
    """Decay a rate."""
    if step < 0:
        raise ValueError(f"step is {step}")
    return rate * exp(-FACTOR * step)
''',
    "steps.py": """from package import rates

HOME = "package.rates"


class Steps:
    def rate(self, step: int) -> float:
        return rates.decayed(1.0, step)
""",
}


def version(folder: Path, files: dict[str, str]) -> str:
    """The version of a package of these files."""
    for name, text in files.items():
        path = folder / "package" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return code_version(folder / "package")


def changed(name: str, old: str, new: str) -> dict[str, str]:
    assert old in FILES[name]
    return {**FILES, name: FILES[name].replace(old, new)}


@for_each(
    ("name", "old", "new"),
    [
        ("rates.py", '"""Decay a rate."""', '"""Return the rate after some steps."""'),
        ("rates.py", '    """Decay a rate."""\n', ""),
        ("rates.py", "FACTOR = 0.5", "FACTOR = 0.5  # a comment\n\n"),
        ("rates.py", 'f"step is {step}"', 'f"step must be at least 0, got {step}"'),
        ("rates.py", "package.errors", "package.errors_of_rates"),
        ("steps.py", "1.0, step)", "\n            1.0,\n            step,\n        )"),
        ("steps.py", "class Steps:\n", 'class Steps:\n    """Steps of a training."""\n\n'),
    ],
)
def test_rewording_keeps_it(tmp_path: Path, name: str, old: str, new: str) -> None:
    assert version(tmp_path / "new", changed(name, old, new)) == version(tmp_path / "old", FILES)


@for_each(
    ("name", "old", "new"),
    [
        ("rates.py", "0.5", "0.25"),
        ("rates.py", "-FACTOR", "FACTOR"),
        ("rates.py", "from math import exp", "from numpy import exp"),
        ("rates.py", "step < 0", "step <= 0"),
        ("steps.py", "1.0", "1"),
        ("steps.py", "rates.decayed", "rates.grown"),
        ("steps.py", "    def rate(", "    @property\n    def rate("),
    ],
)
def test_another_computation_changes_it(tmp_path: Path, name: str, old: str, new: str) -> None:
    assert version(tmp_path / "new", changed(name, old, new)) != version(tmp_path / "old", FILES)


def test_moving_a_file_keeps_it(tmp_path: Path) -> None:
    moved = {
        "__init__.py": FILES["__init__.py"],
        "training/__init__.py": '"""Training."""\n',
        "training/rates.py": FILES["rates.py"],
        "steps.py": FILES["steps.py"]
        .replace("from package import rates", "from package.training.rates import decayed")
        .replace("rates.decayed", "decayed")
        .replace('"package.rates"', '"package.training.rates"'),
    }
    assert version(tmp_path / "new", moved) == version(tmp_path / "old", FILES)


def test_merging_two_files_keeps_it(tmp_path: Path) -> None:
    steps = FILES["steps.py"].replace("from package import rates\n", "").replace("rates.decayed", "decayed")
    merged = {"__init__.py": "", "all.py": FILES["rates.py"] + steps}
    assert version(tmp_path / "new", merged) == version(tmp_path / "old", FILES)


def test_it_is_a_hash_of_this_package() -> None:
    assert len(code_version()) == 64 and int(code_version(), 16)
