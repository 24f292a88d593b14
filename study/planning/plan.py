"""The plan of a study (`--plan`): its certain runs, the number of others, and the estimated time."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import fmean
from typing import Any

from rich.console import Console
from rich.text import Text

from results.measurements.task_units import units_from
from results.text.formatting import duration, plural
from search_spaces import Space
from search_spaces.grammar import Choices
from search_spaces.output import plain
from study.console.terminal import columns
from study.phases import cells
from study.planning.designs import PlannedDesign, planned_designs
from study.planning.detectable import Detectable, DevExamples, detectable, table_rows
from study.planning.noise import PlannedNoise, table_noise
from study.settings import MTBERT, REHEARSAL, SINGLE_CHANGES, Settings
from study.trainers.abstract import AbstractTrainer, Timing

SPLITS = ("train", "search", "dev")  # that runs read: `search` and `dev` are the parts of dev
DRAWN = 12  # configurations drawn at random, as a sample of the search's trials


@dataclass(frozen=True)
class PlannedRun:
    """A run that is certain: a description, its seed, and its estimated seconds, if known."""

    phase: str
    what: str
    seed: int
    seconds: float | None


@dataclass(frozen=True)
class PlannedPhase:
    """The range of the number of runs of a phase, and a description of them."""

    phase: str
    least: int
    most: int
    what: str


@dataclass(frozen=True)
class Plan:
    """A launch in advance.

    `run_seconds` is the time of a run of the baseline, `tried_seconds` the mean over `tried` configurations of the
    search (None for a grid), `seconds` that of the launch; None: the trainer cannot estimate them. `detectable` are the
    smallest differences that the table of effects can detect, None without a table.
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
    noise: PlannedNoise | None = None,
    best: Choices | None = None,
) -> Plan:
    """Return the plan of a study; estimate its time by training a few steps of every kind of training.

    The search's configurations are not known in advance, so their cost is the mean over its first configurations and a
    random sample. With the `best` of an earlier launch, the runs of the ablation are known too. Without the `noise` of
    earlier runs, the plan has that of the table, except for a custom trainer.
    """
    space = trainer.space
    ablates = "ablate" in settings.phases and space.design == "search"
    designs = planned_designs(space, settings, best) if ablates else []
    certain, tried = _certain(space, settings, designs), _tried(space, settings)
    configs = [trainer.configuration(choices) for choices in (*(choices for _, choices in certain), *tried)]
    timing = trainer.timing(configs)
    planned = [phase for phase in _phases(space, settings, designs) if phase.phase in trainer.phases]
    digests = [config.digest() for config in configs]
    runs = [
        replace(run, seconds=None if timing is None else _times(timing, run.phase)[digest])
        for (run, _), digest in zip(certain, digests, strict=False)
    ]
    sampled = digests[len(certain) :]
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
        certain=runs,
        workers=workers,
        timing=timing,
        run_seconds=None if timing is None else timing.seconds[baseline],
        tried_seconds=fmean(timing.search_seconds[each] for each in sampled)
        if timing is not None and sampled
        else None,
        tried=len(tried),
        seconds=None if timing is None else _total(planned, runs, sampled, timing) / workers,
        detectable=_detectable(trainer, settings, noise, best, timing),
    )


def _detectable(
    trainer: AbstractTrainer,
    settings: Settings,
    noise: PlannedNoise | None,
    best: Choices | None,
    timing: Timing | None,
) -> Detectable | None:
    """Return what the table can detect, with the costs that `timing` measured on this machine."""
    space, built_in, dev = trainer.space, settings.trainer in (MTBERT, REHEARSAL), DevExamples({}, {})
    if timing is not None:
        seconds = timing.seconds[trainer.configuration(space.baseline()).digest()]
        rows, example_seconds = timing.facts["dev_rows"], timing.facts["dev_example_seconds"]
        dev = DevExamples.of(rows, settings.dev_examples, seconds, example_seconds)
    elif built_in and settings.dev_examples is not None:
        dev = DevExamples.of(dict.fromkeys(settings.tasks, settings.dev_examples), None)
    if noise is None and built_in:
        noise = table_noise(space, best or space.baseline(), settings)
    unit = units_from(trainer.facts.tasks).score
    return detectable(settings, table_rows(space, settings, best), noise, dev, unit)


def _total(
    planned: Sequence[PlannedPhase], certain: Sequence[PlannedRun], sampled: Sequence[str], timing: Timing
) -> float:
    """Return the seconds of all runs on one worker; a run that is not certain takes the mean of those `sampled`."""
    total = sum(run.seconds for run in certain if run.seconds is not None)
    for phase in {each.phase for each in planned}:
        most = sum(each.most for each in planned if each.phase == phase)
        if phase == "test":
            total += most * timing.test_seconds
        else:
            times = _times(timing, phase)
            others = most - sum(run.phase == phase for run in certain)
            total += others * fmean(times[digest] for digest in sampled or times)
    return total


def _times(timing: Timing, phase: str) -> Mapping[str, float]:
    """Return the seconds of a phase's runs by digest."""
    return timing.search_seconds if phase == "search" else timing.seconds


def show(plan: Plan, console: Console) -> None:
    """Print the plan."""
    continuous = f" x {plan.continuous} continuous" if plan.continuous else ""
    console.print(Text.assemble((plain(plan.space), "bold"), f": {plain(plan.goal)}"))
    console.print(f"{plan.factors} factors, {plan.size:,} configurations{continuous}")
    if plan.timing is not None:
        rows = plan.timing.facts["rows"]
        tasks = dict.fromkeys(name.split("/")[0] for name in rows)
        sizes = (t + " " + "/".join(f"{rows[f'{t}/{split}']:,}" for split in SPLITS) for t in tasks)
        console.print(f"data   {'   '.join(sizes)}   ({'/'.join(SPLITS)}; {plan.timing.facts['dropped']} rows dropped)")
    table = columns("phase", "runs", "what", right=("runs",), wrap=("what",))
    designs = {"ablate": plan.designs}
    for phase in plan.phases:
        table.add_row(phase.phase, _range(phase), phase.what)
        for design in designs.pop(phase.phase, ()):  # once: references are a second row of the phase
            table.add_row(f"  {design.design}", _range(design), design.what)
    console.print(table)
    aliases = (f"the factorial confounds {line}" for design in plan.designs for line in design.aliases)
    for line in (*aliases, *_time(plan), *(plan.detectable.lines() if plan.detectable is not None else ())):
        console.print(line, soft_wrap=True)
    uncertain = sum(phase.most for phase in plan.phases if phase.phase != "test") - len(plan.certain)
    source = "the search's results" if plan.tried else "which rows stay open"
    console.print(f"\ncertain: {plural(len(plan.certain), 'run')}; up to {uncertain} more depend on {source}")
    for run in plan.certain:
        time = "" if run.seconds is None else duration(run.seconds)
        console.print(f"  {run.phase:8} seed {run.seed:<10} {time:>10}  {run.what}", soft_wrap=True)


def _range(planned: PlannedPhase | PlannedDesign) -> str:
    return str(planned.least) if planned.least == planned.most else f"{planned.least} to {planned.most}"


def _time(plan: Plan) -> list[str]:
    """Return lines about the time, and how it was estimated."""
    if plan.timing is None or plan.seconds is None or plan.run_seconds is None:
        return ["the time is unknown before a run has finished"]
    workers = f"{plural(plan.workers, 'worker')} in {plan.timing.facts['precision']}"
    has_extra_seeds = plan.detectable is not None and plan.detectable.with_max_seeds is not None
    lines = [
        f"about {duration(plan.seconds)} on {workers} if no run is stopped early"
        + (" and every row stays open" if has_extra_seeds else ""),
        f"{plan.timing.notes[0]}; one run of the baseline: {duration(plan.run_seconds)}",
        *plan.timing.notes[1:],
    ]
    if plan.tried_seconds is not None:
        lines.append(
            f"one run of the search: {duration(plan.tried_seconds)}, the mean of {plan.tried} configurations: "
            f"the first ones of the search, and {DRAWN} drawn at random"
        )
    return lines


def _phases(space: Space, settings: Settings, designs: list[PlannedDesign]) -> list[PlannedPhase]:
    """Return the phases with their runs; a run that two phases share counts in the first of them."""
    k, planned = settings.seeds, []
    further = (settings.max_seeds or k) - k
    more_seeds = f", up to {k + further} while the verdict is open" if further else ""
    if space.design == "grid":
        rows = len(cells.distinct(cells.grid_cells(space)))
        planned.append(PlannedPhase("confirm", rows * k, rows * (k + further), f"{rows} rows x {k} seeds{more_seeds}"))
    else:
        known = plural(len(cells.known_first(space)[: settings.trials]), "known configuration")
        early = ", weak trials stopped early" if settings.pruner != "none" and settings.epochs > 1 else ""
        what = f"{settings.sampler}, {known} first{early}"
        planned.append(PlannedPhase("search", settings.trials, settings.trials, what))
        what = f"best {settings.confirm} of the search and the baseline x {k} fresh seeds"
        planned.append(PlannedPhase("confirm", k, (1 + settings.confirm) * k, what))
        kind = "single changes of" if settings.designs == SINGLE_CHANGES else "configurations around"
        most = min(settings.ablations * k, sum(design.most for design in designs))
        what = f"up to {most // k} {kind} the best x {k} seeds{more_seeds}"
        # Open rows get further seeds, and so does the best, with which they are compared.
        most += (most // k + 1) * further
        planned.append(PlannedPhase("ablate", sum(design.least for design in designs), most, what))
    if settings.references and len(settings.tasks) > 1:
        what = f"up to {len(settings.tasks)} references: the best on each task alone x {k} seeds"
        planned.append(PlannedPhase("ablate", 0, len(settings.tasks) * k, what))
    if settings.vary == "train" and k > 1:
        phase = "ablate" if "ablate" in settings.phases else "confirm"
        what = f"the best and the baseline on the first seed's training sentences x {k - 1} other seeds"
        planned.append(PlannedPhase(phase, 0, 2 * (k - 1), what))
    planned.append(PlannedPhase("test", k, 2 * k, "the best and the baseline measured once on test; no training"))
    return [phase for phase in planned if phase.phase in settings.phases]


def _certain(space: Space, settings: Settings, designs: list[PlannedDesign]) -> list[tuple[PlannedRun, Choices]]:
    """Return the runs that do not depend on the search's results, with their choices."""
    seeds = settings.seeds_of(settings.seeds)
    runs: list[tuple[str, str, int, Choices]] = []
    if space.design == "grid":
        rows = cells.distinct(cells.grid_cells(space))
        runs = [("confirm", names, seed, cell.choices) for seed in seeds for names, cell in rows]
    elif "search" in settings.phases:
        first = cells.known_first(space)[: settings.trials]
        runs = [("search", cells.changes(space, choices), settings.seed, choices) for choices in first]
    if "confirm" in settings.phases and space.design != "grid":
        runs += [("confirm", "baseline", seed, space.baseline()) for seed in seeds]
    around = [cell for design in designs for cell in design.cells]
    runs += [("ablate", cell.name, seed, cell.choices) for seed in seeds for cell in around]
    return [(PlannedRun(phase, what, seed, None), choices) for phase, what, seed, choices in runs]


def _tried(space: Space, settings: Settings) -> list[Choices]:
    """Return a sample of the search's configurations; a grid has no search."""
    if space.design == "grid":
        return []
    rng = random.Random(settings.seed)
    return [*cells.known_first(space)[: settings.trials], *(space.sample(rng) for _ in range(DRAWN))]
