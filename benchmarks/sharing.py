"""What sharing stages saves: whole studies with the stage store against the same with `--no-share`.

    python benchmarks/sharing.py [--backbone minilm|tiny] [--examples 8] [--seeds 2] [--changes 16]

Two studies on real sentences ($MTBERT_DATA, or ../shared/data): `table` is every row of `thapa_khurana_table1`,
`ablate` the ablate phase of `full_ablation` around a report's best recipe (`--recipe`, the first `--changes` single
changes), as if the search had found it. Each seed is launched with the store, empty at first, and without, in turns,
as a process of its own.

Seconds of training and evaluation are from SQL, wall time is that of the command. The prediction counts distinct
stages: each stage and each epoch of multitask by its key, weighted by its mean seconds in the unshared runs. The factor
is unshared over shared seconds; printed last is the measured factor over the predicted one.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import search_spaces
from mtbert.config import RunConfig, parse
from mtbert.stage_store.keys import MULTITASK, SINGLE_TASK, chain_keys
from results.database.database import open_database

ROOT = Path(__file__).resolve().parents[1]
REAL = Path(os.environ.get("MTBERT_DATA") or ROOT.parent / "shared" / "data")
TABLE, ABLATE = "table", "ablate"
RUNS = "select id, config_json, seed, train_seconds + eval_seconds from run where status = 'complete'"
STAGES = "select name, seconds from stage where run_id = ? and name != ?"
EPOCHS = "select epoch, max(seconds) from epoch_metric where run_id = ? group by epoch order by epoch"


class Cost(NamedTuple):
    """Seconds of training and evaluation of one study, its wall time, and what distinct stages alone would take.

    `carried_out` stages, of which `keys` distinct: equal where nothing is computed twice, however noisy the machine.
    """

    training: float
    wall: float
    distinct: float
    carried_out: int
    keys: int


def study(what: str, seed: int, asked: argparse.Namespace, share: bool) -> Cost:
    """Launch one study in a fresh folder."""
    with tempfile.TemporaryDirectory() as name:
        storage = f"sqlite:///{name}/studies.db"
        place = ["--name", "s", "--out", name, "--storage", storage]
        space = "thapa_khurana_table1" if what == TABLE else "full_ablation"
        new = ["--space", space, "--data", str(REAL), "--backbone", asked.backbone, "--budget", "smoke", "--seeds", "1"]
        new += ["--train-examples", str(asked.examples), "--epochs", str(asked.epochs), "--seed", str(seed)]
        new += ["--share" if share else "--no-share"]
        launch(*place, *new, "--phases", "report")
        if what == ABLATE:
            take_recipe(storage, asked)
        wall = launch(*place, "--phases", "confirm" if what == TABLE else "ablate")
        with contextlib.closing(sqlite3.connect(Path(name) / "studies.db")) as database:
            training = sum(row[3] for row in database.execute(RUNS))
            counts = database.execute("select sum(not shared), count(distinct key) from stage").fetchone()
            return Cost(training, wall, distinct_seconds(database), *counts)


def launch(*arguments: str) -> float:
    """Run the command; its seconds."""
    command = [sys.executable, "-m", "study.launch", *arguments]
    began = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return time.perf_counter() - began


def take_recipe(storage: str, asked: argparse.Namespace) -> None:
    """Write a recipe down as the best configuration, and how many changes of it are wanted."""
    space = search_spaces.load("full_ablation")
    best = space.complete(next(recipe.choices for recipe in space.recipes if recipe.name == asked.recipe))
    with open_database(storage) as database:
        found = database.studies.require("s")
        database.studies.update(
            "s",
            decisions_json={**found.decisions_json, "best_choices": best},
            settings_json={**found.settings_json, "ablations": asked.changes},
        )


def distinct_seconds(database: sqlite3.Connection) -> float:
    """What all runs would take if nothing were computed twice."""
    found: dict[str, list[float]] = defaultdict(list)
    for run, config, seed, _ in database.execute(RUNS).fetchall():
        for key, seconds in nodes(database, run, parse(json.loads(config)).with_seed(seed)):
            found[key].append(seconds)
    return sum(sum(seconds) / len(seconds) for seconds in found.values())


def nodes(database: sqlite3.Connection, run: int, config: RunConfig) -> list[tuple[str, float]]:
    """Key and seconds of each stage of an unshared run, of multitask of each epoch."""
    keys = chain_keys(config, "root", defaultdict(str))  # one machine and one set of data: neither tells runs apart
    stages = dict(database.execute(STAGES, (run, MULTITASK)))
    told = [(key, stages[name]) for name, key in keys.before]
    epochs = [seconds for _, seconds in database.execute(EPOCHS, (run,))]
    told += zip(keys.multitask, epochs[: len(keys.multitask)], strict=False)  # fewer epochs where patience ran out
    return [*told, (keys.after, stages[SINGLE_TASK])] if keys.after is not None else told


def measure(what: str, asked: argparse.Namespace) -> tuple[Cost, Cost]:
    """The costs of all seeds, unshared and shared."""
    costs: dict[bool, list[Cost]] = {False: [], True: []}
    for seed in range(asked.seeds):
        for share in (False, True) if seed % 2 else (True, False):
            cost = study(what, seed, asked, share)
            costs[share].append(cost)
            told = "with the store" if share else "without"
            print(f"{what} seed {seed} {told:15} {cost.training:8.1f} s training, {cost.wall:7.1f} s wall", flush=True)
    unshared, shared = (Cost(*map(sum, zip(*costs[share], strict=True))) for share in (False, True))
    return unshared, shared


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="What sharing stages saves.")
    parser.add_argument("--backbone", default="minilm")
    parser.add_argument("--examples", type=int, default=8, help="training examples a task")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--recipe", default="thapa_khurana", help="the report whose best recipe is ablated")
    parser.add_argument("--changes", type=int, default=16, help="single changes of the recipe")
    parser.add_argument("--only", choices=(TABLE, ABLATE))
    asked = parser.parse_args()
    lines = []
    for what in (TABLE, ABLATE) if asked.only is None else (asked.only,):
        unshared, shared = measure(what, asked)
        predicted, measured = unshared.training / unshared.distinct, unshared.training / shared.training
        saved = (unshared.training - shared.training) / (unshared.training - unshared.distinct)
        print(f"{what}: {unshared.training:.1f} s unshared, {unshared.distinct:.1f} s in distinct stages")
        print(f"{what}: {100 * saved:.1f} % of the seconds that could be saved were; wall", end=" ")
        print(f"{unshared.wall:.0f} s without, {shared.wall:.0f} s with the store")
        told = f"predicted {predicted:.3f}x, measured {measured:.3f}x"
        print(f"{what}: {unshared.carried_out} stages without the store; with it {shared.carried_out}", end=" ")
        print(f"for {shared.keys} distinct keys")
        lines.append(f"{what}: {told}; ratio measured / predicted: {measured / predicted:.3f}")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
