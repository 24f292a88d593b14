"""Rehearsed studies compared: what was planted alike carries over, what was planted the other way round is found."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from place import Place

from search_spaces import load
from study.trainers.rehearsal.response_surface import plant

SPACE = '''
"""Five levels of one technique."""
from search_spaces import Factor, Level, Space

LEVELS = tuple(Level(f"l{i}", {"pooling.name": f"l{i}"}) for i in range(5))
SPACE = Space(
    name="levels", goal="Does it carry over?", design="grid",
    factors=(Factor("technique", "scientific", "l0", LEVELS),),
)
'''
# Of one seed the truth is the same; other epochs give other runs. Of another seed it is another truth.
STUDIES = {"a": (15, 2), "b": (15, 3), "c": (20, 2)}
CLEAR = 0.015


@pytest.mark.slow
def test_equal_truth_carries_over_and_a_planted_reversal_is_found(tmp_path: Path) -> None:
    place = Place(tmp_path)
    (tmp_path / "space.py").write_text(SPACE, encoding="utf-8")
    asked = ("--space", "space.py", "--rehearse", "--budget", "standard", "--seeds", "10")
    for name, (seed, epochs) in STUDIES.items():
        done = place.call(*asked, "--name", name, "--seed", str(seed), "--epochs", str(epochs), "--workers", "2")
        assert done.returncode == 0, done.stdout + done.stderr
    named = ("--name", "a", "--name", "b", "--name", "c")
    assert place.call(*named, "--out", "tables", module="results.export").returncode == 0
    assert place.call(*named, "--out", "cmp.html", module="results.report").returncode == 0
    with (tmp_path / "tables" / "comparison.csv").open(encoding="utf-8", newline="") as file:
        said = {(row["study"], row["to"]): row["verdict"] for row in csv.DictReader(file)}

    space = load(str(tmp_path / "space.py"))
    effects = {}
    for name, (seed, _) in STUDIES.items():
        surface = plant(space, ("sst", "quora", "sts"), seed)
        effects[name] = {
            f"l{i}": surface.score({"technique": f"l{i}"}) - surface.score({"technique": "l0"}) for i in range(5)
        }
    clear = [level for level, effect in effects["a"].items() if abs(effect) > CLEAR]
    assert len(clear) >= 3 and all(said["b", level] == "carries over" for level in clear)
    assert not {verdict for (study, _), verdict in said.items() if study == "b"} & {"reverses", "differs"}
    turned = [
        level for level in clear if effects["a"][level] * effects["c"][level] < 0 and abs(effects["c"][level]) > CLEAR
    ]
    assert turned and all(said["c", level] == "reverses" for level in turned)
    assert "data fingerprint, seed, epochs" in (tmp_path / "cmp.html").read_text(encoding="utf-8")
