"""The differences that a plan can detect, the seeds that decide a row without any, and the dev examples that pay."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from results.analysis.ablation import AROUND_BEST
from results.analysis.sequential import Schedule
from results.measurements.study_results import MIN_PAIRED_SEEDS
from results.statistics.gatekeeping import strictest
from results.statistics.noise_components import ScoreNoise, best_size, moderated_df
from results.statistics.power import NullRow, minimum_detectable_effect, null_row
from results.text.formatting import duration, plural
from results.text.units import SHARES, Unit
from search_spaces import Space
from search_spaces.grammar import Choices
from study.phases import ablation, cells
from study.planning.noise import PlannedNoise
from study.settings import Settings

POWER = 0.8
MOST_SEEDS = 50  # more are not advised


@dataclass(frozen=True)
class TableRows:
    """The estimated number of rows of a table that are tested first, and of the others (`gatekeeping`)."""

    primary: int
    secondary: int = 0

    @property
    def count(self) -> int:
        """The number of all rows."""
        return self.primary + self.secondary

    @property
    def text(self) -> str:
        """The number in words: "a table of about 12 rows, 4 of them primary"."""
        primary = f", {self.primary} of them primary" if self.primary and self.secondary else ""
        return f"a table of about {plural(self.count, 'row')}{primary}"


@dataclass(frozen=True)
class DevExamples:
    """Dev examples per task: those of the plan, all that the data have, and what they cost.

    `run_seconds`: of a run without the examples that decide; `example_seconds`: of one of these. None: not known.
    """

    used: Mapping[str, int]
    all: Mapping[str, int]
    run_seconds: float | None = None
    example_seconds: float | None = None

    @classmethod
    def of(
        cls, rows: Mapping[str, int], limit: int | None, run_seconds: float | None = None, each: float | None = None
    ) -> DevExamples:
        """Return those of a study with at most `limit` examples per task; `run_seconds` with these, `each` of one."""
        used = {task: min(count, limit or count) for task, count in rows.items()}
        if run_seconds is None or each is None:
            return cls(used, rows)
        return cls(used, rows, max(run_seconds - each * sum(used.values()), 0.0), each)

    def best(self, noise: PlannedNoise, seeds: int) -> float | None:
        """Return the number per task that gives the least variance in the plan's time; None if it is not known."""
        if self.run_seconds is None or self.example_seconds is None or not noise.by_examples:
            return None
        seconds = seeds * (self.run_seconds + self.example_seconds * sum(self.used.values()))
        return best_size(list(noise.tasks.values()), self.run_seconds, self.example_seconds, seconds)

    def advice(self, noise: PlannedNoise, seeds: int) -> str:
        """Return a line on how many examples should decide; "" if nothing is known of the examples."""
        if not self.all or not noise.by_examples:
            return ""
        if (best := self.best(noise, seeds)) is None:
            return "use all dev examples: evaluation is usually cheap beside training"
        cost = f"one costs {1000 * (self.example_seconds or 0.0):.2g} ms"
        if best >= max(self.all.values()):
            return f"use all dev examples: {cost}, the rest of a run {duration(self.run_seconds or 0.0)}"
        return f"about {best:,.0f} dev examples per task are best in this time: {cost}, so further seeds gain more"


@dataclass(frozen=True)
class Detectable:
    """True differences, in 0..1, that a typical primary row detects with at least 80 % power.

    `with_seeds` is after the first `seeds`, `with_max_seeds` if open rows get further seeds up to `max_seeds` (None if
    they do not), `with_all_examples` after the first seeds with all dev examples (None if the plan has them all).
    `equivalent_from`: the fewest seeds with which a row without any difference ends as equivalent with 80 % power;
    `one_sided_from`: at least as "no gain" or "no loss" of the margin; None above `MOST_SEEDS`, or without a margin.
    """

    rows: TableRows
    seeds: int
    max_seeds: int
    with_seeds: float
    with_max_seeds: float | None
    with_all_examples: float | None
    margin: float | None
    equivalent_from: int | None
    one_sided_from: int | None
    noise: PlannedNoise
    dev: DevExamples
    unit: Unit = SHARES

    def as_json(self) -> dict[str, Any]:
        """Return the differences, in 0..1, and the noise for `--plan --json`."""
        best = self.dev.best(self.noise, self.seeds)
        return {
            "rows": self.rows.count,
            "primary_rows": self.rows.primary,
            "power": POWER,
            "with_seeds": self.with_seeds,
            "with_max_seeds": self.with_max_seeds,
            "with_all_dev_examples": self.with_all_examples,
            "margin": self.margin,
            "equivalent_from_seeds": self.equivalent_from,
            "no_gain_or_no_loss_from_seeds": self.one_sided_from,
            "noise": "table" if self.noise.study is None else f"seen in {self.noise.study}",
            "components": self.noise.as_json(),
            "dev_examples": self.noise.sizes(self.dev.used),
            "advised_dev_examples": None if best is None else {t: min(best, n) for t, n in self.dev.all.items()},
        }

    def lines(self) -> list[str]:
        """Return lines about the differences, the seeds that decide, the dev examples, and the source of the noise."""
        first = f"can detect differences of {self.unit.apart_rounded(self.with_seeds)} or more with {self.seeds} seeds"
        if self.with_max_seeds is not None:
            first += f", of {self.unit.deviation(self.with_max_seeds)} with up to {self.max_seeds}"
        lines = [f"{first} (80 % power, {self.rows.text})"]
        if self.with_all_examples is not None:
            lines.append(f"  with all dev examples, of {self.unit.apart_rounded(self.with_all_examples)} or more")
        lines += [self._decided()] if self.margin is not None else []
        lines += [f"  {advice}"] if (advice := self.dev.advice(self.noise, self.seeds)) else []
        noise = self.noise.of_score(self.dev.used)
        return [
            *lines,
            f"  noise {self.noise.source}: standard deviation of a difference "
            f"{self.unit.apart_rounded(noise.deviation)} between seeds, "
            f"{self.unit.deviation(noise.examples**0.5)} from the dev examples",
        ]

    def _decided(self) -> str:
        margin = self.unit.apart(self.margin or 0.0)
        if self.one_sided_from is None:
            return f"  a row without any difference stays open by its margin of {margin}, even with {MOST_SEEDS} seeds"
        equivalent = f"from {self.equivalent_from}" if self.equivalent_from else f"not even with {MOST_SEEDS}"
        return (
            f'  a row without any difference ends as "no gain" or "no loss" of more than {margin} '
            f"from {self.one_sided_from} seeds on, as equivalent {equivalent}"
        )


def detectable(
    settings: Settings, rows: TableRows, noise: PlannedNoise | None, dev: DevExamples, unit: Unit = SHARES
) -> Detectable | None:
    """Return the differences that a table can detect; None without rows or noise, and with a single seed.

    The noise is that of a typical row, with the degrees of freedom that it has when moderated over the table. With
    further seeds, they are the differences that the last interim analysis detects at its level.
    """
    most = settings.max_seeds or settings.seeds
    if rows.count < 1 or most < MIN_PAIRED_SEEDS or noise is None:
        return None
    plan = Schedule(tuple(settings.seeds_of(most)), settings.seeds, tuple(settings.analyses_after()))
    table = _Table(plan, rows, noise.of_score(dev.used))
    first, margin = plan.counts[0], unit.margin if settings.margin is None else settings.margin
    more = dev.all != dev.used and noise.by_examples
    return Detectable(
        rows=rows,
        seeds=first,
        max_seeds=most,
        with_seeds=table.detects(first),
        with_max_seeds=table.detects(most) if most > first else None,
        with_all_examples=replace(table, noise=noise.of_score(dev.all)).detects(first) if more else None,
        margin=margin,
        equivalent_from=table.decides(margin, lambda row: row.equivalent),
        one_sided_from=table.decides(margin, lambda row: row.one_sided),
        noise=noise,
        dev=dev,
        unit=unit,
    )


@dataclass(frozen=True)
class _Table:
    """A table with its analyses and the noise of its typical row."""

    plan: Schedule
    rows: TableRows
    noise: ScoreNoise

    def detects(self, seeds: int) -> float:
        """Return the smallest difference that the analysis after `seeds` seeds detects."""
        return minimum_detectable_effect(
            self.noise.deviation,
            seeds,
            example_variance=self.noise.examples,
            residual=self.noise.residual,
            power=POWER,
            level=self.plan.level(seeds),
            comparisons=strictest(self.rows.primary, self.rows.secondary),
            df=moderated_df(seeds, self.rows.count),
        )

    def decides(self, margin: float | None, probability: Callable[[NullRow], float]) -> int | None:
        """Return the fewest seeds with which a verdict by the margin has the power; None above `MOST_SEEDS`."""
        counts = range(MIN_PAIRED_SEEDS, MOST_SEEDS + 1)

        def enough(seeds: int) -> bool:
            row = null_row(
                margin or 0.0,
                self.noise.deviation,
                seeds,
                example_variance=self.noise.examples,
                residual=self.noise.residual,
                level=self.plan.level(self.plan.counts[-1]),
                df=moderated_df(seeds, self.rows.count),
            )
            return probability(row) >= POWER

        place = len(counts) if margin is None else bisect_left(counts, True, key=enough)
        return counts[place] if place < len(counts) else None


def table_rows(space: Space, settings: Settings, best: Choices | None = None) -> TableRows:
    """Return the estimated rows of the table: those of a grid, or the single changes around the best.

    Before the best is known, it may differ from the baseline in every factor, and other levels are as many as around
    the baseline.
    """
    if space.design == "grid":
        return TableRows(len(cells.distinct(cells.grid_cells(space))) - 1 if "confirm" in settings.phases else 0)
    designs = [design for design in settings.designs if design in AROUND_BEST]
    if "ablate" not in settings.phases or not designs:
        return TableRows(0)
    around = space.baseline() if best is None else best
    factors = {design: Counter[str | None]() for design in AROUND_BEST}  # of each design's rows
    for each in ablation.planned(space, around, designs, settings.ablations).designs:
        factors[each.design].update(cell.factor for cell in each.cells)
    undone, levels = (factors[design] for design in AROUND_BEST)
    if best is None and AROUND_BEST[0] in designs:
        undone.update({each.factor for each in space.alternatives(around)} | ({*space.continuous()} & around.keys()))
        later, first = (levels, undone) if designs[0] == AROUND_BEST[0] else (undone, levels)
        later.subtract(list(first))  # taking a change back is one of its factor's other levels
    counts = {design: sum((+each).values()) for design, each in factors.items()}
    total = min(sum(counts.values()), settings.ablations)
    first_rows = (+factors[designs[0]]).items()
    primary = min(sum(count for factor, count in first_rows if not space.primary or factor in space.primary), total)
    return TableRows(primary, total - primary)
