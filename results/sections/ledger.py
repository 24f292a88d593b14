"""How much tuning each level of each factor got in the search, and what so many runs lead to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from results.figure import Figure, Trace
from results.ledger import LONGEST_CURVE, FactorLedger, LevelLedger, ledger
from results.study_results import StudyResults
from results.summary import Summary
from results.units import Unit
from results.wording import SHARES, plural

if TYPE_CHECKING:
    import pandas as pd

NAMED = 3  # uneven factors that the sentence names
LONG_TABLE = 20
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
COLORS = ("var(--accent)", "var(--best)", "var(--baseline)", "var(--muted)", "var(--ink)")


@dataclass(frozen=True)
class TuningLedger:
    """The ledger of every factor; `shown` is the one whose levels differ most at the same budget."""

    factors: tuple[FactorLedger, ...]
    shown: FactorLedger | None
    unit: Unit = SHARES

    @property
    def uneven(self) -> list[FactorLedger]:
        """The factors one of whose levels got less than half of another's runs, the largest difference first."""
        found = [factor for factor in self.factors if factor.is_uneven]
        return sorted(found, key=lambda factor: factor.least.runs - factor.most.runs)

    @property
    def is_long(self) -> bool:
        """Whether the table starts folded."""
        return sum(len(factor.levels) for factor in self.factors) > LONG_TABLE

    def sentence(self) -> str:
        """Whether the levels were tuned alike."""
        uneven = self.uneven
        if not uneven:
            return "No level got less than half of the search's runs of another level of its factor."
        told = "; ".join(_uneven(factor) for factor in uneven[:NAMED])
        more = f"; and {len(uneven) - NAMED} more" if len(uneven) > NAMED else ""
        factors = plural(len(self.factors), "factor")
        return (
            f"In {len(uneven)} of {factors}, a level got less than half of another's runs: {told}{more}. "
            "A level that was tuned less looks worse than it is."
        )

    def figures(self) -> Sequence[Figure]:
        """The expected best score against the number of runs, a curve a level."""
        return [_curves(self.shown, self.unit)] if self.shown else []

    def tables(self) -> Mapping[str, pd.DataFrame]:
        """`ledger`: a row a level; scores of the search, 0..1, seconds."""
        import pandas as pd

        records = [_record(factor, level) for factor in self.factors for level in factor.levels]
        return {"ledger": pd.DataFrame(records, columns=list(COLUMNS)).astype(COLUMNS)}


COLUMNS = {
    "factor": "str",
    "level": "str",
    "runs": "int64",
    "complete": "int64",
    "pruned": "int64",
    "failed": "int64",
    "seconds": "float64",
    "share_of_most": "float64",
    "best_search_score_not_a_result": "float64",
    "median_search_score_not_a_result": "float64",
    "shared_budget": "int64",
    "expected_best_not_a_result": "float64",
    "run_ids": "str",
}


def build(results: StudyResults, found: Summary) -> TuningLedger | None:
    """None for a grid, and before the search has ended a run."""
    if found.is_grid:
        return None
    factors = ledger(results.runs, results.study.space_json.get("factors", []))
    if not factors:
        return None
    widest = max(factors, key=lambda factor: factor.difference())
    return TuningLedger(factors, widest if widest.difference() > 0 else None, results.units.score)


def _uneven(factor: FactorLedger) -> str:
    few, many = factor.least, factor.most
    return f"{factor.factor} {few.level} {few.runs:,}, {many.level} {many.runs:,}"


def _record(factor: FactorLedger, level: LevelLedger) -> dict[str, object]:
    budget = factor.shared_budget()
    return {
        "factor": level.factor,
        "level": level.level,
        "runs": level.runs,
        "complete": level.complete,
        "pruned": level.pruned,
        "failed": level.failed,
        "seconds": level.seconds,
        "share_of_most": level.runs / factor.most.runs,
        "best_search_score_not_a_result": level.best,
        "median_search_score_not_a_result": level.median,
        "shared_budget": budget,
        "expected_best_not_a_result": level.curve[budget - 1] if budget and level in factor.drawn() else None,
        "run_ids": " ".join(map(str, level.run_ids)),
    }


def _curves(factor: FactorLedger, unit: Unit) -> Figure:
    drawn, budget = factor.drawn(), factor.shared_budget()
    ordered = sorted(drawn, key=lambda level: level.curve[budget - 1])
    return Figure(
        id="figure-ledger",
        title=f"Expected best search {unit.name} against runs, by {factor.factor}",
        sentence=(
            f"Of {budget} runs, which every drawn level has, the best is expected to be {unit.best_first} with "
            f"{ordered[-1].level} and {unit.worst_first} with {ordered[0].level}. Of all factors this one differs most "
            "here, and "
            "some of that is luck, or what else the search had found by then: it is no result. A curve ends where the "
            f"level has no more runs, at the latest after {LONGEST_CURVE}."
        ),
        traces=[_curve(level, i, unit) for i, level in enumerate(drawn)],
        layout={
            "xaxis": {"title": {"text": "runs of the search with this level"}},
            "yaxis": {"title": {"text": unit.axis(f"expected best {unit.heading} in the search")}},
        },
    )


def _curve(level: LevelLedger, place: int, unit: Unit) -> Trace:
    color, dash = COLORS[place % len(COLORS)], DASHES[place // len(COLORS) % len(DASHES)]
    name = escape(level.level, quote=False)
    return {
        "x": list(range(1, len(level.curve) + 1)),
        "y": [unit.natural(value) for value in level.curve],
        "name": f"{name} ({plural(level.runs - level.failed, 'run')})",
        "mode": "lines",
        "line": {"color": color, "width": 2, "dash": dash},
        "hovertemplate": "best of %{x}: %{y:" + unit.hover + "}<extra>" + name + "</extra>",
    }
