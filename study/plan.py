"""The plan of a study (`--plan`): every run that is certain, how many others, how long, from measured steps."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from rich.console import Console
from rich.table import Table

from mtbert.run import prepare_data
from results.wording import duration
from search_spaces import Space
from search_spaces.grammar import Choices
from study import phases
from study.configuration import to_config
from study.estimate import measure
from study.preparation import Checked
from study.settings import Settings

# Configurations drawn at random, which stand for those that the search will try.
DRAWN = 12


@dataclass(frozen=True)
class PlannedRun:
    """A run that is certain: what it is, its seed, and about how long it takes."""

    phase: str
    what: str
    seed: int
    seconds: float


@dataclass(frozen=True)
class PlannedPhase:
    """How many runs a phase makes at least and at most, and what they are."""

    phase: str
    least: int
    most: int
    what: str


@dataclass(frozen=True)
class Plan:
    """What a launch would do.

    Seconds: `step_seconds` of one step of the baseline, `run_seconds` of one of its runs, `tried_seconds` of a run of
    the search on average (None for a grid), from `tried` configurations. `kinds` of training were planned, `measured`
    of them measured, and `stages`.
    """

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
    tried_seconds: float | None
    tried: int
    kinds: int
    measured: int
    stages: list[str]
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """The plan as JSON data."""
        return asdict(self)


def make(checked: Checked, settings: Settings, workers: int, device: str) -> Plan:
    """The plan of a study that has not run; trains a few steps of every kind of training in it to know the time.

    What the search will try is not known: its runs, and those of what it finds, are taken to be as long as those of
    the configurations it tries first and of some drawn at random are on average.
    """
    space = checked.space
    data = prepare_data(checked.baseline, checked.corpus, checked.sentences.texts)
    certain, tried = _certain(space, settings), _tried(space, settings)
    configs = [to_config(space, choices, settings) for choices in (*(c.choices for c in certain), *tried)]
    costs = measure([checked.baseline, *configs], data, device)
    seconds = {config.digest(): costs.seconds(config, data) for config in (checked.baseline, *configs)}
    each = [seconds[config.digest()] for config in configs]
    tried_seconds = fmean(each[len(certain) :]) if tried else None
    planned = _phases(space, settings)
    others = sum(phase.most for phase in planned if phase.phase != "test") - len(certain)
    tests = sum(phase.most for phase in planned if phase.phase == "test")
    whole = sum(each[: len(certain)]) + others * (tried_seconds or 0.0)
    whole += tests * costs.evaluated * sum(len(rows) for (_, split), rows in data.splits.items() if split == "test")
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
        certain=[PlannedRun(c.phase, c.what, c.seed, s) for c, s in zip(certain, each, strict=False)],
        workers=workers,
        precision=settings.precision,
        step_seconds=costs.trained(checked.baseline) * checked.baseline.multitask.batch_size,
        run_seconds=seconds[checked.baseline.digest()],
        tried_seconds=tried_seconds,
        tried=len(tried),
        kinds=costs.all_kinds,
        measured=len(costs.kinds),
        stages=list(costs.stages),
        seconds=whole / workers,
    )


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
    for line in _time(plan):
        console.print(line, soft_wrap=True)
    uncertain = sum(phase.most for phase in plan.phases if phase.phase != "test") - len(plan.certain)
    console.print(f"\n{len(plan.certain)} runs are certain; up to {uncertain} depend on what the search finds")
    for planned in plan.certain:
        told = f"  {planned.phase:8} seed {planned.seed:<5} {duration(planned.seconds):>10}  {planned.what}"
        console.print(told, soft_wrap=True)


def _time(plan: Plan) -> list[str]:
    """How long it takes, and how this was estimated."""
    lines = [f"about {duration(plan.seconds)} on {plan.workers} workers in {plan.precision} if no run is stopped early"]
    baseline = (
        f"one step measured: {plan.step_seconds * 1000:.0f} ms; one run of the baseline: {duration(plan.run_seconds)}"
    )
    lines.append(baseline)
    measured = f"measured were a few steps of {plan.measured} of {plan.kinds} kinds of training"
    measured += "" if plan.measured == plan.kinds else " (the others are taken to cost the mean of these)"
    lines.append(measured + (f" and of {', '.join(plan.stages)}" if plan.stages else ""))
    if plan.tried_seconds is not None:
        told = f"one run of the search: {duration(plan.tried_seconds)}, the mean of {plan.tried} configurations"
        lines.append(f"{told}: those it tries first, and {DRAWN} drawn at random")
    return lines


def _phases(space: Space, settings: Settings) -> list[PlannedPhase]:
    """What each phase asked for would run; runs that two phases share count where they come first."""
    k, planned = settings.seeds, []
    if space.design == "grid":
        cells = len(phases.apart(phases.grid_cells(space)))
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


@dataclass(frozen=True)
class _Certain:
    """A run that happens whatever the search finds."""

    phase: str
    what: str
    choices: Choices
    seed: int


def _certain(space: Space, settings: Settings) -> list[_Certain]:
    seeds = phases.fresh_seeds(settings.seed, settings.seeds)
    if space.design == "grid":
        cells = phases.apart(phases.grid_cells(space))
        return [_Certain("confirm", names, choices, seed) for seed in seeds for names, choices in cells]
    result = []
    if "search" in settings.phases:
        known = phases.known_first(space)[: settings.trials]
        result += [_Certain("search", _told(space, choices), choices, settings.seed) for choices in known]
    if "confirm" in settings.phases:
        result += [_Certain("confirm", "baseline", space.baseline(), seed) for seed in seeds]
    return result


def _tried(space: Space, settings: Settings) -> list[Choices]:
    """Configurations that stand for what the search will try; a grid has no search."""
    if space.design == "grid":
        return []
    rng = random.Random(settings.seed)
    return [*phases.known_first(space)[: settings.trials], *(space.sample(rng) for _ in range(DRAWN))]


def _told(space: Space, choices: Choices) -> str:
    told = space.differences(space.baseline(), choices)
    return ", ".join(f"{d.factor}={d.second}" for d in told if d.second is not None) or "baseline"
