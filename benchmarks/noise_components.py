"""The noise of single changes, by task and by the trained part: the table that `--plan` uses for studies without runs.

    python -m study.launch --space benchmarks/noise_components.py --phases confirm --data FOLDER --storage URL ...
    python benchmarks/noise_components.py URL STUDY STUDY ...

The first is a study of one trained part (`--set trainable=heads --set learning_rate=1e-3 --train-examples N ...`). It
can be stopped at any time: every seed runs all rows before the next. The second writes
the entries of `results/data/noise_components.json` from the finished runs: for each task the deviations s_S, s_R and
s_E of a typical row's difference from the reference (`results.statistics.noise_components`).
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, replace
from math import sqrt
from pathlib import Path

from results.analysis.leaderboard import baseline_digest
from results.database.database import Database, open_database
from results.measurements.noise_table import MeasuredTask, Measurement
from results.measurements.study_results import StudyResults
from results.statistics.noise_components import NoiseComponents
from search_spaces import Space, factors
from search_spaces.grammar.narrowing import steps, with_baseline
from study.planning.noise import study_components

TABLE = Path(__file__).resolve().parents[1] / "results" / "data" / "noise_components.json"
FEWEST_SEEDS = 3  # in common with the reference
PARTS = {"all": "all", "adapters_and_heads": "adapters", "heads": "heads"}  # level of `trainable` -> trained part

SPACE = Space(
    name="noise_components",
    goal="How noisy is the difference that a single change makes?",
    design="grid",
    factors=(
        with_baseline(factors.TRAINABLE, "all", role="nuisance"),
        replace(factors.ADAPTER, role="nuisance"),
        steps(factors.LEARNING_RATE, "3e-5", "1e-4", "3e-4", "1e-3", role="nuisance"),
        replace(factors.POOLING, baseline="mean"),
        factors.HEAD_DROPOUT,
        factors.SST_HEAD,
        replace(factors.QUORA_HEAD, baseline="concat_absdiff"),
        replace(factors.STS_HEAD, baseline="cosine_mlp"),
        replace(factors.BATCH_SIZE, role="scientific"),
        with_baseline(factors.SAMPLER, "round_robin_shortest", keep=("round_robin_shortest", "annealed")),
        with_baseline(factors.BALANCER, "sum", keep=("sum", "uncertainty")),
        with_baseline(factors.SCHEDULE, "constant", keep=("constant", "linear_warmup")),
        factors.OPTIMIZER,
    ),
    constraints=factors.ADAPTER_CONSTRAINTS,
    rows={
        "reference": {},
        "sts_head=concat_absdiff": {"sts_head": "concat_absdiff"},
        "pooling=max": {"pooling": "max"},
        "batch_size=16": {"batch_size": "16"},
        "head_dropout=0.3": {"head_dropout": "0.3"},
        "pooling=cls": {"pooling": "cls"},
        "pooling=attention": {"pooling": "attention"},
        "sst_head=dense": {"sst_head": "dense"},
        "quora_head=concat": {"quora_head": "concat"},
        "quora_head=concat_absdiff_dense": {"quora_head": "concat_absdiff_dense"},
        "sampler=annealed": {"sampler": "annealed"},
        "balancer=uncertainty": {"balancer": "uncertainty"},
        "schedule=linear_warmup": {"schedule": "linear_warmup"},
        "optimizer=adamw": {"optimizer": "adamw"},
    },
)


def main() -> None:
    """Write the table from finished studies."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("storage", help="database with the studies")
    parser.add_argument("studies", nargs="+", metavar="STUDY")
    given = parser.parse_args()
    with open_database(given.storage, create=False) as database:
        measured = dict(measurement(database, name) for name in given.studies)
    entries = {**json.loads(TABLE.read_text(encoding="utf-8")), **{part: asdict(one) for part, one in measured.items()}}
    TABLE.write_text(json.dumps(dict(sorted(entries.items())), indent=2) + "\n", encoding="utf-8")
    for part, entry in measured.items():
        for task, each in entry.tasks.items():
            points = [100 * value for value in (each.seed_deviation, each.residual_deviation, each.example_deviation)]
            print(part, task, *(f"{value:.2f}" for value in points), f"{each.df:.1f} degrees of freedom")


def measurement(database: Database, name: str) -> tuple[str, Measurement]:
    """Return the trained part of a study, and what it measured."""
    results = StudyResults(database, name)
    settings, pins = results.study.settings_json, dict(pin.split("=") for pin in results.study.settings_json["pins"])
    runs = results.results_of(baseline_digest(results) or "")
    environment = database.runs.environment(next(iter(runs.values())).environment_id or 0)
    counts = [len(results.results_of(digest).keys() & runs.keys()) for digest in results.measured()]
    enough = [count for count in counts if count >= FEWEST_SEEDS]
    components = study_components(results, FEWEST_SEEDS).items()
    return PARTS[pins["trainable"]], Measurement(
        date=results.study.created_at.date().isoformat(),
        commit=((environment and environment.git_commit) or "")[:7],
        backbone=results.study.backbone,
        train_examples=settings["train_examples"],
        dev_examples=settings["dev_examples"],
        epochs=settings["epochs"],
        learning_rate=pins["learning_rate"],
        rows=len(enough) - 1,
        seeds=min(enough),
        tasks={task: MeasuredTask(*_deviations(each), round(each.df, 1)) for task, each in components},
    )


def _deviations(components: NoiseComponents) -> tuple[float, ...]:
    return tuple(round(sqrt(each), 5) for each in (components.seeds, components.residual, components.examples))


if __name__ == "__main__":
    main()
