"""Every command of README.md runs as it is written, in the order of the page, on small data."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest
from place import SMALL, Place
from processes import until

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "README.md").read_text(encoding="utf-8")
COMMAND = re.compile(r"python -m ([\w.]+)((?: [^`\s#|]+)*)")
DATA = os.environ.get("MTBERT_DATA", str(ROOT.parent / "shared" / "data"))

# What the test adds to a command so that it ends soon; everything else runs as it is on the page.
ADDED = {
    "course": (*SMALL, "--trials", "2", "--ablations", "1", "--no-share"),
    "own": ("--budget", "smoke", "--trials", "2"),
    "rehearsed": ("--budget", "smoke", "--rehearse"),
    "planned": ("--rehearse", "--plan"),
    "train": ("--backbone", "tiny", "--epochs", "1", "--train-examples", "32", "--dev-examples", "32"),
    "evaluate": ("--data", DATA),
}


def commands() -> list[list[str]]:
    """Return the commands of the page, each as its module and its arguments; `~` and HOST replaced."""
    found = [[module, *shlex.split(rest)] for module, rest in COMMAND.findall(PAGE)]
    return [[part.replace("~/cs224n/data", DATA) for part in command] for command in found]


def added(command: list[str]) -> tuple[str, ...]:
    """Return what the test adds to a command."""
    module, *arguments = command
    if module == "mtbert.train":
        return ADDED["train"]
    if module == "mtbert.evaluate":
        return ADDED["evaluate"]
    if module != "study.launch":
        return ()
    if "--name" in arguments:
        return ADDED["course"]
    if "--trainer" in arguments:
        return ADDED["own"]
    return ADDED["planned" if "full" in arguments else "rehearsed"]


def without_cluster(arguments: list[str], folder: Path) -> list[str]:
    """Return the arguments without the address of a cluster, and with a file for its database: there is none here."""
    at = arguments.index("--ray-address") if "--ray-address" in arguments else len(arguments)
    kept = arguments[:at] + arguments[at + 2 :]
    return [re.sub(r"^postgresql.*", f"sqlite:///{folder}/cluster.db", part) for part in kept]


@pytest.mark.slow
@pytest.mark.skipif(not Path(DATA).is_dir(), reason=f"no course data in {DATA}; set MTBERT_DATA")
def test_every_command_of_the_readme_runs(tmp_path: Path) -> None:
    place = Place(tmp_path)
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    (tmp_path / "my_space.py").write_text(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0], encoding="utf-8")
    for command in commands():
        module, *arguments = command
        if module == "study.dashboard":
            assert_it_listens(place, *arguments)
            continue
        module = f"{module}.__main__" if module == "search_spaces" else module
        done = place.call(*without_cluster(arguments, tmp_path), *added(command), module=module)
        assert done.returncode in (0, None), (command, done.stdout, done.stderr)
    assert (tmp_path / "predictions" / "sst-test-output.csv").is_file()
    assert "course" in place.call(module="study.status").stdout


def assert_it_listens(place: Place, *arguments: str) -> None:
    """Start a command that serves pages, and end it as soon as it prints its address."""
    log = place.folder / "dashboard.log"
    process = place.start(*arguments, "--port", "0", module="study.dashboard", output=log)
    try:
        until(lambda: "http://127.0.0.1" in log.read_text(encoding="utf-8") or process.poll() is not None)
        assert process.poll() is None, log.read_text(encoding="utf-8")
    finally:
        process.terminate()
        process.wait(timeout=60)


def test_make_has_the_targets_that_the_readme_names() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^    make (\w+)", PAGE, re.MULTILINE)
    assert targets == ["study", "test"]
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


def test_the_readme_has_commands_of_every_package() -> None:
    assert {command[0].split(".")[0] for command in commands()} == {"mtbert", "search_spaces", "study", "results"}


def test_the_readme_can_be_read_in_two_minutes() -> None:
    assert PAGE.count("\n") <= 120
