"""Two-factor interactions around the best, from the cells of the designs `pairs` and `factorial`."""

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

SIGNS = ((1, 1), (-1, 1), (1, -1), (-1, -1))  # of a pair: the best, without the first, the second, and both changes
Design = Literal["pairs", "factorial", "screen"]
Pair = tuple[str, str]
FactorialRun = tuple[str, tuple[int, ...]]  # digest, and per factor 1 (as in the best) or -1 (as in the baseline)


@dataclass(frozen=True)
class Interaction:
    """The effect of one change with a second change minus its effect without it, in score units.

    (best - without first) - (without second - without both); in a factorial, averaged over the levels of the other
    factors. `aliases` are the pairs confounded with it: the number is then the sum of all their interactions.
    `with_second` and `without_second` are the two effects of the first change, None if confounded or not measured.
    """

    design: Design
    pair: Pair
    aliases: tuple[Pair, ...]
    digests: tuple[str, ...]
    comparison: Comparison | None
    judgement: Judgement | None
    with_second: Comparison | None
    without_second: Comparison | None

    @property
    def is_real(self) -> bool:
        """Whether the interaction differs from 0 significantly and is not equivalent to 0 within the margin."""
        return self.judgement is not None and self.judgement.verdict in ("helps", "hurts")


@dataclass(frozen=True)
class FactorialTable:
    """The runs of a two-level design, and the groups of pairs whose interactions it confounds."""

    design: Design
    factors: tuple[str, ...]
    runs: tuple[FactorialRun, ...]
    aliases: tuple[tuple[Pair, ...], ...] = ()

    def main_effect(self, factor: str) -> Weights:
        """Return the weights of a factor's effect, averaged over the levels of the others: 2 s_i / number of runs."""
        place = self.factors.index(factor)
        return summed([(digest, 2 * signs[place] / len(self.runs)) for digest, signs in self.runs])

    def weights(self, pair: Pair) -> Weights:
        """Return the weights of a pair's interaction, a difference of differences: 4 s_i s_j / number of runs."""
        i, j = (self.factors.index(name) for name in pair)
        return summed([(digest, 4 * signs[i] * signs[j] / len(self.runs)) for digest, signs in self.runs])

    def effect(self, pair: Pair, of_second: int) -> Weights:
        """Return the weights of the first factor's effect if the second has sign `of_second`; none if confounded."""
        if self.aliases:
            return {}
        i, j = (self.factors.index(name) for name in pair)
        return summed([(d, 4 * signs[i] / len(self.runs)) for d, signs in self.runs if signs[j] == of_second])

    def aliases_of(self, pair: Pair) -> tuple[Pair, ...]:
        """Return the other pairs of the group whose first pair this is."""
        return next((group[1:] for group in self.aliases if group[0] == pair), ())


def interactions(results: StudyResults) -> list[Interaction]:
    """Return the two-factor interactions that the study measured, the largest first, unmeasured ones last.

    Error rates are controlled over all of them together. A group of aliases is one row, named by its first pair.
    """
    rows = [(table, pair) for table in factorial_tables(results) for pair in _distinct(table)]
    judged = judged_contrasts(results, [table.weights(pair) for table, pair in rows])
    effects = judged_contrasts(results, [table.effect(pair, sign) for table, pair in rows for sign in (1, -1)])
    interactions = [
        Interaction(
            design=table.design,
            pair=pair,
            aliases=table.aliases_of(pair),
            digests=tuple(table.weights(pair)),
            comparison=one.comparison,
            judgement=one.judgement,
            with_second=present.comparison,
            without_second=absent.comparison,
        )
        for (table, pair), one, present, absent in zip(rows, judged, effects[::2], effects[1::2], strict=True)
    ]
    return sorted(interactions, key=_by_size)


def factorial_tables(results: StudyResults) -> list[FactorialTable]:
    """Return the factorial and the pairs (four runs each) if they are around the study's best, else nothing."""
    designs = results.study.decisions_json.get("designs", {})
    best, choices = best_digest(results), results.study.decisions_json.get("best_choices", {})
    if best is None or designs.get("around") != best:
        return []
    tables = _pair_tables(best, choices, designs.get("pairs", {}), _cells(results, "pairs"))
    crossed = factorial_table(results, "factorial")
    return tables if crossed is None else [crossed, *tables]


def factorial_table(results: StudyResults, design: Design) -> FactorialTable | None:
    """Return a design that crosses its factors, with its runs; None if the study has none around its best."""
    designs, cells = results.study.decisions_json.get("designs", {}), _cells(results, design)
    if not cells or designs.get("around") != best_digest(results):
        return None
    factors, choices = tuple(designs[design]["factors"]), results.study.decisions_json.get("best_choices", {})
    runs = tuple((cell.config_digest, _signs(cell, choices, factors)) for cell in cells)
    aliases = tuple(tuple((a, b) for a, b in group) for group in designs[design]["aliases"])
    return FactorialTable(design, factors, runs, aliases)


def _pair_tables(
    best: str, choices: Mapping[str, Any], design: Mapping[str, Any], cells: Sequence[Cell]
) -> list[FactorialTable]:
    factors = tuple(design.get("factors", ()))
    digests = {tuple(n for n in factors if c.choices_json.get(n) != choices.get(n)): c.config_digest for c in cells}
    digests[()] = best  # by the factors that are reset to the baseline
    return [
        FactorialTable("pairs", (a, b), tuple(zip((digests[r] for r in ((), (a,), (b,), (a, b))), SIGNS, strict=True)))
        for a, b in combinations(factors, 2)
        if (a, b) in digests
    ]


def _cells(results: StudyResults, design: Design) -> list[Cell]:
    return [cell for cell in results.cells if cell.phase == "ablate" and cell.design == design]


def _signs(cell: Cell, best: Mapping[str, Any], factors: Sequence[str]) -> tuple[int, ...]:
    return tuple(1 if cell.choices_json.get(name) == best.get(name) else -1 for name in factors)


def _distinct(table: FactorialTable) -> list[Pair]:
    """Return all pairs of factors, but only the first of each group of aliases."""
    later = {pair for group in table.aliases for pair in group[1:]}
    return [pair for pair in combinations(table.factors, 2) if pair not in later]


def _by_size(row: Interaction) -> tuple[bool, float, str, Pair]:
    size = abs(row.comparison.interval.estimate) if row.comparison else 0.0
    return row.comparison is None, -size, row.design, row.pair
