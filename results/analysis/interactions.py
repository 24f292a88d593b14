"""Which changes of the best change each other's effect: two-factor interactions from `pairs` and `factorial` cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

from results.analysis.comparisons import judged_contrasts
from results.analysis.contrasts import Comparison, Weights, summed
from results.analysis.leaderboard import best_digest
from results.database.rows import Cell
from results.measurements.study_results import StudyResults
from results.statistics import Judgement

InteractionDesign = Literal["pairs", "factorial"]
Pair = tuple[str, str]
FactorialRun = tuple[str, tuple[int, ...]]  # digest, and for each factor 1 (as in the best) or -1 (as in the baseline)


@dataclass(frozen=True)
class Interaction:
    """How much more the first of two changes helps where the second is made too, in score units.

    (best - without first) - (without second - without both); in a factorial the mean of that over what the other
    factors have. `aliases`: pairs with which it is confused; the number is the sum of all of them. `with_second` and
    `without_second`: what the first change does with the second and without it, None where that is confused or unknown.
    """

    design: InteractionDesign
    pair: Pair
    aliases: tuple[Pair, ...]
    digests: tuple[str, ...]
    comparison: Comparison | None
    judgement: Judgement | None
    with_second: Comparison | None
    without_second: Comparison | None

    @property
    def is_real(self) -> bool:
        """Whether it is told from 0, errors held over the table, and not surely below the margin."""
        return self.judgement is not None and self.judgement.verdict in ("helps", "hurts")


@dataclass(frozen=True)
class FactorialTable:
    """The runs of a two-level design in factors, and the groups of pairs whose interactions it confuses."""

    design: InteractionDesign
    factors: tuple[str, ...]
    runs: tuple[FactorialRun, ...]
    aliases: tuple[tuple[Pair, ...], ...] = ()

    def weights(self, pair: Pair) -> Weights:
        """Of the runs' scores in the interaction of a pair: 4 s_i s_j / runs, a difference of differences."""
        i, j = (self.factors.index(name) for name in pair)
        return summed([(digest, 4 * signs[i] * signs[j] / len(self.runs)) for digest, signs in self.runs])

    def effect(self, pair: Pair, of_second: int) -> Weights:
        """Of the first factor's effect where the second has the sign `of_second`; none where a fraction confuses it."""
        if self.aliases:
            return {}
        i, j = (self.factors.index(name) for name in pair)
        return summed([(d, 4 * signs[i] / len(self.runs)) for d, signs in self.runs if signs[j] == of_second])

    def aliases_of(self, pair: Pair) -> tuple[Pair, ...]:
        """Return the pairs that come after it in its group."""
        return next((group[1:] for group in self.aliases if group[0] == pair), ())


def interactions(results: StudyResults) -> list[Interaction]:
    """Return every two-factor effect that the study's pairs and its factorial measure, the largest first.

    Errors are held over all of them together. A group of aliases is one row, under its first pair. Pairs without two
    seeds in common in all their runs come last.
    """
    rows = [(table, pair) for table in factorial_tables(results) for pair in _distinct(table)]
    judged = judged_contrasts(results, [table.weights(pair) for table, pair in rows])
    effects = judged_contrasts(results, [table.effect(pair, sign) for table, pair in rows for sign in (1, -1)])
    found = [
        Interaction(
            design=table.design,
            pair=pair,
            aliases=table.aliases_of(pair),
            digests=tuple(table.weights(pair)),
            comparison=one.comparison,
            judgement=one.judgement,
            with_second=whole.comparison,
            without_second=without.comparison,
        )
        for (table, pair), one, whole, without in zip(rows, judged, effects[::2], effects[1::2], strict=True)
    ]
    return sorted(found, key=_by_size)


def factorial_tables(results: StudyResults) -> list[FactorialTable]:
    """Return the factorial and the pairs (four runs each) around the study's best; none if they are around another."""
    decided = results.study.decisions_json.get("designs", {})
    best, choices = best_digest(results), results.study.decisions_json.get("best_choices", {})
    if best is None or decided.get("around") != best:
        return []
    tables = []
    crossed, cells = decided.get("factorial", {}), _cells(results, "factorial")
    if cells:
        factors = tuple(crossed["factors"])
        runs = tuple((cell.config_digest, _signs(cell, choices, factors)) for cell in cells)
        aliases = tuple(tuple((a, b) for a, b in group) for group in crossed["aliases"])
        tables.append(FactorialTable("factorial", factors, runs, aliases))
    return tables + _pair_tables(best, choices, decided.get("pairs", {}), _cells(results, "pairs"))


def _pair_tables(
    best: str, choices: Mapping[str, Any], decided: Mapping[str, Any], cells: Sequence[Cell]
) -> list[FactorialTable]:
    factors = tuple(decided.get("factors", ()))
    back = {tuple(n for n in factors if c.choices_json.get(n) != choices.get(n)): c.config_digest for c in cells}
    tables = []
    for first, second in combinations(factors, 2):
        if (first, second) in back:
            runs = (
                (best, (1, 1)),
                (back[first,], (-1, 1)),
                (back[second,], (1, -1)),
                (back[first, second], (-1, -1)),
            )
            tables.append(FactorialTable("pairs", (first, second), runs))
    return tables


def _cells(results: StudyResults, design: InteractionDesign) -> list[Cell]:
    return [cell for cell in results.cells if cell.phase == "ablate" and cell.design == design]


def _signs(cell: Cell, best: Mapping[str, Any], factors: Sequence[str]) -> tuple[int, ...]:
    return tuple(1 if cell.choices_json.get(name) == best.get(name) else -1 for name in factors)


def _distinct(table: FactorialTable) -> list[Pair]:
    """Return every pair, of aliases only the first."""
    later = {pair for group in table.aliases for pair in group[1:]}
    return [pair for pair in combinations(table.factors, 2) if pair not in later]


def _by_size(row: Interaction) -> tuple[bool, float, str, Pair]:
    size = abs(row.comparison.interval.estimate) if row.comparison else 0.0
    return row.comparison is None, -size, row.design, row.pair
