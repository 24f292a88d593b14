"""A trainer's module that cannot be imported is one message, with its file, its line and the error; paths are names."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from unittest import mock

import pytest
from own_trainers import OwnStudy

from study.functions import function_of, normalized_name
from study.resolve import default_name
from study.settings import SettingsError

TRAIN = "def train(configuration, seed, report):\n    return {'scores': {'t': 0.5}}\n"
PARSER = """import argparse

parser = argparse.ArgumentParser()
parser.add_argument('--lr', required=True)
parser.parse_args()
"""
BROKEN = {
    "a package that is missing": ("import os\nimport no_such_package\n", 2, "No module named 'no_such_package'"),
    "a part of one": ("from json import no_such_name\n", 1, "no_such_name"),
    "its syntax": ("x = 1\ndef train(:\n    pass\n", 2, "SyntaxError"),
    "its indentation": ("def train():\n  x = 1\n    y = 2\n", 3, "IndentationError: unexpected indent"),
    "what it does": ("x = 1\ny = x / 0\n", 2, "ZeroDivisionError: division by zero"),
    "deep in a library": ("import json\n\njson.loads('{')\n", 3, "JSONDecodeError"),
    "argparse": (PARSER, 5, "the following arguments are required: --lr"),
    "another flag": ("import argparse\nargparse.ArgumentParser().parse_args()\n", 2, "unrecognized arguments"),
    "its help": ("import argparse\nargparse.ArgumentParser().parse_args(['-h'])\n", 2, "help"),
    "an exit": ("import sys\n\nsys.exit('no data')\n", 3, "no data"),
    "a silent exit": ("raise SystemExit\n", 1, "sys.exit()"),
    "several lines": ("raise ValueError('first\\nsecond')\n", 1, "ValueError: first"),
    "no Python text": ("\0", 1, "null bytes"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_the_message_names_the_module_the_line_and_the_error(tmp_path: Path, case: str) -> None:
    source, line, told = BROKEN[case]
    study = OwnStudy(tmp_path, source + TRAIN)
    for name in ("t:train", "./t.py:train"):
        done = study.command_here("--space", "s.py", "--trainer", name, "--name", "x")
        assert done.returncode == 2 and done.stdout == "", done
        assert done.stderr.count("\n") == 1 and "usage:" not in done.stderr and "should not happen" not in done.stderr
        assert "t.py" in done.stderr and told in done.stderr
        assert f"line {line}" in done.stderr or "null bytes" in done.stderr, done.stderr
    assert not (tmp_path / "runs").exists()


def test_a_helper_that_is_broken_is_named(tmp_path: Path) -> None:
    study = OwnStudy(tmp_path, f"import of_mine\n{TRAIN}")
    study.write("of_mine.py", "import sys\nimport no_such_package\n")
    done = study.command_here("--space", "s.py", "--trainer", "t:train", "--name", "x")
    assert done.returncode == 2 and "of_mine.py, line 2" in done.stderr


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("t:tran", "has no function 'tran': 't:tran'. Did you mean 'train'?"),
        ("t.py:fit", "has no function 'fit'"),
        ("t:EPOCHS", "'EPOCHS', which is not a function but of type int"),
        ("./u.py:train", "There is no file u.py"),
        ("u:train", "There is no module 'u'"),
        ("t.sub:train", "There is no module 't.sub'"),
        ("t.py", "names no function"),
        ("t", "names no function"),
        (":train", "names no function"),
        ("t:", "names no function"),
        ("folder/", "names no function"),
        ("/nowhere/t.py:train", "There is no file /nowhere/t.py"),
    ],
)
def test_what_is_not_there_is_named(tmp_path: Path, name: str, told: str) -> None:
    done = OwnStudy(tmp_path, f"EPOCHS = 3\n{TRAIN}").command_here("--space", "s.py", "--trainer", name, "--name", "x")
    assert done.returncode == 2 and told in done.stderr and done.stderr.count("\n") == 1, done.stderr


@pytest.mark.parametrize("name", ["./t.py:train", "t.py:train", "././t:train", "{here}/t.py:train", "t:train"])
def test_a_path_is_a_name(tmp_path: Path, name: str) -> None:
    study = OwnStudy(tmp_path, f"import beside\n{TRAIN.replace('0.5', 'beside.SCORE')}")
    study.write("beside.py", "SCORE = 0.5\n")
    asked = ("--space", "s.py", "--trials", "2", "--phases", "search", "--workers", "1", "--name", "x")
    done = study.command_here(*asked, "--trainer", name.format(here=tmp_path))
    assert done.returncode == 0, done.stderr
    assert study.rows("select distinct status from run") == [("complete",)]


def test_one_file_has_one_spelling(tmp_path: Path) -> None:
    assert {normalized_name(name) for name in ("./t.py:train", "t.py:train", "a/../t.py:train")} == {"t.py:train"}
    assert normalized_name("~/t.py:f") == f"{os.path.expanduser('~')}/t.py:f" and normalized_name("a.b:f") == "a.b:f"
    names = [default_name({"space": "s.py", "trainer": name}) for name in ("a.t:train", "a/t.py:train", "t.py:train")]
    assert set(names) == {"s-t_train"}


def test_a_file_of_a_package_imports_from_it_and_one_with_a_taken_name_takes_nothing_away(tmp_path: Path) -> None:
    files = {
        "pack/__init__.py": "",
        "pack/sub/__init__.py": "",
        "pack/other.py": "SCORE = 0.25\n",
        "pack/sub/t.py": "from ..other import SCORE\n\ndef train(*of):\n    return SCORE\n",
        "alone/json.py": "def train(*of):\n    return 0.75\n",
        "alone/my-model.py": "def train(*of):\n    return 1\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    before, path = dict(sys.modules), list(sys.path)
    try:
        with mock.patch.object(sys, "dont_write_bytecode", True):
            assert function_of(f"{tmp_path}/pack/sub/t.py:train")() == 0.25
            assert function_of(f"{tmp_path}/alone/json.py:train")() == 0.75
            assert function_of(f"{tmp_path}/alone/my-model.py:train")() == 1
        assert importlib.import_module("json") is before["json"]
    finally:
        sys.path[:] = path
        for name in set(sys.modules) - set(before):
            del sys.modules[name]


def test_a_method_of_a_class_is_a_function() -> None:
    assert function_of("json:JSONDecoder.decode").__name__ == "decode"
    with pytest.raises(SettingsError, match="no function 'JSONDecoder.nothing'"):
        function_of("json:JSONDecoder.nothing")
