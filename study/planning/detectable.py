"""The smallest difference that a plan can detect, from the noise of earlier runs or, without any, an assumed noise."""

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
from results.text.formatting import SHARES
from results.text.units import Unit
from search_spaces import Space
from study.phases import ablation, cells
from study.settings import Settings

POWER = 0.8


@dataclass(frozen=True)
class SeenNoise:
    """The noise in study `name`: standard deviation over seeds of a paired difference, variance from the examples."""

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
    noise: SeenNoise | None
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

    def told(self) -> list[str]:
        """Return lines about the differences and the source of the noise."""
        first = f"can see differences of {self.unit.apart_rounded(self.with_seeds)} and more with {self.seeds} seeds"
        if self.with_max_seeds is not None:
            first += f", of {self.unit.deviation(self.with_max_seeds)} with up to {self.max_seeds}"
        rows = "one row" if self.rows == 1 else f"{self.rows} rows"
        return [f"{first} (80 % power in a table of about {rows})", f"  {self._noise()}"]

    def _noise(self) -> str:
        if self.noise is None:
            each = self.unit.apart_rounded(PRIOR_DEVIATION / 2**0.5)
            return f"noise assumed: seeds of a configuration deviate by {each}; dev examples not counted"
        examples = self.unit.deviation(self.noise.example_variance**0.5)
        return (
            f"noise seen in {self.noise.name}: a difference of two configurations deviates by "
            f"{self.unit.apart_rounded(self.noise.deviation)} from seed to seed, by {examples} from the dev examples"
        )


def detectable(settings: Settings, rows: int, seen: SeenNoise | None, unit: Unit = SHARES) -> Detectable | None:
    """Return what a table of `rows` rows can detect; None without rows, with a single seed, and for a unit other than
    shares before anything is measured, because no noise is assumed for it.

    Variances are pooled over rows, with the seeds that all of them have. With further seeds it is what the last look
    detects with the part of the error that is left to it.
    """
    most = settings.max_seeds or settings.seeds
    if rows < 1 or most < MIN_PAIRED_SEEDS or (seen is None and not unit.is_share):
        return None
    plan = Schedule(tuple(settings.seeds_of(most)), settings.seeds)
    first = plan.counts[0]
    deviation, examples = (PRIOR_DEVIATION, 0.0) if seen is None else (seen.deviation, seen.example_variance)
    found = [
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
    return Detectable(rows, first, most, found[0], found[1] if len(found) > 1 else None, seen, unit)


def rows_of(space: Space, settings: Settings) -> int:
    """Return about how many rows the table will have: those of a grid, or single changes around the baseline."""
    if space.design == "grid":
        return len(cells.apart(cells.grid_cells(space))) - 1 if "confirm" in settings.phases else 0
    if "ablate" not in settings.phases:
        return 0
    asked = ablation.planned(space, space.baseline(), settings.designs, settings.ablations).asked
    return sum(len(each.cells) for each in asked if each.design in AROUND_BEST)


def seen_noise(storage: str, name: str) -> SeenNoise | None:
    """Return the noise of all configurations of a study with fresh seeds, each compared with the best.

    None before there are two such configurations.
    """
    with open_database(storage, create=False) as database, foreign_rows(storage):
        results = StudyResults(database, name)
        reference = best_digest(results) or baseline_digest(results)
        if reference is None:
            return None
        compared = [compare(results, digest, reference) for digest in results.measured() if digest != reference]
    seen = noise_so_far([found.difference for found in compared if found is not None])
    return None if seen is None else SeenNoise(name, *seen)
