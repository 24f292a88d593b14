"""The plan of a study (`--plan`): every run that is certain, how many others, how long, from a measured step."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from mtbert.config import RunConfig
from mtbert.data.tokenize import Prepared, TokenizedSplit
from mtbert.run import prepare_data, run
from results.wording import duration
from search_spaces import Space
from study import phases
from study.preparation import Checked
from study.settings import Settings

# Batches a task that are trained to measure a step, after as many to warm up; and dev examples a task.
MEASURED_BATCHES = 4
MEASURED_DEV = 32
# A fresh process, reading the encoder, writing results.
SECONDS_AROUND_A_RUN = 2.0


@dataclass(frozen=True)
class PlannedRun:
    """A run that is certain: what it is, and its seed."""

    phase: str
    what: str
    seed: int


@dataclass(frozen=True)
class PlannedPhase:
    """How many runs a phase makes at least and at most, and what they are."""

    phase: str
    least: int
    most: int
    what: str


@dataclass(frozen=True)
class Plan:
    """What a launch would do. `run_seconds` is one run of the baseline; `step_seconds` one of its steps."""

    name: str
    space: str
    goal: str
    factors: int
    size: int
    continuous: int
    rows: dict[str, int]
    dropped: int
    phases: list[PlannedPhase]
    certain: list[PlannedRun]
    workers: int
    precision: str
    step_seconds: float
    run_seconds: float
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """The plan as JSON data."""
        return asdict(self)


def make(checked: Checked, settings: Settings, workers: int, device: str) -> Plan:
    """The plan of a study that has not run; trains a few steps of the baseline to know the time."""
    space = checked.space
    data = prepare_data(checked.baseline, checked.corpus)
    step, one_run = measure(checked.baseline, data, device)
    planned = _phases(space, settings)
    runs = sum(phase.most for phase in planned if phase.phase != "test")
    return Plan(
        name=settings.name,
        space=space.name,
        goal=space.goal,
        factors=len(list(space.active(space.baseline()))),
        size=space.size(),
        continuous=len(space.continuous()),
        rows={f"{task}/{split}": len(rows) for (task, split), rows in data.splits.items()},
        dropped=len(checked.corpus.issues),
        phases=planned,
        certain=_certain(space, settings),
        workers=workers,
        precision=settings.precision,
        step_seconds=step,
        run_seconds=one_run,
        seconds=runs * one_run / workers,
    )


def measure(config: RunConfig, data: Prepared, device: str) -> tuple[float, float]:
    """Seconds of one training step, and of one whole run of `config`, from a few batches with one thread."""
    torch.set_num_threads(1)
    batch = config.multitask.batch_size
    small = replace(
        data,
        splits={
            (task, split): _spread_out(rows, MEASURED_BATCHES * batch if split == "train" else MEASURED_DEV)
            for (task, split), rows in data.splits.items()
        },
    )
    short = config.model_copy(update={"multitask": config.multitask.model_copy(update={"epochs": 2})})
    began = time.perf_counter()
    outcome = run(short, small, lambda _: True, device)
    spent = outcome.epochs[-1]  # the first epoch warms up
    around = time.perf_counter() - began - outcome.train_seconds - outcome.eval_seconds
    steps = len(config.tasks) * MEASURED_BATCHES
    step = spent.train_seconds / steps
    sizes = {split: sum(len(r) for (_, s), r in data.splits.items() if s == split) for split in ("train", "dev")}
    measured_dev = sum(len(rows) for (_, split), rows in small.splits.items() if split == "dev")
    evaluation = spent.eval_seconds * sizes["dev"] / max(1, measured_dev)
    epoch = step * sizes["train"] / batch + evaluation
    return step, epoch * config.multitask.epochs + around + SECONDS_AROUND_A_RUN


def show(plan: Plan, console: Console) -> None:
    """Print the plan."""
    continuous = f" x {plan.continuous} continuous" if plan.continuous else ""
    console.print(f"[bold]{plan.space}[/bold]: {plan.goal}")
    console.print(f"{plan.factors} factors, {plan.size:,} configurations{continuous}")
    tasks = dict.fromkeys(key.split("/")[0] for key in plan.rows)
    sizes = (f"{task} {plan.rows[f'{task}/train']:,}/{plan.rows[f'{task}/dev']:,}" for task in tasks)
    console.print(f"data   {'   '.join(sizes)}   (train/dev; {plan.dropped} rows dropped)")
    table = Table(box=None, pad_edge=False)
    for column in ("phase", "runs", "what"):
        table.add_column(column, justify="right" if column == "runs" else "left")
    for phase in plan.phases:
        runs = str(phase.least) if phase.least == phase.most else f"{phase.least} to {phase.most}"
        table.add_row(phase.phase, runs, phase.what)
    console.print(table)
    uncertain = sum(phase.most for phase in plan.phases if phase.phase != "test") - len(plan.certain)
    console.print(
        f"about {duration(plan.seconds)} at most on {plan.workers} workers in {plan.precision} "
        f"(one step measured: {plan.step_seconds * 1000:.0f} ms; one run of the baseline: {duration(plan.run_seconds)})"
    )
    console.print(f"\n{len(plan.certain)} runs are certain; up to {uncertain} depend on what the search finds")
    for planned in plan.certain:
        console.print(f"  {planned.phase:8} seed {planned.seed:<5} {planned.what}", soft_wrap=True)


def _phases(space: Space, settings: Settings) -> list[PlannedPhase]:
    """What each phase asked for would run; runs that two phases share count where they come first."""
    k, planned = settings.seeds, []
    if space.design == "grid":
        cells = len(phases.grid_cells(space))
        planned.append(PlannedPhase("confirm", cells * k, cells * k, f"{cells} rows x {k} seeds"))
    else:
        known = len(phases.known_first(space)[: settings.trials])
        told = f"{settings.sampler}, {known} known configurations first"
        told += ", stopped early by epoch" if settings.pruner != "none" and settings.epochs > 1 else ""
        planned.append(PlannedPhase("search", settings.trials, settings.trials, told))
        most = (1 + settings.confirm) * k
        told = f"best {settings.confirm} of the search and the baseline x {k} fresh seeds"
        planned.append(PlannedPhase("confirm", k, most, told))
        told = f"up to {settings.ablations} single changes of the best x {k} seeds"
        planned.append(PlannedPhase("ablate", 0, settings.ablations * k, told))
    planned.append(PlannedPhase("test", k, 2 * k, "the best and the baseline measured once on test; no training"))
    return [phase for phase in planned if phase.phase in settings.phases]


def _certain(space: Space, settings: Settings) -> list[PlannedRun]:
    """The runs that happen whatever the search finds."""
    result = []
    seeds = phases.fresh_seeds(settings.seed, settings.seeds)
    if space.design == "grid":
        cells = phases.grid_cells(space)
        result = [PlannedRun("confirm", cell.name, seed) for seed in seeds for cell in cells]
    else:
        if "search" in settings.phases:
            known = phases.known_first(space)[: settings.trials]
            result += [PlannedRun("search", _told(space, choices), settings.seed) for choices in known]
        if "confirm" in settings.phases:
            result += [PlannedRun("confirm", "baseline", seed) for seed in seeds]
    return result


def _told(space: Space, choices: dict[str, Any]) -> str:
    told = space.differences(space.baseline(), choices)
    return ", ".join(f"{d.factor}={d.second}" for d in told if d.second is not None) or "baseline"


def _spread_out(split: TokenizedSplit, size: int) -> TokenizedSplit:
    """`size` rows evenly spaced through the split, so that their lengths are the split's."""
    chosen = np.linspace(0, len(split) - 1, min(size, len(split))).astype(np.int64)
    return split.take(chosen)
