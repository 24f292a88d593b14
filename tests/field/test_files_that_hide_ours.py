"""A file in the current folder that is called like a module of ours, of Python or of a library takes nobody's place."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest
from own_trainers import FLAGS, SPACE

from search_spaces.own_files import ROOT, OwnFilesFirst
from study.functions import function_of
from study.settings import SettingsError

RAISES = 'raise RuntimeError("the file of the user was imported")\n'
TRAIN = "def train(configuration, seed, report):\n    return {'scores': {'t': 0.5}}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder, first on the path as `python -m` has it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def found_by(asker: Path, finder: OwnFilesFirst, name: str) -> ModuleSpec | None:
    """What the finder says to code of the file `asker`."""
    names = {"finder": finder, "__name__": "asker"}
    exec(compile(f"found = finder.find_spec({name!r})", str(asker), "exec"), names)
    found = names["found"]
    assert found is None or isinstance(found, ModuleSpec)
    return found


@pytest.mark.parametrize("name", ["results", "search_spaces", "mtbert", "study"])
def test_our_packages_are_ours_whoever_asks(folder: Path, name: str) -> None:
    finder = OwnFilesFirst(str(folder))
    (folder / f"{name}.py").write_text(RAISES, encoding="utf-8")
    for asker in (folder / "t.py", Path(ROOT) / "study" / "driver.py"):
        spec = found_by(asker, finder, name)
        assert spec is not None and spec.origin == f"{ROOT}/{name}/__init__.py"


@pytest.mark.parametrize("name", ["json", "queue", "platform", "numpy", "rich", "optuna"])
@pytest.mark.parametrize("package", [False, True])
def test_python_s_and_a_library_s_modules_are_theirs_for_us_and_for_libraries(
    folder: Path, name: str, package: bool
) -> None:
    finder = OwnFilesFirst(str(folder))
    file = folder / name / "__init__.py" if package else folder / f"{name}.py"
    file.parent.mkdir(exist_ok=True)
    file.write_text(RAISES, encoding="utf-8")
    for asker in (Path(ROOT) / "results" / "notes.py", Path(pytest.__file__), Path(subprocess.__file__)):
        spec = found_by(asker, finder, name)
        assert spec is not None and spec.origin is not None and not spec.origin.startswith(str(folder))


def test_the_user_s_own_files_find_each_other(folder: Path) -> None:
    finder = OwnFilesFirst(str(folder))
    (folder / "numpy.py").write_text("", encoding="utf-8")
    (folder / "sub").mkdir()
    assert found_by(folder / "t.py", finder, "numpy") is None  # as Python finds it: here
    assert found_by(folder / "sub" / "t.py", finder, "numpy") is None
    venv = folder / ".venv" / "lib" / "site-packages" / "torch" / "__init__.py"
    assert found_by(venv, finder, "numpy") is not None


def test_a_name_that_is_nowhere_else_is_the_user_s(folder: Path) -> None:
    (folder / "of_mine.py").write_text("", encoding="utf-8")
    assert found_by(Path(ROOT) / "study" / "driver.py", OwnFilesFirst(str(folder)), "of_mine") is None


def test_names_that_nobody_hides_and_parts_of_packages_are_left_alone(folder: Path) -> None:
    finder = OwnFilesFirst(str(folder))
    (folder / "json.py").write_text(RAISES, encoding="utf-8")
    assert finder.find_spec("numpy") is None and finder.find_spec("json", ["/somewhere"]) is None
    (folder / "numpy").mkdir()  # a folder of data
    assert finder.find_spec("numpy") is None


def test_a_trainer_with_a_module_s_name_is_told_how_to_name_it(folder: Path) -> None:
    (folder / "json.py").write_text(TRAIN, encoding="utf-8")
    with pytest.raises(SettingsError, match="For json.py in the current folder.* write ./json.py:train"):
        function_of("json:train")
    assert function_of("./json.py:train")({}, 1, None) == {"scores": {"t": 0.5}}


@pytest.mark.slow
def test_no_command_and_no_worker_takes_them(tmp_path: Path) -> None:
    """All of them at once; a file called like the package that `python -m` names is read before any of ours."""
    names = (
        "types", "platform", "json", "queue", "random", "logging", "typing", "enum", "copy", "token", "tokenize",
        "statistics", "secrets", "string", "code", "inspect", "numpy", "pandas", "optuna", "sqlalchemy", "rich",
        "plotly", "scipy", "pydantic", "alembic", "jinja2", "multiprocessing", "socket", "selectors", "signal",
        "subprocess", "threading", "tempfile", "shutil", "argparse", "dataclasses", "functools", "contextlib",
        "traceback", "struct", "psutil", "torch",
    )  # fmt: skip
    for name in names:
        (tmp_path / f"{name}.py").write_text(RAISES, encoding="utf-8")
    (tmp_path / "s.py").write_text(SPACE, encoding="utf-8")
    (tmp_path / "t.py").write_text(TRAIN, encoding="utf-8")

    def command(*arguments: str, hidden: tuple[str, ...]) -> None:
        for name in ("mtbert", "results", "search_spaces", "study"):
            (tmp_path / f"{name}.py").unlink(missing_ok=True)
            if name in hidden:
                (tmp_path / f"{name}.py").write_text(RAISES, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-m", *arguments], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, done.stderr

    command("study.launch", *FLAGS, "--phases", "search,report", hidden=("mtbert", "results", "search_spaces"))
    command("results.report", "--name", "x", "--out", "r.html", hidden=("mtbert", "search_spaces", "study"))
    command("search_spaces", "show", "s.py", hidden=("mtbert", "results", "study"))
    command("mtbert.train", "--help", hidden=("results", "search_spaces", "study"))
