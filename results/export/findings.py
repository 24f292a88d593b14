"""Findings as Markdown pages for a repository: one page per study, and the scoreboard of the reports' claims.

A page says how to reproduce its numbers: command, commit and seeds. Pages are generated; judgements written by hand are
in `findings.json` beside them.
"""

from __future__ import annotations

import functools
import json
import shlex
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from results import commands
from results.analysis.describe import described
from results.database.rows import JsonObject
from results.errors import ResultsError
from results.published import wording as claim_words
from results.published.measured_claims import smaller_than
from results.published.tables import Claim, Metric, all_claims
from results.published.verdicts import SMALLER_THAN, VERDICTS
from results.report import first_screen, methods, notes
from results.report.content import Outcome, outcome
from results.report.sections.claims import Claims
from results.statistics import Interval
from results.text import formatting
from results.text.markdown import level, templates
from results.text.verdict_words import verdict_words

if TYPE_CHECKING:
    from jinja2 import Environment

    from results.commands import Opened
    from results.database.rows import EnvironmentRow

SCOREBOARD = "scoreboard"
DATA_FILE = "findings.json"
FOLDER = "DATA"  # replaces the data folder in commands, which differs between machines
PLACES = ("--out", "--storage")  # flags that commands leave out, as their folders differ between machines, too
# Pages of earlier releases contain their judgement; now it is in the data file.
OLD_MARK = "<!-- judgement, by hand"


@dataclass(frozen=True)
class ScoredClaim:
    """A claim of a report, with its verdict on the page of a study.

    `measured`: metric -> (estimate, low, high) of better minus worse, in score units. `is_smaller`: smaller than
    printed, which a replicated claim can be too.
    """

    claim: Claim
    page: str = ""
    verdict: str = "not run"
    is_smaller: bool = False
    measured: Mapping[Metric, Sequence[float]] = field(default_factory=dict)


def write_pages(studies: Sequence[Opened], folder: Path) -> None:
    """Write NAME.md per study, and scoreboard.md if any of them reproduces a report's table, into `folder`.

    `findings.json` in the folder keeps the judgement of each page and the verdict on each claim, so that the scoreboard
    includes studies that are not available now. Claims that no page tests are "not run".

    Raises:
        StorageError: a study's name cannot be the name of a file.
        ResultsError: two pages would have the same name, or the data file is unreadable.
    """
    names = [commands.default_folder(name).name for _, name in studies]
    duplicate = next((name for place, name in enumerate(names) if name in (SCOREBOARD, *names[:place])), None)
    if duplicate is not None:
        raise ResultsError(f"Two pages would be named {duplicate}.md. Write them into two folders: --out FOLDER")
    outcomes = {name: outcome(database, study) for name, (database, study) in zip(names, studies, strict=True)}
    data = _read(folder, [*outcomes, SCOREBOARD])
    for name, each in outcomes.items():
        _update(data, name, each)
        _write(folder, name, "study", data, _study(each))
    if any(map(_claims, outcomes.values())):
        data["pages"].setdefault(SCOREBOARD, {"judgement": []})
        _write(folder, SCOREBOARD, "scoreboard", data, _scoreboard(data))
    text = json.dumps(data, indent=1, ensure_ascii=False, sort_keys=True)
    commands.write_text(folder / DATA_FILE, f"{text}\n")


def scored(claims: Mapping[str, JsonObject]) -> list[ScoredClaim]:
    """Return every claim of every report in their order; `claims`: id -> page, verdict and differences."""
    return [ScoredClaim(claim, **claims.get(claim.id, {})) for claim in all_claims()]


def claims_data(page: str, claims: Claims) -> dict[str, JsonObject]:
    """Return claim id -> page, verdict and measured differences (estimate, low, high) of a study."""
    return {
        each.claim.id: {
            "page": page,
            "verdict": each.judgement.verdict if each.measured else "not run",
            "is_smaller": each.judgement.is_smaller,
            "measured": {part.metric: astuple(part.interval) for part in each.measured},
        }
        for each in claims.measured
    }


def _read(folder: Path, names: Sequence[str]) -> JsonObject:
    """Return the folder's data without deleted pages; `names` are about to be written."""
    for name in names:
        page = folder / f"{name}.md"
        if page.is_file() and OLD_MARK in page.read_text(encoding="utf-8"):
            raise ResultsError(
                f"{page} contains its judgement, as in earlier releases. Move that text to {folder / DATA_FILE} "
                f'({{"claims": {{}}, "pages": {{"{name}": {{"judgement": ["line", ...]}}}}}}) and delete the page.'
            )
    path = folder / DATA_FILE
    try:
        data = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"claims": {}, "pages": {}}
        kept = {name for name in data["pages"] if name in names or (folder / f"{name}.md").is_file()}
        return {
            "claims": {key: claim for key, claim in data["claims"].items() if claim["page"] in kept},
            "pages": {name: page for name, page in data["pages"].items() if name in kept},
        }
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise ResultsError(f"{path} is not a data file of findings ({error}). Correct it, or delete it.") from error


def _update(data: JsonObject, name: str, outcome: Outcome) -> None:
    """Replace a page's data with its study's current results, but keep the judgement."""
    data["claims"] = {key: claim for key, claim in data["claims"].items() if claim["page"] != name}
    page: JsonObject = {"judgement": data["pages"].get(name, {}).get("judgement", [])}
    data["pages"][name] = page
    claims = _claims(outcome)
    if claims is not None:
        data["claims"] |= claims_data(name, claims)
        page |= {"backbone": claims.study.backbone, "scale": claim_words.scale_note(claims.study)}
        page |= {"smaller_than": smaller_than(claims.study)}


def _write(folder: Path, name: str, template: str, data: JsonObject, context: Mapping[str, Any]) -> None:
    page = _templates().get_template(f"findings/{template}.md.j2")
    judgement = "\n".join(data["pages"][name]["judgement"])
    text = page.render(context, judgement=judgement, data_file=DATA_FILE, wording=formatting, words=claim_words)
    commands.write_text(folder / f"{name}.md", text)


@functools.cache
def _templates() -> Environment:
    return templates("results", FILTERS)


def _study(outcome: Outcome) -> dict[str, Any]:
    study, results, summary = outcome.results.study, outcome.results, outcome.summary
    compared = [row.comparison for row in summary.against_baseline] + [row.comparison for row in summary.ablation]
    over = {one.over for one in (*compared, summary.gain) if one}
    return {
        "study": study,
        "summary": summary,
        "unit": results.units.score,
        "custom": methods.is_custom(study),
        "claims": _claims(outcome),
        "first_screen": first_screen,
        "notes": notes,
        "described": described,
        "made_up": first_screen.made_up(study),
        "backbone_note": first_screen.MINILM if study.backbone == "minilm" else "",
        "interval_note": notes.interval_note(over, study),
        "held": [factor for factor in study.space_json.get("factors", []) if factor.get("reason")],
        "design": methods.design_facts(results),
        "rows": study.data_json.get("rows", {}),
        "again": _again(outcome),
        "seeds": sorted({run.seed for run in results.runs if run.phase != "search"}),
        "environments": _environments(outcome),
        "config": methods.pretty_json(summary.best.config) if summary.best else "",
    }


def _scoreboard(data: JsonObject) -> dict[str, Any]:
    claims = scored(data["claims"])
    studies = [data["pages"][name] for name in {claim["page"] for claim in data["claims"].values()}]
    scales = {study["scale"] for study in studies}
    return {
        "claims": claims,
        "reports": {report: list(group) for report, group in groupby(claims, key=lambda each: each.claim.report)},
        "counts": Counter(each.verdict for each in claims),
        "verdicts": (*VERDICTS, "not run"),
        "shares": {study["smaller_than"] for study in studies if "smaller_than" in study} or {SMALLER_THAN},
        "older": any("smaller_than" not in study for study in studies),
        "scale": scales.pop() if len(scales) == 1 else "",
        "minilm": any(study["backbone"] == "minilm" for study in studies),
        "first_screen": first_screen,
    }


def _claims(outcome: Outcome) -> Claims | None:
    return next((each.content for each in outcome.sections if isinstance(each.content, Claims)), None)


def _again(outcome: Outcome) -> str:
    """Return the command that started the study, with `DATA` for its data folder and without `PLACES`."""
    study = outcome.results.study
    try:
        words = shlex.split(study.command)
    except ValueError:  # not a command that this program wrote
        return study.command
    kept = [
        FOLDER if word == study.data_source else word
        for before, word in zip(["", *words], words, strict=False)
        if word not in PLACES and before not in PLACES and not word.startswith(tuple(f"{flag}=" for flag in PLACES))
    ]
    return shlex.join(kept)


def _environments(outcome: Outcome) -> list[EnvironmentRow]:
    ids = sorted({run.environment_id for run in outcome.results.runs if run.environment_id is not None})
    return [row for row in map(outcome.database.runs.environment, ids) if row is not None]


def _commit(commit: str | None) -> str:
    """Return a commit's first twelve digits, with the "+" of modified files."""
    return "unknown" if commit is None else commit[:12] + ("+" if commit.endswith("+") else "")


FILTERS: Mapping[str, Callable[..., str]] = {
    "score": formatting.score_text,
    "spread": formatting.score_with_spread,
    "points": formatting.points_text,
    "points_interval": formatting.points_interval,
    "measured_points": lambda ends: f"{formatting.points_text(ends[0])} {formatting.points_interval(Interval(*ends))}",
    "spread_in": lambda mean, spread, unit: unit.spread(mean, spread),
    "spread_with_unit": lambda mean, spread, unit: unit.spread_with_unit(mean, spread),
    "shown": notes.effect_numbers,
    "verdict": verdict_words,
    "seeds": formatting.seeds_text,
    "p": formatting.p_text,
    "level": level,
    "count": formatting.count_text,
    "duration": formatting.duration,
    "average": claim_words.average_text,
    "measured": claim_words.spread_text,
    "commit": _commit,
}
