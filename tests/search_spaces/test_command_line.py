"""`python -m search_spaces`: what a person sees, run as a person runs it."""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import search_spaces
from search_spaces.factors import POOLING

ROOT = Path(__file__).resolve().parents[2]


@functools.cache
def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "search_spaces", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


def test_list_shows_every_space_with_its_size() -> None:
    done = run("list")
    assert done.returncode == 0
    told = f"pooling  2 factors, {len(POOLING.levels)} configurations x 1 continuous factor"
    assert told in re.sub(" {3,}", "  ", done.stdout)
    assert "optimization" in done.stdout


def test_no_command_lists() -> None:
    assert run().stdout == run("list").stdout


def test_show_prints_aligned_columns() -> None:
    lines = run("show", "pooling").stdout.splitlines()
    assert "factor         role        baseline  levels" in lines
    assert f"pooling        scientific  cls       {', '.join(level.name for level in POOLING.levels)}" in lines
    assert "learning_rate  nuisance    3e-05     1e-06 to 0.001 (log)" in lines
    assert f"{len(POOLING.levels)} configurations x 1 continuous factor" in lines


def test_show_indents_conditional_factors_under_their_level() -> None:
    lines = run("show", "optimization").stdout.splitlines()
    start = lines.index("  only with linear_warmup:")
    assert lines[start + 1].startswith("    warmup_fraction  nuisance")


def test_show_has_thousands_separators() -> None:
    size = search_spaces.load("full_ablation").size()
    assert size > 1000 and f"\n{size:,} configurations x " in run("show", "full_ablation").stdout


def test_show_fits_80_columns() -> None:
    assert max(len(line) for line in run("show", "full_ablation").stdout.splitlines()) <= 80


def test_list_as_json_describes_every_space() -> None:
    described = json.loads(run("list", "--json").stdout)
    assert [space["name"] for space in described] == sorted(space["name"] for space in described)
    assert {"name", "goal", "design", "factors", "size", "continuous", "recipes", "rows"} <= described[0].keys()


def test_show_as_json_has_factors_with_their_condition() -> None:
    described = json.loads(run("show", "optimization", "--json").stdout)
    decay = next(factor for factor in described["factors"] if factor["name"] == "optimizer.adamw.weight_decay")
    assert decay["condition"] == {"factor": "optimizer", "level": "adamw"}
    assert decay["levels"] == ["0.001", "0.01", "0.1"]
    assert described["size"] == 48


def test_show_takes_a_users_file(tmp_path: Path) -> None:
    file = tmp_path / "my_space.py"
    file.write_text(
        "from search_spaces.grammar import Factor, Level, Space\n"
        "SPACE = Space('mine', 'Mine?', design='grid',\n"
        "    factors=(Factor('a', 'fixed', 'x', (Level('x'),), reason='cost'),))\n"
    )
    done = run("show", str(file))
    assert done.returncode == 0
    assert "1 configuration; a grid: all of them are run" in done.stdout
    assert "a is fixed: cost" in done.stdout


@pytest.mark.parametrize("arguments", [("show", "pooling"), ("list", "--json")])
def test_a_reader_that_has_seen_enough_is_no_error(arguments: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "search_spaces", *arguments]
    done = subprocess.run(command, cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_unknown_name_is_one_message_and_exit_code_2() -> None:
    done = run("show", "poling")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("No space named 'poling'. Did you mean 'pooling'?")
    assert done.stderr.count("\n") == 1


def test_a_broken_file_is_one_message_and_exit_code_2(tmp_path: Path) -> None:
    file = tmp_path / "my_space.py"
    file.write_text("SPACE = undefined\n")
    done = run("show", str(file))
    assert done.returncode == 2
    assert done.stderr == f"{file}:1: NameError: name 'undefined' is not defined\n"


def test_the_command_needs_the_standard_library_only() -> None:
    # -S: without site-packages; -I would also hide the working directory
    command = [sys.executable, "-S", "-m", "search_spaces", "show", "full_ablation"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
