"""All runs of a study measure the same tasks, on as many examples: another run fails, and says what the sets are."""

from __future__ import annotations

from pathlib import Path

import pytest
from own_trainers import OwnStudy

HEAD = "def train(configuration, seed, report):\n    deep = configuration['depth_n'] == 2\n"
CASES = {
    "one task less": ("{'a': .5, 'b': .7}", "{'a': .6}", ("the task a", "tasks a and b")),
    "another name": ("{'a': .5}", "{'acc': .6}", ("the task acc", "task a:")),
    "one task more": ("{'a': .5}", "{'a': .6, 'b': .7, 'c': .7}", ("tasks a, b and c", "task a:")),
}


@pytest.mark.parametrize("case", CASES)
def test_another_set_of_tasks_fails_the_run_and_both_sets_are_named(tmp_path: Path, case: str) -> None:
    one, two, told = CASES[case]
    study = OwnStudy(tmp_path, f"{HEAD}    return {{'scores': {two} if deep else {one}}}\n")
    study.launch("--trials", "6", "--phases", "search")
    rows = study.rows("select json_extract(choices_json, '$.depth'), status, reason, detail from run")
    assert {row[:3] for row in rows} == {("one", "complete", None), ("two", "failed", "error")}
    detail = next(row[3] for row in rows if row[1] == "failed")
    assert all(part in detail for part in told) and "run 1" in detail


@pytest.mark.parametrize(("two", "told"), [("[1, 0, 1, 0, 1, 0]", "6 examples"), ("None", "has none")])
def test_so_does_another_number_of_examples(tmp_path: Path, two: str, told: str) -> None:
    examples = f"{{'t': {two}}} if deep and {two} else {{}} if deep else {{'t': [1, 0]}}"
    study = OwnStudy(tmp_path, f"{HEAD}    return {{'scores': {{'t': .5}}, 'examples': {examples}}}\n")
    study.launch("--trials", "6", "--phases", "search")
    details = [row[0] for row in study.rows("select detail from run where status = 'failed'")]
    assert details and all("examples['t']" in d and told in d and "2 examples" in d for d in details)


def test_a_later_launch_knows_what_the_first_run_measured(tmp_path: Path) -> None:
    """The sets follow from something outside the code, here a file."""
    names = "__import__('pathlib').Path('tasks').read_text().split()"
    train = f"def train(configuration, seed, report):\n    return {{'scores': dict.fromkeys({names}, .5)}}\n"
    study = OwnStudy(tmp_path, train)
    study.write("tasks", "a b")
    assert study.launch("--phases", "search").returncode == 0
    study.write("tasks", "a")
    done = study.launch("--phases", "search,confirm", "--trials", "5")
    assert done.returncode == 3 and "the task a" in done.stderr and "tasks a and b" in done.stderr
    assert {row[0] for row in study.rows("select status from run where id > 3")} == {"failed"}
