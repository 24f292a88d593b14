"""From a study to the HTML of its report. Everything is escaped by the template; see `results.report`."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from results import interval_svg, page, wording
from results.figures import Figure, figures
from results.frames import study_frames
from results.records import Database
from results.rows import RunRow
from results.sections import SECTIONS, build_all
from results.study_results import StudyResults
from results.summary import Summary, seconds_spent, summarise

TEMPLATES = Path(__file__).parent / "templates"
LONG_LIST = 30  # longer tables start folded


def render_report(database: Database, name: str) -> str:
    """The page of study `name` as HTML."""
    results = StudyResults(database, name)
    found = summarise(results)
    sections = build_all(SECTIONS, results, found)
    drawn = figures(results, found)
    everywhere = [*drawn, *(figure for section in sections for figure in section.content.figures())]
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "score": wording.score_text,
        "points": wording.points_text,
        "level": wording.level_text,
        "duration": wording.duration,
        "count": wording.count_text,
        "memory": wording.memory_text,
        "json": page.pretty_json,
    }
    return environment.get_template("report.html.j2").render(
        _context(database, results, found),
        figures=drawn,
        sections=sections,
        figures_json=_script_json([_figure_data(figure) for figure in everywhere]),
        plotly=_plotly() if everywhere else "",
        style=_asset("report.css"),
        script=_asset("report.js"),
    )


def _context(database: Database, results: StudyResults, found: Summary) -> dict[str, Any]:
    frames = study_frames(database, results.study.study_name)
    issues = database.data_issues(results.study.study_name)
    named = [(row.cell.name, row.comparison) for row in found.ablation]
    named += [(row.entry.digest, row.comparison) for row in found.against_baseline]
    shown = {name: comparison for name, comparison in named if comparison}
    compared = list(shown.values())
    axis = interval_svg.axis([comparison.interval for comparison in compared])
    over = {comparison.over for comparison in (*compared, found.gain) if comparison}
    over |= {entry.interval_over for entry in found.leaderboard if entry.interval_over}
    alone = {digest: task for task, digest in results.references().items()}
    environments = frames.environments.to_dict(orient="records")
    return {
        "found": found,
        "study": found.study,
        "results": results,
        "page": page,
        "wording": wording,
        "made_up": page.MADE_UP if found.study.data_made_up else "",
        "backbone_note": page.MINILM if found.study.backbone == "minilm" else "",
        "left_out": found.not_run.beyond_budget,
        "interval_note": page.interval_note(over, fixed_pretraining=_fixed_pretraining(found)),
        "fixed_pretraining": _fixed_pretraining(found),
        "scale": Markup(interval_svg.scale(axis)),
        "bars": {name: Markup(interval_svg.bar(each.interval, axis)) for name, each in shown.items()},
        "issues": issues,
        "issue_kinds": _counts([issue.kind for issue in issues]),
        "environments": [(row, sorted(json.loads(row["packages_json"]).items())) for row in environments],
        "run_rows": [_run_row(found, run, alone.get(run.config_digest)) for run in results.runs],
        "LONG_LIST": LONG_LIST,
        "seeds": sorted({run.seed for digest in results.measured() for run in results.results_of(digest).values()}),
    }


def _fixed_pretraining(found: Summary) -> bool:
    """Whether all seeds share what comes before multitask (`--fixed-pretraining-seed`)."""
    return bool(found.study.settings_json.get("fixed_pretraining_seed"))


def _run_row(found: Summary, run: RunRow, alone: str | None) -> dict[str, Any]:
    """`alone`: the one task that the run trained, where it is a reference."""
    differing = wording.changes(found.baseline_choices, run.choices_json)
    told = "the baseline" if not differing else wording.changes_in_words(differing)
    reason = ": ".join(part for part in (run.reason, run.detail) if part and part != run.status)
    return {
        "run": run,
        "changes": told if alone is None else f"{told}; {alone} alone",
        "seconds": seconds_spent(run),
        "reason": reason,
    }


def _counts(kinds: Sequence[str]) -> list[tuple[str, int]]:
    return sorted(((kind, kinds.count(kind)) for kind in set(kinds)), key=lambda item: (-item[1], item[0]))


def _figure_data(figure: Figure) -> dict[str, Any]:
    return {"id": figure.id, "traces": figure.traces, "layout": figure.layout}


def _script_json(value: object) -> Markup:
    """JSON that may stand inside a script element: no "<" can end it."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))  # escapes all but ASCII
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def _plotly() -> str:
    """plotly.min.js, gzip and base64: 1.9 MB in place of 4.8."""
    import plotly

    source = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    return base64.b64encode(gzip.compress(source.read_bytes(), 9, mtime=0)).decode("ascii")


def _asset(name: str) -> Markup:
    return Markup((TEMPLATES / name).read_text(encoding="utf-8"))
