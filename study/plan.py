"""The plan of a study (`--plan`): every run that is certain, how many others, how long, from measured steps."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from results.task_units import units_from
from results.wording import duration
from search_spaces import Space
from search_spaces.grammar import Choices
from search_spaces.output import plain
from study import phases
from study.design_plan import PlannedDesign, planned_designs
from study.detectable import Detectable, SeenNoise, detectable, rows_of
from study.settings import SINGLE_CHANGES, Settings
from study.trainers.abstract import AbstractTrainer, Timing

# Configurations drawn at random, which stand for those that the search will try.
DRAWN = 12


@dataclass(frozen=True)
class PlannedRun:
    """A run that is certain: what it is, its seed, and about how long it takes, where that is known."""

    phase: str
    what: str
    seed: int
    seconds: float | None


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

    Seconds are None where the trainer cannot tell them: `run_seconds` of one run of the baseline, `tried_seconds` of
    a run of the search on average (None for a grid too), from `tried` configurations; `timing` says how they are known.
    `detectable`: the differences that its table can see, None where it has none.
    """

    name: str
    space: str
    goal: str
    factors: int
    size: int
    continuous: int
    phases: list[PlannedPhase]
    designs: list[PlannedDesign]
    certain: list[PlannedRun]
    workers: int
    timing: Timing | None
    run_seconds: float | None
    tried_seconds: float | None
    tried: int
    seconds: float | None
    detectable: Detectable | None

    def as_json(self) -> dict[str, Any]:
        """The plan as JSON data."""
        facts = {} if self.timing is None else dict(self.timing.facts)
        sees = None if self.detectable is None else self.detectable.as_json()
        return {**{key: value for key, value in asdict(self).items() if key != "timing"}, **facts, "detectable": sees}


def make(
    trainer: AbstractTrainer,
    settings: Settings,
    workers: int,
    seen: SeenNoise | None = None,
    best: Choices | None = None,
) -> Plan:
    """The plan of a study; trains a few steps of every kind of training in it to know the time.

    What the search will try is not known: its runs, and those of what it finds, are taken to be as long as those of
    the configurations it tries first and of some drawn at random are on average. With `best`, which an earlier launch
    has found, the runs of the ablation are known too.
    """
    space = trainer.space
    designs = planned_designs(space, settings, best) if _ablates(space, settings) else []
    certain, tried = _certain(space, settings, designs), _tried(space, settings)
    configs = [trainer.configuration(choices) for choices in (*(c.choices for c in certain), *tried)]
    timing = trainer.timing(configs)
    planned = [phase for phase in _phases(space, settings, designs) if phase.phase in trainer.phases]
    run_seconds = tried_seconds = whole = None
    each: list[float | None] = [None] * len(configs)
    if timing is not None:
        known = [timing.seconds[config.digest()] for config in configs]
        tried_seconds = fmean(known[len(certain) :]) if tried else None
        others = sum(phase.most for phase in planned if phase.phase != "test") - len(certain)
        tests = sum(phase.most for phase in planned if phase.phase == "test")
        other_seconds = fmean(known) if tried_seconds is None else tried_seconds
        whole = sum(known[: len(certain)]) + others * other_seconds + tests * timing.test_seconds
        run_seconds, each = timing.seconds[trainer.configuration(space.baseline()).digest()], list(known)
    return Plan(
        name=settings.name,
        space=space.name,
        goal=space.goal,
        factors=len(list(space.active(space.baseline()))),
        size=space.size(),
        continuous=len(space.continuous()),
        phases=planned,
        designs=designs if best is not None or settings.designs != SINGLE_CHANGES else [],
        certain=[PlannedRun(c.phase, c.what, c.seed, s) for c, s in zip(certain, each, strict=False)],
        workers=workers,
        timing=timing,
        run_seconds=run_seconds,
        tried_seconds=tried_seconds,
        tried=len(tried),
        seconds=None if whole is None else whole / workers,
        detectable=detectable(settings, rows_of(space, settings), seen, units_from(trainer.facts.tasks).score)
        if _has_table(planned)
        else None,
    )


def _has_table(planned: list[PlannedPhase]) -> bool:
    """Whether the phases end in rows with verdicts: the ablation, or a grid."""
    return any(phase.phase in ("confirm", "ablate") for phase in planned)


def show(plan: Plan, console: Console) -> None:
    """Print the plan."""
    continuous = f" x {plan.continuous} continuous" if plan.continuous else ""
    console.print(Text.assemble((plain(plan.space), "bold"), f": {plain(plan.goal)}"))
    console.print(f"{plan.factors} factors, {plan.size:,} configurations{continuous}")
    if plan.timing is not None:
        rows = plan.timing.facts["rows"]
        sizes = (
            f"{t} {rows[f'{t}/train']:,}/{rows[f'{t}/dev']:,}" for t in dict.fromkeys(k.split("/")[0] for k in rows)
        )
        console.print(f"data   {'   '.join(sizes)}   (train/dev; {plan.timing.facts['dropped']} rows dropped)")
    table = Table(box=None, pad_edge=False)
    for column in ("phase", "runs", "what"):
        table.add_column(column, justify="right" if column == "runs" else "left")
    for phase in plan.phases:
        runs = str(phase.least) if phase.least == phase.most else f"{phase.least} to {phase.most}"
        table.add_row(phase.phase, runs, phase.what)
        if phase.phase == "ablate":
            for design in plan.designs:
                each = str(design.least) if design.least == design.most else f"{design.least} to {design.most}"
                table.add_row(f"  {design.design}", each, design.what)
    console.print(table)
    for line in (alias for design in plan.designs for alias in design.aliases):
        console.print(f"the factorial confuses {line}", soft_wrap=True)
    for line in _time(plan):
        console.print(line, soft_wrap=True)
    for line in plan.detectable.told() if plan.detectable is not None else ():
        console.print(line, soft_wrap=True)
    uncertain = sum(phase.most for phase in plan.phases if phase.phase != "test") - len(plan.certain)
    depend = "what the search finds" if plan.tried else "which rows stay open"
    console.print(f"\n{len(plan.certain)} runs are certain; up to {uncertain} depend on {depend}")
    for planned in plan.certain:
        long = "" if planned.seconds is None else duration(planned.seconds)
        told = f"  {planned.phase:8} seed {planned.seed:<5} {long:>10}  {planned.what}"
        console.print(told, soft_wrap=True)


def _time(plan: Plan) -> list[str]:
    """How long it takes, and how this was estimated."""
    if plan.timing is None or plan.seconds is None or plan.run_seconds is None:
        return ["how long a run takes is not known before it has run"]
    told = f"about {duration(plan.seconds)} on {plan.workers} workers in {plan.timing.facts['precision']}"
    lines = [f"{told} if no run is stopped early" + (" and every row stays open" if _goes_further(plan) else "")]
    lines += [f"{plan.timing.told[0]}; one run of the baseline: {duration(plan.run_seconds)}", *plan.timing.told[1:]]
    if plan.tried_seconds is not None:
        told = f"one run of the search: {duration(plan.tried_seconds)}, the mean of {plan.tried} configurations"
        lines.append(f"{told}: those it tries first, and {DRAWN} drawn at random")
    return lines


def _goes_further(plan: Plan) -> bool:
    return plan.detectable is not None and plan.detectable.with_max_seeds is not None


def _phases(space: Space, settings: Settings, designs: list[PlannedDesign]) -> list[PlannedPhase]:
    """What each phase asked for would run; runs that two phases share count where they come first."""
    k, planned = settings.seeds, []
    further = (settings.max_seeds or k) - k
    open_too = f", up to {k + further} where the verdict is open" if further else ""
    if space.design == "grid":
        cells = len(phases.apart(phases.grid_cells(space)))
        told = f"{cells} rows x {k} seeds{open_too}"
        planned.append(PlannedPhase("confirm", cells * k, cells * (k + further), told))
    else:
        known = len(phases.known_first(space)[: settings.trials])
        told = f"{settings.sampler}, {known} known configurations first"
        told += ", stopped early by epoch" if settings.pruner != "none" and settings.epochs > 1 else ""
        planned.append(PlannedPhase("search", settings.trials, settings.trials, told))
        most = (1 + settings.confirm) * k
        told = f"best {settings.confirm} of the search and the baseline x {k} fresh seeds"
        planned.append(PlannedPhase("confirm", k, most, told))
        kind = "single changes of" if settings.designs == SINGLE_CHANGES else "configurations around"
        most = min(settings.ablations * k, sum(design.most for design in designs))
        told = f"up to {most // k} {kind} the best x {k} seeds{open_too}"
        # Rows that stay open have further seeds, and so has the best, which they are compared with.
        most += (most // k + 1) * further
        planned.append(PlannedPhase("ablate", sum(design.least for design in designs), most, told))
    if settings.references and len(settings.tasks) > 1:
        told = f"up to {len(settings.tasks)} references: the best on each task alone x {k} seeds"
        planned.append(PlannedPhase("ablate", 0, len(settings.tasks) * k, told))
    planned.append(PlannedPhase("test", k, 2 * k, "the best and the baseline measured once on test; no training"))
    return [phase for phase in planned if phase.phase in settings.phases]


@dataclass(frozen=True)
class _Certain:
    """A run that happens whatever the search finds."""

    phase: str
    what: str
    choices: Choices
    seed: int


def _certain(space: Space, settings: Settings, designs: list[PlannedDesign]) -> list[_Certain]:
    seeds = phases.fresh_seeds(settings, settings.seeds)
    if space.design == "grid":
        cells = phases.apart(phases.grid_cells(space))
        return [_Certain("confirm", names, cell.choices, seed) for seed in seeds for names, cell in cells]
    result = []
    if "search" in settings.phases:
        known = phases.known_first(space)[: settings.trials]
        result += [_Certain("search", _told(space, choices), choices, settings.seed) for choices in known]
    if "confirm" in settings.phases:
        result += [_Certain("confirm", "baseline", space.baseline(), seed) for seed in seeds]
    around = [cell for design in designs for cell in design.cells]
    result += [_Certain("ablate", cell.name, cell.choices, seed) for seed in seeds for cell in around]
    return result


def _ablates(space: Space, settings: Settings) -> bool:
    return "ablate" in settings.phases and space.design == "search"


def _tried(space: Space, settings: Settings) -> list[Choices]:
    """Configurations that stand for what the search will try; a grid has no search."""
    if space.design == "grid":
        return []
    rng = random.Random(settings.seed)
    return [*phases.known_first(space)[: settings.trials], *(space.sample(rng) for _ in range(DRAWN))]


def _told(space: Space, choices: Choices) -> str:
    told = space.differences(space.baseline(), choices)
    return ", ".join(f"{d.factor}={d.second}" for d in told if d.second is not None) or "baseline"
