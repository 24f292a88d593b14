"""The smallest difference that a plan can detect, from the noise of earlier runs or an assumed noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from results.analysis.ablation import AROUND_BEST
from results.analysis.contrasts import compare
from results.analysis.leaderboard import baseline_digest, best_digest
from results.analysis.sequential import Schedule
from results.database.database import open_database
from results.database.url import foreign_rows
from results.measurements.study_results import MIN_PAIRED_SEEDS, StudyResults
from results.statistics.power import PRIOR_DEVIATION, minimum_detectable_effect, noise_so_far
from results.text.formatting import plural
from results.text.units import SHARES, Unit
from search_spaces import Space
from study.phases import ablation, cells
from study.settings import Settings

POWER = 0.8


@dataclass(frozen=True)
class MeasuredNoise:
    """The noise of study `name`: standard deviation over seeds of a paired difference, variance from the examples."""

    name: str
    deviation: float
    example_variance: float


@dataclass(frozen=True)
class Detectable:
    """True differences, in 0..1, that are detected with at least 80 % power in a table of `rows` rows (Holm).

    `with_seeds` is after the first `seeds`, `with_max_seeds` if open rows get further seeds up to `max_seeds` (None if
    they do not). `noise` is that of a study, None if it is assumed.
    """

    rows: int
    seeds: int
    max_seeds: int
    with_seeds: float
    with_max_seeds: float | None
    noise: MeasuredNoise | None
    unit: Unit = SHARES

    def as_json(self) -> dict[str, Any]:
        """Return the differences, in 0..1, for `--plan --json`."""
        return {
            "rows": self.rows,
            "power": POWER,
            "with_seeds": self.with_seeds,
            "with_max_seeds": self.with_max_seeds,
            "noise": "assumed" if self.noise is None else f"seen in {self.noise.name}",
        }

    def lines(self) -> list[str]:
        """Return lines about the differences and the source of the noise."""
        first = f"can detect differences of {self.unit.apart_rounded(self.with_seeds)} or more with {self.seeds} seeds"
        if self.with_max_seeds is not None:
            first += f", of {self.unit.deviation(self.with_max_seeds)} with up to {self.max_seeds}"
        assumed = self.unit.apart_rounded(PRIOR_DEVIATION / 2**0.5)
        noise = f"noise assumed: standard deviation {assumed} between seeds; sampling of dev examples not included"
        if self.noise is not None:
            noise = (
                f"noise measured in {self.noise.name}: standard deviation of a difference "
                f"{self.unit.apart_rounded(self.noise.deviation)} between seeds, "
                f"{self.unit.deviation(self.noise.example_variance**0.5)} from the dev examples"
            )
        return [f"{first} (80 % power, a table of about {plural(self.rows, 'row')})", f"  {noise}"]


def detectable(settings: Settings, rows: int, noise: MeasuredNoise | None, unit: Unit = SHARES) -> Detectable | None:
    """Return the differences that a table of `rows` rows can detect.

    Variances are pooled over rows, with the seeds that all of them have. With further seeds, they are the differences
    that the last interim analysis detects at its level. None without rows, with a single seed, and without measured
    noise in a unit other than shares, for which no noise is assumed.
    """
    most = settings.max_seeds or settings.seeds
    if rows < 1 or most < MIN_PAIRED_SEEDS or (noise is None and not unit.is_share):
        return None
    plan = Schedule(tuple(settings.seeds_of(most)), settings.seeds)
    first = plan.counts[0]
    deviation, examples = (PRIOR_DEVIATION, 0.0) if noise is None else (noise.deviation, noise.example_variance)
    effects = [
        minimum_detectable_effect(
            deviation,
            count,
            example_variance=examples,
            power=POWER,
            level=plan.level(count),
            comparisons=rows,
            df=(rows + 1) * (first - 1),
        )
        for count in dict.fromkeys((first, most))
    ]
    return Detectable(rows, first, most, effects[0], effects[1] if len(effects) > 1 else None, noise, unit)


def rows_of(space: Space, settings: Settings) -> int:
    """Return the estimated number of rows of the table: those of a grid, or single changes around the baseline."""
    if space.design == "grid":
        return len(cells.distinct(cells.grid_cells(space))) - 1 if "confirm" in settings.phases else 0
    if "ablate" not in settings.phases:
        return 0
    designs = ablation.planned(space, space.baseline(), settings.designs, settings.ablations).designs
    return sum(len(each.cells) for each in designs if each.design in AROUND_BEST)


def measured_noise(storage: str, name: str) -> MeasuredNoise | None:
    """Return the noise of a study's configurations with fresh seeds, against the best; None before there are two."""
    with open_database(storage, create=False) as database, foreign_rows(storage):
        results = StudyResults(database, name)
        reference = best_digest(results) or baseline_digest(results)
        if reference is None:
            return None
        compared = [compare(results, digest, reference) for digest in results.measured() if digest != reference]
    noise = noise_so_far([comparison.difference for comparison in compared if comparison is not None])
    return None if noise is None else MeasuredNoise(name, *noise)
