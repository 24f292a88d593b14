"""The HTML page that compares several studies. The template escapes all text."""

from __future__ import annotations

from collections.abc import Callable

from markupsafe import Markup

from results.comparison.compare import PairOfStudies, StudyComparison
from results.database.rows import StudyRow
from results.figures import interval_svg
from results.report import first_screen, notes
from results.report.render import TEMPLATES, template_environment
from results.text import formatting


def in_brief(comparison: StudyComparison) -> list[str]:
    """Return lines for a terminal: each study's conclusion, and the launches that would make more of it comparable."""
    lines = []
    for pair in comparison.pairs:
        lines.append(f"{comparison.names[0]} and {pair.name}: {pair.sentence()}")
        lines += [f"{launch.sentence()}\n    {launch.command}".rstrip() for launch in pair.launches]
    return lines


def render_comparison(comparison: StudyComparison) -> str:
    """Return the page as HTML."""
    return (
        template_environment()
        .get_template("comparison.html.j2")
        .render(
            comparison=comparison,
            unit=comparison.studies[0].units.score,
            bars=[_bars(pair) for pair in comparison.pairs],
            made_up=_caveats(comparison, first_screen.made_up),
            backbone_note=_caveats(comparison, lambda study: first_screen.MINILM if study.backbone == "minilm" else ""),
            headline=headline(comparison),
            first_screen=first_screen,
            notes=notes,
            style=Markup((TEMPLATES / "report.css").read_text(encoding="utf-8")),
        )
    )


def headline(comparison: StudyComparison) -> str:
    """Return the number of the reference's effects that carry over, among those with a verdict."""
    judged = [row.judgement.verdict for pair in comparison.pairs for row in pair.shared if row.judgement]
    if not judged:
        return f"No effect of {comparison.names[0]} can be compared yet"
    if set(judged) == {"open"}:
        return f"It is open whether the effects of {comparison.names[0]} carry over"
    over, effects = judged.count("carries over"), formatting.plural(len(judged), "effect")
    return f"{over} of {effects} of {comparison.names[0]} {'carries' if over == 1 else 'carry'} over"


def _caveats(comparison: StudyComparison, caveat: Callable[[StudyRow], str]) -> str:
    """Return each caveat about the studies' numbers once, with the studies' names unless it applies to all."""
    studies: dict[str, list[str]] = {}
    for name, summary in zip(comparison.names, comparison.studies, strict=True):
        if text := caveat(summary.study):
            studies.setdefault(text, []).append(name)
    count = len(comparison.names)
    return " ".join(text if len(names) == count else f"{', '.join(names)}: {text}" for text, names in studies.items())


def _bars(pair: PairOfStudies) -> tuple[Markup, list[Markup]]:
    """Return the axis of both studies' effects, and one bar with two intervals per effect."""
    rows = [[(one.interval, one.judgement) for one in (row.first, row.second)] for row in pair.shared]
    intervals = [interval for row in rows for interval, _ in row if interval]
    axis = interval_svg.shared_axis(intervals, pair.first.units.score, pair.margin)
    return interval_svg.scale(axis), [interval_svg.pair(first, second, axis) for first, second in rows]
