"""Runs of different code do not stand in one study unless somebody wants it, and then they are marked."""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path
from typing import Any

import pytest
from own_trainers import SPACE, OwnStudy

from results.measurements import code_versions
from study.trainers.custom.code_fingerprint import changed, code_of, hash_of

pytestmark = pytest.mark.slow  # each test launches a study, or two

TRAINER = '''
"""A trainer."""
from helper import bonus

SCALE = 0.25


def train(configuration, seed, report):
    """Train."""
    return {"scores": {"t": SCALE * configuration["depth_n"] + bonus() + seed % 7 / 1000}}
'''
HELPER = "def bonus():\n    return 0.1\n"


@pytest.fixture
def study(tmp_path: Path) -> OwnStudy:
    found = OwnStudy(tmp_path, TRAINER)
    found.write("helper.py", HELPER)
    return found


def searched(study: OwnStudy) -> None:
    assert study.launch("--phases", "search").returncode == 0


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("t.py", "0.25", "0.26", "t.py"),
        ("helper.py", "0.1", "0.2", "helper.py"),
        ("t.py", "\nSCALE", "\nimport another\nSCALE", "t.py, another.py (new)"),
        ("t.py", "seed % 7", "seed % 5", "t.py"),
    ],
)
def test_a_launch_with_changed_code_is_refused_with_the_files_and_both_ways_out(
    study: OwnStudy, file: str, old: str, new: str, told: str
) -> None:
    searched(study)
    study.write("another.py", "x = 1\n")
    study.write(file, (study.folder / file).read_text(encoding="utf-8").replace(old, new))
    before = study.rows("select * from run"), study.rows("select * from study_meta")
    done = study.launch("--phases", "confirm")
    assert done.returncode == 2 and f"({told})" in done.stderr
    assert "--name x-2" in done.stderr and "--accept-changed-code" in done.stderr
    assert (study.rows("select * from run"), study.rows("select * from study_meta")) == before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("t.py", '"""A trainer."""', "# other words\n\n"),
        ("t.py", "    return", "    # why\n    return"),
        ("t.py", '    """Train."""\n', ""),
        ("t.py", 'SCALE * configuration["depth_n"]', "(SCALE  *  configuration['depth_n'])"),
        ("t.py", "0.25\n", "0.25\n\nif __name__ == '__main__':\n    print(train({}, 1, None))\n"),
        ("helper.py", "def", "\n\n\ndef"),
        ("s.py", "", "# another space's comment\n"),
        ("not_imported.py", "", "x = 1\n"),
    ],
)
def test_what_does_not_change_the_code_is_no_change(study: OwnStudy, file: str, old: str, new: str) -> None:
    searched(study)
    path = study.folder / file
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    study.write(file, text.replace(old, new) if old else new + text)
    assert study.launch("--phases", "search").returncode == 0


def test_it_goes_on_where_that_is_wanted_and_tells_which_runs_had_which_code(study: OwnStudy) -> None:
    searched(study)
    study.write("helper.py", HELPER.replace("0.1", "0.3"))
    done = study.launch("--accept-changed-code", "--phases", "search,confirm,ablate,report", "--ablations", "1")
    assert done.returncode == 0, done.stderr
    assert "The code of its trainer has changed (helper.py)" in done.stdout
    assert "The trainer's code changed during this study" in " ".join(done.stdout.split())
    codes = study.rows("select code, count(*) from run group by code order by min(id)")
    assert [count for _, count in codes] == [3, codes[1][1]] and len({code for code, _ in codes}) == 2
    decided = json.loads(study.rows("select decisions_json from study_meta")[0][0])["code"]
    assert decided["now"] == codes[1][0] and set(decided["versions"]) == {code for code, _ in codes}
    page = (study.folder / "runs/x/report.html").read_text(encoding="utf-8")
    assert "code changed during this study" in page and '"title":"Code"' in page
    assert study.launch("--accept-changed-code").returncode == 0
    assert study.launch().returncode == 0  # the new code is the study's by now


def test_a_study_of_one_code_says_nothing_of_it(study: OwnStudy) -> None:
    assert study.launch().returncode == 0
    page = (study.folder / "runs/x/report.html").read_text(encoding="utf-8")
    assert "code changed in the course" not in page and '"title":"Code"' not in page


def test_the_space_in_the_trainer_s_file_is_no_code(study: OwnStudy) -> None:
    study.write("t.py", TRAINER.replace("SCALE =", f"{SPACE}\nSCALE ="))
    asked = ("--space", "t.py", "--trainer", "t:train", "--trials", "3", "--workers", "1", "--name", "y")
    assert study.command_here(*asked, "--phases", "search").returncode == 0
    wider = SPACE.replace('Level("two", {"depth_n": 2})', 'Level("two", {"depth_n": 2}), Level("six", {"depth_n": 6})')
    study.write("t.py", TRAINER.replace("SCALE =", f"{wider}\nSCALE ="))
    done = study.command_here(*asked, "--phases", "search")
    assert done.returncode == 0 and "level depth=six is new" in done.stdout


def test_failed_runs_of_code_that_was_mended_are_run_again_by_themselves(study: OwnStudy) -> None:
    study.write("helper.py", "def bonus():\n    return 'much'\n")
    assert study.launch("--phases", "search").returncode == 3
    study.write("helper.py", HELPER)
    done = study.launch("--phases", "search")
    assert done.returncode == 0 and "1 failed run will be run again" in done.stdout
    assert study.rows("select distinct status from run") == [("complete",)]
    assert study.rows("select attempt from run where id = 1") == [(2,)]


def test_code_that_changes_while_the_study_runs_ends_it(study: OwnStudy) -> None:
    """A worker imports the files as they are then."""
    source = (
        "from pathlib import Path\n\ndef train(configuration, seed, report):\n"
        "    Path('t.py').write_text(Path('t.py').read_text() + '\\nNEW = 1\\n')\n"
        "    return {'scores': {'t': 0.5}}\n"
    )
    study.write("t.py", source)
    done = study.launch("--trials", "8", "--phases", "search")
    assert done.returncode == 3 and "has changed since the launch began (t.py)" in done.stderr
    assert study.rows("select status, count(*) from run group by status order by status") == [
        ("complete", 1), ("failed", 3),
    ]  # fmt: skip


def test_runs_of_another_study_are_taken_with_their_code(study: OwnStudy) -> None:
    searched(study)
    study.write("helper.py", HELPER.replace("0.1", "0.3"))
    asked = ("--space", "s.py", "--trainer", "t:train", "--name", "new", "--import-from", "x", "--phases", "search",
             "--trials", "4", "--workers", "1")  # fmt: skip
    done = study.command_here(*asked)
    assert done.returncode == 2 and "helper.py" in done.stderr and "--accept-changed-code" in done.stderr
    assert study.command_here(*asked, "--accept-changed-code").returncode == 0
    codes = study.rows("select code, count(*) from run where study_name = 'new' group by code order by min(id)")
    assert [count for _, count in codes] == [3, 1]


def test_a_study_of_a_release_that_kept_no_code_goes_on(study: OwnStudy) -> None:
    searched(study)
    study.rows("update run set code = null")
    study.rows("update study_meta set decisions_json = json_remove(decisions_json, '$.code')")
    done = study.launch("--phases", "confirm")
    assert done.returncode == 0 and "was not recorded so far" in done.stdout


# What is hashed


def module_at(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(folder))
    return types.SimpleNamespace(__file__=str(folder / name))


def test_all_that_a_module_imports_from_the_user_s_folders_is_its_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {
        "pack/__init__.py": "",
        "pack/models/__init__.py": "",
        "pack/models/deep.py": "from ..data import rows\n",
        "pack/data.py": "import json, numpy\n",
        "pack/chosen/one.py": "",
        "pack/chosen/two.py": "",
        "pack/late.py": "",
        "pack/unused.py": "",
        "beside.py": "import beside\n",
        "pack/train.py": "import torch\nimport beside\nfrom .models import deep\nfrom study import launch\n"
        "import importlib\ndef train():\n    from pack import late\n    importlib.import_module(f'pack.chosen.{x}')\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    found = code_of(module_at(tmp_path, "pack/train.py", monkeypatch)).files
    assert set(found) == set(files) - {"pack/unused.py"}


def test_modules_that_are_no_files_of_the_user_s_have_no_code() -> None:
    assert code_of(json).files == code_of(sys).files == code_of(pytest).files == {}


def test_a_file_that_python_cannot_read_counts_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.py").write_text("import b\n", encoding="utf-8")
    (tmp_path / "b.py").write_text("print 'old'\n", encoding="utf-8")
    before = code_of(module_at(tmp_path, "a.py", monkeypatch))
    (tmp_path / "b.py").write_text("print 'new'\n", encoding="utf-8")
    now = code_of(module_at(tmp_path, "a.py", monkeypatch))
    assert changed(before.files, now.files) == "b.py" and before.digest != now.digest


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("x = 1000", "x = 1_000", True),
        ("x = 'a'", 'x = u"a"', True),
        ("f(a,\n  b)", "f(a, b)", True),
        ("x = 1", "x = 1.0", False),
        ("x = True", "x = 1", False),
        ("def f():\n  '''a'''\n  return 1", "def f():\n  return 1", True),
        ("f('a')", "f('b')", False),
        ("f(a, b)", "f(b, a)", False),
        ("SPACE = Space(1)", "SPACE = Space(2)", True),
        ("DEPTH = Factor(1)", "DEPTH = Factor(2)", True),
        ("model = Model(1)", "model = Model(2)", False),
        ("@a\ndef f(): pass", "def f(): pass", False),
    ],
)
def test_the_hash_is_of_what_the_code_does(one: str, other: str, same: bool) -> None:
    assert (hash_of(one) == hash_of(other)) == same


def test_runs_of_one_code_are_one_version() -> None:
    study: Any = types.SimpleNamespace(settings_json={"trainer": "mtbert"}, config_version=2)
    run = types.SimpleNamespace
    runs: Any = [run(id=1, status="complete", code=None), run(id=2, status="failed", code="version 1"),
                 run(id=3, status="pruned", code="version 2")]  # fmt: skip
    assert code_versions.note(study, runs) is None
    study.settings_json["trainer"] = "t:train"
    told = code_versions.note(study, runs)
    assert told is not None and "1 run of unknown code, 1 run of version 2" in told
