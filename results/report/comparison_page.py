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


def in_brief(found: StudyComparison) -> list[str]:
    """Return for a terminal the answer about each study, and the launches that would make more of it comparable."""
    lines = []
    for pair in found.pairs:
        lines.append(f"{found.names[0]} and {pair.name}: {pair.sentence()}")
        lines += [f"{launch.sentence()}\n    {launch.command}".rstrip() for launch in pair.launches]
    return lines


def render_comparison(found: StudyComparison) -> str:
    """Return the page as HTML; the first study is the reference."""
    return (
        template_environment()
        .get_template("comparison.html.j2")
        .render(
            found=found,
            unit=found.studies[0].units.score,
            bars=[_bars(pair) for pair in found.pairs],
            made_up=_caveats(found, first_screen.made_up),
            backbone_note=_caveats(found, lambda study: first_screen.MINILM if study.backbone == "minilm" else ""),
            headline=headline(found),
            first_screen=first_screen,
            notes=notes,
            style=Markup((TEMPLATES / "report.css").read_text(encoding="utf-8")),
        )
    )


def headline(found: StudyComparison) -> str:
    """Return how much of the reference carries over, among all rows that could be judged."""
    judged = [row.judgement.verdict for pair in found.pairs for row in pair.shared if row.judgement]
    if not judged:
        return f"Nothing that {found.names[0]} measured can be compared yet"
    if set(judged) == {"open"}:
        return f"Whether the effects of {found.names[0]} carry over is open"
    over, of = sum(verdict == "carries over" for verdict in judged), formatting.plural(len(judged), "effect")
    return f"{over} of {of} of {found.names[0]} {'carries' if over == 1 else 'carry'} over"


def _caveats(found: StudyComparison, caveat: Callable[[StudyRow], str]) -> str:
    """Return what to know about the studies' numbers, each caveat once; with names where it is about some of them."""
    named: dict[str, list[str]] = {}
    for name, one in zip(found.names, found.studies, strict=True):
        if said := caveat(one.study):
            named.setdefault(said, []).append(name)
    return " ".join(
        said if len(names) == len(found.names) else f"{', '.join(names)}: {said}" for said, names in named.items()
    )


def _bars(pair: PairOfStudies) -> tuple[Markup, list[Markup]]:
    """Return the axis of the effects in both studies, and a row of two intervals per effect."""
    both = [(row.first.interval, row.second.interval) for row in pair.shared]
    axis = interval_svg.shared_axis([each for row in both for each in row if each], pair.first.units.score)
    return interval_svg.scale(axis), [interval_svg.pair(first, second, axis) for first, second in both]
