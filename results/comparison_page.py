"""From several studies to the HTML page that compares them. Everything is escaped by the template."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from markupsafe import Markup

from results import first_screen, interval_svg, notes, wording
from results.comparing import PairOfStudies, StudyComparison
from results.rendering import TEMPLATES, template_environment
from results.rows import StudyRow
from results.study_effects import Effect
from results.summary import Summary
from results.wording import seeds_text

EXPLAINED = (
    "Difference: the effect in this study minus that in the reference. Carries over: the effects do not surely differ "
    "and both studies give the same verdict, or they are surely alike. Reverses: they differ, one helps and the other "
    "hurts. Differs: they differ in size, or one study has an effect and the other none. Open: neither. Any wrong "
    "differs or reverses in the table at most 5 % of the time (Holm; the p shown is adjusted)."
)
SAME_DATA = (
    "Both were measured on the same examples; the intervals of the differences do not make use of that and are wider "
    "than they had to be."
)
CORRECTED = (
    "Verdicts are corrected for the selection bias of a study's best in runs that it was chosen by; points and "
    "intervals are as measured."
)
ELSEWHERE = (
    "Around another configuration: the studies made the same change to configurations that differ in other choices, "
    "named below it; an effect that does not carry over may be due to these."
)
TURNED = "Rows marked with ⇄ were measured the other way round in this study; their sign is turned."


def in_brief(found: StudyComparison) -> list[str]:
    """For a terminal: the answer about each study, and the launches that would make more of it comparable."""
    told = []
    for pair in found.pairs:
        told.append(f"{found.names[0]} and {pair.name}: {pair.sentence()}")
        told += [f"{launch.sentence()}\n    {launch.command}".rstrip() for launch in pair.launches]
    return told


def render_comparison(found: StudyComparison) -> str:
    """The page as HTML; the first study is the reference."""
    return (
        template_environment()
        .get_template("comparison.html.j2")
        .render(
            found=found,
            unit=found.studies[0].units.score,
            tables=[_table(pair, found.names[0]) for pair in found.pairs],
            answers=[_answer(one) for one in found.studies],
            made_up=_caveats(found, first_screen.made_up),
            backbone_note=_caveats(found, lambda study: first_screen.MINILM if study.backbone == "minilm" else ""),
            headline=headline(found),
            wording=wording,
            style=Markup((TEMPLATES / "report.css").read_text(encoding="utf-8")),
        )
    )


def headline(found: StudyComparison) -> str:
    """How much of the reference carries over, over all rows that could be judged."""
    judged = [row.judgement.verdict for pair in found.pairs for row in pair.shared if row.judgement]
    if not judged:
        return f"Nothing that {found.names[0]} measured can be compared yet"
    if set(judged) == {"open"}:
        return f"Whether the effects of {found.names[0]} carry over is open"
    over, of = sum(verdict == "carries over" for verdict in judged), wording.plural(len(judged), "effect")
    return f"{over} of {of} of {found.names[0]} {'carries' if over == 1 else 'carry'} over"


def _caveats(found: StudyComparison, caveat: Callable[[StudyRow], str]) -> str:
    """What is to be known of the studies' numbers, each thing once; of some of them, with their names."""
    told: dict[str, list[str]] = {}
    for name, one in zip(found.names, found.studies, strict=True):
        if said := caveat(one.study):
            told.setdefault(said, []).append(name)
    return " ".join(
        said if len(names) == len(found.names) else f"{', '.join(names)}: {said}" for said, names in told.items()
    )


def _answer(found: Summary) -> dict[str, str]:
    """A study's own answer, in the columns of the table of studies."""
    best, gain, unit = found.best, found.gain, found.units.score
    return {
        "best": first_screen.best_name(found) if best else wording.NONE,
        "score": f"{unit.spread_with_unit(best.mean, best.spread)}, {seeds_text(best.seeds)}" if best else wording.NONE,
        "gain": f"{unit.change(gain.interval.estimate)} {unit.interval(gain.interval)}" if gain else wording.NONE,
        "runs": f"{found.counts.complete:,} complete",
    }


def _table(pair: PairOfStudies, reference: str) -> dict[str, Any]:
    drawn = [each for row in pair.shared for each in (row.first.interval, row.second.interval) if each]
    unit = pair.first.units.score
    axis = interval_svg.axis(drawn, unit)
    notes = [EXPLAINED]
    if pair.margin is not None:
        notes += [f"Alike: surely within {pair.first.units.score.apart(pair.margin)} of each other."]
    notes += [SAME_DATA] if pair.same_data else []
    notes += [CORRECTED] if any(row.is_corrected for row in pair.shared) else []
    notes += [ELSEWHERE] if any(row.elsewhere for row in pair.shared) else []
    notes += [TURNED] if any(row.turned for row in pair.shared) else []
    return {
        "scale": Markup(interval_svg.scale(axis)),
        "rows": [
            (row, Markup(interval_svg.pair(row.first.interval, row.second.interval, axis))) for row in pair.shared
        ],
        "notes": " ".join(notes),
        "lists": [
            (f"Only in {reference}", [_listed(one, pair.first) for one in pair.only_first]),
            (f"Only in {pair.name}", [_listed(one, pair.second) for one in pair.only_second]),
        ],
    }


def _listed(effect: Effect, found_in: Summary) -> str:
    """ "pooling mean → cls: −2.3 points [−3.0, −1.6], hurts"."""
    found = effect.comparison
    unit = found_in.units.score
    return f"{effect.words()}: {notes.effect_in_words(found, effect.judgement, unit) if found else 'no verdict yet'}"
