"""The HTML page that compares several studies. Everything is escaped by the template."""

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
    """Return for a terminal the answer about each study, and the launches that would make more of it comparable."""
    lines = []
    for pair in comparison.pairs:
        lines.append(f"{comparison.names[0]} and {pair.name}: {pair.sentence()}")
        lines += [f"{launch.sentence()}\n    {launch.command}".rstrip() for launch in pair.launches]
    return lines


def render_comparison(comparison: StudyComparison) -> str:
    """Return the page as HTML; the first study is the reference."""
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
    """Return how much of the reference carries over, among all rows that could be judged."""
    judged = [row.judgement.verdict for pair in comparison.pairs for row in pair.shared if row.judgement]
    if not judged:
        return f"Nothing that {comparison.names[0]} measured can be compared yet"
    if set(judged) == {"open"}:
        return f"Whether the effects of {comparison.names[0]} carry over is open"
    over, of = sum(verdict == "carries over" for verdict in judged), formatting.plural(len(judged), "effect")
    return f"{over} of {of} of {comparison.names[0]} {'carries' if over == 1 else 'carry'} over"


def _caveats(comparison: StudyComparison, caveat: Callable[[StudyRow], str]) -> str:
    """Return what to know about the studies' numbers, each caveat once; with names where it is about some of them."""
    named: dict[str, list[str]] = {}
    for name, one in zip(comparison.names, comparison.studies, strict=True):
        if said := caveat(one.study):
            named.setdefault(said, []).append(name)
    return " ".join(
        said if len(names) == len(comparison.names) else f"{', '.join(names)}: {said}" for said, names in named.items()
    )


def _bars(pair: PairOfStudies) -> tuple[Markup, list[Markup]]:
    """Return the axis of the effects in both studies, and a row of two intervals per effect."""
    both = [(row.first.interval, row.second.interval) for row in pair.shared]
    axis = interval_svg.axis([each for row in both for each in row if each], pair.first.units.score)
    return interval_svg.scale(axis), [interval_svg.pair(first, second, axis) for first, second in both]
