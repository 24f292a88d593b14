"""The section "Which choices change each other's effect": two-factor interactions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from markupsafe import Markup

from results.analysis.comparisons import judged_record, shown_interval
from results.analysis.contrasts import compared_runs
from results.analysis.summary import Summary
from results.database.typed_tables import interval_columns, typed_table
from results.designs.interactions import Design, Interaction, Pair, interactions
from results.figures.figure import Figure, Trace
from results.measurements.study_results import StudyResults
from results.report.notes import effect_in_words
from results.report.sections.not_run import LeftOut, left_out
from results.report.sections.section import Content, interval_bars
from results.statistics import Interval, Judgement
from results.text.formatting import plural
from results.text.units import SHARES, Unit, difference_axis_title
from results.text.verdict_words import verdict_words

if TYPE_CHECKING:
    import pandas as pd

MOST_WRITTEN = 6  # factors; in a larger matrix intervals do not fit into the cells


@dataclass(frozen=True)
class Interactions(Content):
    """Interactions, the largest first, and the parts of the designs that are not run."""

    rows: tuple[Interaction, ...]
    left_out: tuple[LeftOut, ...]
    run_ids: tuple[str, ...]
    factors: tuple[str, ...]
    unit: Unit = SHARES

    def sentence(self) -> str:
        """Return the number of real interactions, and the largest interaction."""
        measured = [row for row in self.rows if row.comparison is not None]
        if not measured:
            return "No interaction has two seeds in all the runs that it needs yet."
        pairs, real = {row.pair for row in measured}, {row.pair for row in measured if row.is_real}
        counts = f"Of the interactions of {plural(len(pairs), 'pair')}, {_real_text(len(real))}."
        largest = measured[0]
        return f"{counts} The largest: {pair_text(largest.pair)}, {effect_in_words(largest, self.unit, self.verdict)}."

    def bars(self) -> tuple[Markup, list[Markup]]:
        """Return the axis and one bar per row, empty without an interval."""
        return interval_bars(self.rows, self.unit)

    def in_words(self, row: Interaction) -> str:
        """Return the meaning of a real interaction; empty for others."""
        if not row.is_real or row.comparison is None:
            return ""
        if row.aliases:
            return "one of these pairs, or several, change each other's effect"
        together = "more" if row.comparison.difference.estimate > 0 else "less"
        return f"together they give {together} than the sum of both alone"

    def verdict(self, judgement: Judgement) -> str:
        """Return the verdict in words; an interaction that helps or hurts is "real"."""
        return "real" if judgement.verdict in ("helps", "hurts") else verdict_words(judgement, self.unit)

    def names(self, pairs: Sequence[Pair]) -> str:
        """Return pairs as text."""
        return ", ".join(map(pair_text, pairs))

    def figures(self) -> Sequence[Figure]:
        """Return one matrix per design; a fraction with aliased pairs has none."""
        designs: tuple[Design, ...] = ("factorial", "pairs")
        figures = [_matrix(self.rows, design, self.factors, self.unit) for design in designs]
        return [figure for figure in figures if figure is not None]

    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Return `interactions`, one row per pair and design; aliased pairs share a row."""
        records = [_record(row, runs) for row, runs in zip(self.rows, self.run_ids, strict=True)]
        return {"interactions": typed_table("interactions", records)}


def build(results: StudyResults, summary: Summary) -> Interactions | None:
    """Return the section, or None if the study has neither pairs nor a factorial."""
    rows = tuple(interactions(results))
    excluded = (left_out(results, "pairs", "pair"), left_out(results, "factorial", "change"))
    if not rows and not any(design.impossible or design.beyond_budget for design in excluded):
        return None
    runs = [compared_runs(results, row.comparison, *row.digests) for row in rows]
    factors = tuple(factor["name"] for factor in results.study.space_json.get("factors", ()))
    return Interactions(rows, excluded, tuple(runs), factors, results.units.score)


def pair_text(pair: Pair) -> str:
    """Return "pooling × adapter"."""
    return f"{pair[0]} × {pair[1]}"


def _real_text(count: int) -> str:
    return "none is real" if not count else f"{count} {'is' if count == 1 else 'are'} real"


def _matrix(rows: Sequence[Interaction], design: Design, order: Sequence[str], unit: Unit) -> Figure | None:
    """Return a matrix of factors by factors: effects as colours, and with their intervals as text where these fit."""
    measured = [(row, shown_interval(row)) for row in rows if row.design == design]
    shown = [(row, interval) for row, interval in measured if interval is not None]
    if not shown or any(row.aliases for row, _ in shown):
        return None
    effects = {pair: interval for row, interval in shown for pair in (row.pair, row.pair[::-1])}
    crossed = dict.fromkeys(first for first, _ in effects)
    names = sorted(crossed, key=lambda name: order.index(name) if name in order else len(order))
    real = sum(row.is_real for row, _ in shown)
    around = "around the best" if design == "pairs" else "averaged over the other factors"
    return Figure(
        id=f"figure-interactions-{design}",
        title=f"Interactions {around}",
        sentence=f"{unit.differences_title} that two changes give together beyond the sum of what each gives alone, "
        f"{around}. Of {plural(len(shown), 'pair')}, {_real_text(real)}. The colour shows the size of an effect, its "
        "interval the uncertainty.",
        traces=[_heatmap(names, effects, unit)],
        layout={
            "xaxis": {"title": {"text": ""}, "showgrid": False},
            "yaxis": {"title": {"text": ""}, "showgrid": False, "autorange": "reversed"},
        },
    )


def _heatmap(names: Sequence[str], effects: Mapping[Pair, Interval], unit: Unit) -> Trace:
    """Return one cell per two factors, empty if their interaction is not known."""

    def cells(text_of: Callable[[Pair, Interval], str]) -> list[list[str]]:
        pairs = [[(first, second) for second in names] for first in names]
        return [[text_of(pair, effects[pair]) if pair in effects else "" for pair in row] for row in pairs]

    def text(interval: Interval) -> str:
        return f"{unit.difference(interval.estimate)} {unit.interval(interval)}"

    points = [[unit.drawn(effects[i, j].estimate) if (i, j) in effects else None for j in names] for i in names]
    most = max(abs(unit.drawn(interval.estimate)) for interval in effects.values()) or 1.0
    labels = [escape(name, quote=False) for name in names]
    is_written = len(names) <= MOST_WRITTEN
    return {
        "type": "heatmap",
        "x": labels,
        "y": labels,
        "z": points,
        "text": cells(lambda _, interval: text(interval).replace(" [", "<br>[") if is_written else ""),
        "texttemplate": "%{text}",
        "textfont": {"color": "var(--ink)"},
        "customdata": cells(
            lambda pair, interval: f"{escape(pair_text(pair), quote=False)}: {text(interval)} {unit.counted}"
        ),
        "hovertemplate": "%{customdata}<extra></extra>",
        "hoverongaps": False,
        "zmin": -most,
        "zmax": most,
        "colorscale": [[0, "var(--baseline)"], [0.5, "var(--card)"], [1, "var(--best)"]],
        "opacity": 0.75,
        "xgap": 2,
        "ygap": 2,
        "colorbar": {"title": {"text": difference_axis_title(unit)}, "thickness": 12, "outlinewidth": 0},
    }


def _record(row: Interaction, runs: str) -> dict[str, object]:
    return {
        "design": row.design,
        "first": row.pair[0],
        "second": row.pair[1],
        "aliases": "; ".join(f"{a} x {b}" for a, b in row.aliases),
        **judged_record(row),
        **interval_columns("first_with_second", row.with_second.interval if row.with_second else None),
        **interval_columns("first_without_second", row.without_second.interval if row.without_second else None),
        "run_ids": runs,
    }
