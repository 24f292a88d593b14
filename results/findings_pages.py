"""What studies found, as pages in Markdown for a repository: one a study, and the scoreboard of the reports' claims.

A page says how to measure its numbers again: the command, the commit, the seeds. What somebody wrote between the two
marks of its judgement stays when it is written anew; all else is generated. In the scoreboard the lines of other
pages stay that are not written now: the study behind them may be on another machine.
"""

from __future__ import annotations

import functools
import re
import shlex
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from results import account, claim_words, command, page, wording
from results.described import described
from results.errors import ResultsError
from results.markdown import level, templates, unescaped
from results.outcome import Outcome, outcome
from results.printed import Claim, all_claims
from results.replication import Finding
from results.sections.claims import Claims

if TYPE_CHECKING:
    from jinja2 import Environment

    from results.command import Opened
    from results.rows import EnvironmentRow

SCOREBOARD = "scoreboard"
VERDICTS = ("replicated", "contradicted", "open", "not run")
FIRST, LAST = "<!-- judgement, by hand: kept when this page is written anew -->", "<!-- end of judgement -->"
# A line of the scoreboard with a verdict, as scoreboard.md.j2 writes it.
LINE = re.compile(r"\| (?P<statement>.*?[^\\]) \| \[\w+\]\((?P<page>[^)]+)\.md\), .* \| (?P<verdict>\w+) \|")
FOLDER = "DATA"  # stands for the folder of the data, which is somewhere else on another machine


@dataclass(frozen=True)
class Standing:
    """What a scoreboard says already of a claim, from a study that is not at hand now."""

    line: str
    page: str
    verdict: str


@dataclass(frozen=True)
class Scored:
    """A claim of a report, and what a study says of it, or the line that stands; None where there is neither."""

    claim: Claim
    page: str
    finding: Finding | None
    standing: Standing | None = None

    @property
    def verdict(self) -> str:
        """replicated, contradicted, open, or not run: nothing was measured of it."""
        if self.standing is not None:
            return self.standing.verdict
        if self.finding is None or not self.finding.measured:
            return "not run"
        return self.finding.judgement.verdict


def write_pages(studies: Sequence[Opened], folder: Path) -> None:
    """Write a page a study, NAME.md, and where one of them repeats a report's table, scoreboard.md, into `folder`.

    A claim that none of these studies can test is "not run" in the scoreboard, or stays as it is there. UnknownStudy,
    StorageError for a name that is none of a file, ResultsError for two pages of one name.
    """
    names = [command.default_folder(name).name for _, name in studies]
    twice = next((name for place, name in enumerate(names) if name in (SCOREBOARD, *names[:place])), None)
    if twice is not None:
        raise ResultsError(f"Two pages would be named {twice}.md. Write them into two folders: --out FOLDER")
    found = {name: outcome(database, study) for name, (database, study) in zip(names, studies, strict=True)}
    for name, one in found.items():
        _write(folder / f"{name}.md", "study", _study(one))
    if any(_claims(one) for one in found.values()):
        path = folder / f"{SCOREBOARD}.md"
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        _write(path, "scoreboard", _scoreboard(found, text, [name for name in _pages(folder) if name not in found]))


def scored(found: Mapping[str, Outcome], others: Mapping[str, Standing] = MappingProxyType({})) -> list[Scored]:
    """Every claim of every report, in the order of the reports; `found` by the names of their pages.

    `others` by the claim's statement: what is told of those that none of `found` is about.
    """
    told: dict[str, tuple[str, Finding]] = {}
    for name, one in found.items():
        claims = _claims(one)
        told |= {finding.claim.id: (name, finding) for finding in (claims.found if claims else ())}
    return [
        Scored(claim, *told[claim.id]) if claim.id in told else Scored(claim, "", None, others.get(claim.statement))
        for claim in all_claims()
    ]


def standing(text: str, pages: Collection[str]) -> dict[str, Standing]:
    """Statement of a claim -> what a scoreboard's text says of it, where the page with its table is one of `pages`."""
    found = [line for line in map(LINE.fullmatch, text.splitlines()) if line and line["page"] in pages]
    return {unescaped(line["statement"]): Standing(line[0], line["page"], line["verdict"]) for line in found}


def judgement(path: Path) -> str:
    """What was written by hand on the page that is there, with its marks; empty marks where there is none."""
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    kept = re.search(f"{re.escape(FIRST)}.*?{re.escape(LAST)}", text, re.DOTALL)
    return kept[0] if kept else f"{FIRST}\n{LAST}"


def _write(path: Path, template: str, context: Mapping[str, Any]) -> None:
    made = _templates().get_template(f"findings/{template}.md.j2")
    command.write_text(path, made.render(context, judgement=judgement(path), wording=wording, words=claim_words))


@functools.cache
def _templates() -> Environment:
    return templates("results", FILTERS)


def _study(found: Outcome) -> dict[str, Any]:
    study, results, summary = found.results.study, found.results, found.summary
    compared = [row.comparison for row in summary.against_baseline] + [row.comparison for row in summary.ablation]
    over = {one.over for one in (*compared, summary.gain) if one}
    return {
        "study": study,
        "found": summary,
        "unit": results.units.score,
        "custom": account.is_custom(study),
        "claims": _claims(found),
        "page": page,
        "described": described,
        "made_up": page.made_up(study),
        "backbone_note": page.MINILM if study.backbone == "minilm" else "",
        "interval_note": page.interval_note(
            over,
            fixed_pretraining=bool(study.settings_json.get("fixed_pretraining_seed")),
            custom=account.is_custom(study),
        ),
        "held": [factor for factor in study.space_json.get("factors", []) if factor.get("reason")],
        "design": account.design_facts(results),
        "rows": study.data_json.get("rows", {}),
        "again": _again(found),
        "seeds": sorted({run.seed for run in results.runs if run.phase != "search"}),
        "environments": _environments(found),
        "config": account.pretty_json(summary.best.config) if summary.best else "",
    }


def _scoreboard(found: Mapping[str, Outcome], text: str, others: Collection[str]) -> dict[str, Any]:
    """Of the studies `found`, and what `text`, the scoreboard that is there, says of the pages `others`."""
    claims = scored(found, standing(text, others))
    reports = {
        claim.claim.report: [one for one in claims if one.claim.report == claim.claim.report] for claim in claims
    }
    stay = any(one.standing for one in claims)
    scales = sorted({claim_words.scale_note(one.results.study) for one in found.values() if _claims(one)})
    backbones = {one.results.study.backbone for one in found.values()}
    return {
        "claims": claims,
        "reports": reports,
        "counts": Counter(one.verdict for one in claims),
        "verdicts": VERDICTS,
        "scale": scales[0] if len(scales) == 1 and not stay else "",
        "minilm": "minilm" in backbones or (stay and page.MINILM in unescaped(text)),
        "page": page,
    }


def _pages(folder: Path) -> list[str]:
    return [path.stem for path in folder.glob("*.md")]


def _claims(found: Outcome) -> Claims | None:
    return next((one.content for one in found.sections if isinstance(one.content, Claims)), None)


def _again(found: Outcome) -> str:
    """The command that began the study, wherever the data are."""
    study = found.results.study
    try:
        words = shlex.split(study.command)
    except ValueError:  # not a command that this program wrote
        return study.command
    return shlex.join(FOLDER if word == study.data_source else word for word in words)


def _environments(found: Outcome) -> list[EnvironmentRow]:
    numbers = sorted({run.environment_id for run in found.results.runs if run.environment_id is not None})
    rows = (found.database.runs.environment(number) for number in numbers)
    return [row for row in rows if row is not None]


def _commit(commit: str | None) -> str:
    """A commit's first twelve digits; "+" stays, which says that files differed from it."""
    return "unknown" if commit is None else commit[:12] + ("+" if commit.endswith("+") else "")


FILTERS: Mapping[str, Callable[..., str]] = {
    "score": wording.score_text,
    "spread": wording.score_with_spread,
    "interval": wording.score_interval,
    "points": wording.points_text,
    "points_interval": wording.points_interval,
    "spread_in": lambda mean, spread, unit: unit.spread(mean, spread),
    "spread_with_unit": lambda mean, spread, unit: unit.spread_with_unit(mean, spread),
    "difference_in": lambda difference, unit: unit.difference(difference),
    "interval_in": lambda interval, unit: unit.interval(interval),
    "seeds": wording.seeds_text,
    "p": wording.p_text,
    "level": level,
    "count": wording.count_text,
    "duration": wording.duration,
    "average": claim_words.average_text,
    "measured": claim_words.spread_text,
    "commit": _commit,
}
