"""With --json standard output has one object, whatever else writes there."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from place import Place

import mtbert.output
import search_spaces.output

NOISE = """
import atexit, ctypes, os, subprocess, sys
def noise(what):
    print("printed", what)
    sys.__stdout__.write("to the first stream\\n")
    os.write(1, b"to the descriptor\\n")
    ctypes.CDLL(None).puts(b"by a library in C")
    subprocess.run(["sh", "-c", "echo by a child"])
noise("at import")
atexit.register(print, "at exit")
"""
SPACE = """
from search_spaces import Factor, Level, Space
SPACE = Space(name="s", goal="Does depth help?", factors=(
    Factor("depth", "scientific", "one", (Level("one", {"n": 1}), Level("two", {"n": 2}))),))
"""
TRAIN = """
def train(configuration, seed, report):
    noise("in a run")
    report(1, 0.5)
    return {"scores": {"a": 0.5 + seed % 7 / 100}}
"""


@pytest.mark.slow
@pytest.mark.parametrize("more", [(), ("--plan",)])
def test_a_launch_prints_one_object(tmp_path: Path, more: tuple[str, ...]) -> None:
    (tmp_path / "s.py").write_text(NOISE + SPACE, encoding="utf-8")
    (tmp_path / "t.py").write_text(NOISE + TRAIN, encoding="utf-8")
    asked = (
        "--space",
        "s.py",
        "--trainer",
        "t:train",
        "--trials",
        "2",
        "--seeds",
        "2",
        "--confirm",
        "1",
        "--name",
        "x",
    )
    done = Place(tmp_path).run(*asked, "--workers", "1", "--json", *more)
    assert done.returncode == 0, done.stderr
    assert isinstance(json.loads(done.stdout), dict)
    assert "printed at import" in done.stderr and "printed in a run" not in done.stderr


@pytest.mark.slow
def test_a_space_s_file_that_prints(tmp_path: Path) -> None:
    (tmp_path / "s.py").write_text(NOISE + SPACE, encoding="utf-8")
    done = Place(tmp_path).run("show", "s.py", "--json", module="search_spaces")
    assert done.returncode == 0 and json.loads(done.stdout)["name"] == "s" and "by a child" in done.stderr


PROGRAM = """
import ctypes, os, sys
sys.path.insert(0, sys.argv[1])
from PACKAGE import output
@output.command
def main(arguments=None):
    output.alone(True)
    print("noise")
    ctypes.CDLL(None).printf(b"buffered")
    os.write(1, b"raw")
    output.print_object('{"a": 1}')
    print("more noise")
    return 0
code = output.last(main())
print("last noise")
sys.exit(code)
"""


@pytest.mark.slow
@pytest.mark.parametrize("package", ["mtbert", "search_spaces"])
def test_commands_of_each_package(package: str) -> None:
    root = str(Path(__file__).resolve().parents[2])
    command = [sys.executable, "-c", PROGRAM.replace("PACKAGE", package), root]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == '{"a": 1}\n'
    assert all(word in done.stderr for word in ("noise", "buffered", "raw", "more noise", "last noise"))


def test_a_command_in_this_process_leaves_its_streams_as_they_were(capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout, sys.stderr
    for output in (mtbert.output, search_spaces.output):

        def main(output: ModuleType = output) -> int:
            output.alone(True)
            print("noise")
            output.print_object("{}")
            return 0

        assert output.command(main)() == 0 and (sys.stdout, sys.stderr) == before
        assert tuple(capsys.readouterr()) == ("{}\n", "noise\n")
        output.print_object("without --json")
        assert capsys.readouterr().out == "without --json\n"
