"""The plan of a study (`--plan`): its certain runs, the number of others, and the time, estimated from a few steps."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from statistics import fmean
from typing import Any

from rich.console import Console
from rich.text import Text

from results.measurements.task_units import units_from
from results.text.formatting import duration
from search_spaces import Space
from search_spaces.grammar import Choices
from search_spaces.output import plain
from study.console.terminal import columns
from study.phases import cells as phases
from study.planning.designs import PlannedDesign, planned_designs
from study.planning.detectable import Detectable, SeenNoise, detectable, rows_of
from study.settings import SINGLE_CHANGES, Settings
from study.trainers.abstract import AbstractTrainer, Timing

DRAWN = 12  # configurations drawn at random as a sample of those that the search will try


@dataclass(frozen=True)
class PlannedRun:
    """A run that is certain: what it is, its seed, and its estimated seconds, if known."""

    phase: str
    what: str
    seed: int
    seconds: float | None


@dataclass(frozen=True)
class PlannedPhase:
    """The least and the greatest number of runs of a phase, and what they are."""

    phase: str
    least: int
    most: int
    what: str


@dataclass(frozen=True)
class Plan:
    """What a launch would do.

    Seconds are None if the trainer cannot estimate them: `run_seconds` of a run of the baseline, `tried_seconds` the
    mean of a run of the search (None for a grid too) over `tried` configurations; `timing` says how they are known.
    `detectable`: the smallest differences that its table can detect, None without a table.
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
        """Return the plan as JSON data."""
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
    """Return the plan of a study; train a few steps of every kind of training in it to estimate the time.

    The search's configurations are not known in advance, so their cost is the mean over the configurations that it
    tries first and a random sample. With `best`, found by an earlier launch, the runs of the ablation are known too.
    """
    space = trainer.space
    designs = planned_designs(space, settings, best) if _ablates(space, settings) else []
    certain, tried = _certain(space, settings, designs), _tried(space, settings)
    configs = [trainer.configuration(choices) for choices in (*(choices for _, choices in certain), *tried)]
    timing = trainer.timing(configs)
    planned = [phase for phase in _phases(space, settings, designs) if phase.phase in trainer.phases]
    known = [None if timing is None else timing.seconds[config.digest()] for config in configs]
    sampled = [seconds for seconds in known[len(certain) :] if seconds is not None]
    baseline = trainer.configuration(space.baseline()).digest()
    return Plan(
        name=settings.name,
        space=space.name,
        goal=space.goal,
        factors=len(list(space.active(space.baseline()))),
        size=space.size(),
        continuous=len(space.continuous()),
        phases=planned,
        designs=designs if best is not None or settings.designs != SINGLE_CHANGES else [],
        certain=[replace(run, seconds=each) for (run, _), each in zip(certain, known, strict=False)],
        workers=workers,
        timing=timing,
        run_seconds=None if timing is None else timing.seconds[baseline],
        tried_seconds=fmean(sampled) if sampled else None,
        tried=len(tried),
        seconds=None if timing is None else _total(planned, known, len(certain), timing) / workers,
        detectable=detectable(settings, rows_of(space, settings), seen, units_from(trainer.facts.tasks).score),
    )


def _total(planned: Sequence[PlannedPhase], known: Sequence[float | None], certain: int, timing: Timing) -> float:
    """Return the seconds of all runs one after another: runs that are not certain take as long as those tried."""
    seconds = [each for each in known if each is not None]
    tests = sum(phase.most for phase in planned if phase.phase == "test")
    others = sum(phase.most for phase in planned) - tests - certain
    return sum(seconds[:certain]) + others * fmean(seconds[certain:] or seconds) + tests * timing.test_seconds


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
    table = columns("phase", "runs", "what", right=("runs",), wrap=("what",))
    for phase in plan.phases:
        table.add_row(phase.phase, _range(phase), phase.what)
        for design in plan.designs if phase.phase == "ablate" else ():
            table.add_row(f"  {design.design}", _range(design), design.what)
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


def _range(planned: PlannedPhase | PlannedDesign) -> str:
    return str(planned.least) if planned.least == planned.most else f"{planned.least} to {planned.most}"


def _time(plan: Plan) -> list[str]:
    """Return lines about the time, and how it was estimated."""
    if plan.timing is None or plan.seconds is None or plan.run_seconds is None:
        return ["how long a run takes is not known before it has run"]
    told = f"about {duration(plan.seconds)} on {plan.workers} workers in {plan.timing.facts['precision']}"
    lines = [f"{told} if no run is stopped early" + (" and every row stays open" if _goes_further(plan) else "")]
    lines += [f"{plan.timing.notes[0]}; one run of the baseline: {duration(plan.run_seconds)}", *plan.timing.notes[1:]]
    if plan.tried_seconds is not None:
        told = f"one run of the search: {duration(plan.tried_seconds)}, the mean of {plan.tried} configurations"
        lines.append(f"{told}: those it tries first, and {DRAWN} drawn at random")
    return lines


def _goes_further(plan: Plan) -> bool:
    return plan.detectable is not None and plan.detectable.with_max_seeds is not None


def _phases(space: Space, settings: Settings, designs: list[PlannedDesign]) -> list[PlannedPhase]:
    """Return what each phase would run; runs that two phases share count in the first of them."""
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


def _certain(space: Space, settings: Settings, designs: list[PlannedDesign]) -> list[tuple[PlannedRun, Choices]]:
    """Return the runs that happen whatever the search finds, with their choices."""
    seeds = settings.seeds_of(settings.seeds)
    runs: list[tuple[str, str, int, Choices]] = []
    if space.design == "grid":
        cells = phases.apart(phases.grid_cells(space))
        runs = [("confirm", names, seed, cell.choices) for seed in seeds for names, cell in cells]
    elif "search" in settings.phases:
        known = phases.known_first(space)[: settings.trials]
        runs = [("search", phases.changes(space, choices), settings.seed, choices) for choices in known]
    if "confirm" in settings.phases and space.design != "grid":
        runs += [("confirm", "baseline", seed, space.baseline()) for seed in seeds]
    around = [cell for design in designs for cell in design.cells]
    runs += [("ablate", cell.name, seed, cell.choices) for seed in seeds for cell in around]
    return [(PlannedRun(phase, what, seed, None), choices) for phase, what, seed, choices in runs]


def _ablates(space: Space, settings: Settings) -> bool:
    return "ablate" in settings.phases and space.design == "search"


def _tried(space: Space, settings: Settings) -> list[Choices]:
    """Return a sample of what the search will try; a grid has no search."""
    if space.design == "grid":
        return []
    rng = random.Random(settings.seed)
    return [*phases.known_first(space)[: settings.trials], *(space.sample(rng) for _ in range(DRAWN))]
