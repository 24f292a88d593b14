"""The HTML of a study's report. The templates escape all text; see `results.report`."""

from __future__ import annotations

import base64
import functools
import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from results.analysis.comparisons import Judged, shown_interval
from results.analysis.contrasts import compared_runs
from results.analysis.describe import described
from results.analysis.sample_size import needed_note
from results.analysis.summary import Summary
from results.analysis.winners_curse import choice_note
from results.database.database import Database
from results.figures import run_links
from results.figures.figure import Figure
from results.measurements import code_versions, kept_epoch
from results.measurements.record_frames import environment_frame
from results.report import first_screen, key_findings, methods, notes, primary_rows
from results.report.content import Outcome, outcome
from results.report.contents import contents
from results.report.method_note import method_note
from results.report.run_table import run_list
from results.report.sections.section import interval_bars
from results.text import formatting
from results.text.verdict_words import level_words, verdict_words

TEMPLATES = Path(__file__).parents[1] / "templates"
SCRIPTS = ("report.js", "run_list.js")


def render_report(database: Database, name: str) -> str:
    """Return the page of study `name` as HTML.

    Raises:
        UnknownStudy: the database has no study of that name.
    """
    return render(outcome(database, name))


def render(study: Outcome) -> str:
    """Return the page of a study as HTML."""
    figures = study.figures()
    return (
        template_environment()
        .get_template("report.html.j2")
        .render(
            _context(study),
            sections=study.sections,
            figures_json=_script_json([_figure_data(figure) for figure in figures]),
            plotly=_plotly() if figures else "",
            style=_asset("report.css"),
            scripts=[_asset(name) for name in SCRIPTS],
        )
    )


@functools.cache  # compiling the templates takes longer than rendering them
def template_environment() -> Environment:
    """Return the environment of the templates: escaping, their functions, and filters for numbers."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "methods": methods,
        "compared_runs": compared_runs,
        "described": described,
        "first_screen": first_screen,
        "kept_epoch": kept_epoch,
        "notes": notes,
        "level_words": level_words,
        "method_note": method_note,
        "primary_rows": primary_rows,
        "run_links": run_links,
        "shown_interval": shown_interval,
        "verdict_words": verdict_words,
        "wording": formatting,
    }
    environment.filters |= {
        "score": _score,
        "points": _points,
        "level": formatting.level_text,
        "duration": formatting.duration,
        "count": formatting.count_text,
        "memory": formatting.memory_text,
        "json": methods.pretty_json,
        "runs": run_links.linked,
    }
    return environment


@pass_context
def _score(context: Context, value: float | None) -> str:
    return str(context["unit"].score(value))


@pass_context
def _points(context: Context, difference: float | None) -> str:
    return str(context["unit"].difference(difference))


def _context(study: Outcome) -> dict[str, Any]:
    results, summary = study.results, study.summary
    issues = study.database.studies.data_issues(study.name)
    runs = run_list(results.runs, summary, results.references(), results.cells)
    environments = environment_frame(study.database, study.name).to_dict(orient="records")
    return {
        "summary": summary,
        "study": summary.study,
        "results": results,
        "unit": results.units.score,
        **_comparisons(study),
        "groups": key_findings.groups(results, summary),
        "code_note": code_versions.note(summary.study, results.runs),
        "mixed_code": code_versions.mixed(results, _reference(summary)),
        "made_up": first_screen.made_up(summary.study),
        "backbone_note": first_screen.MINILM if summary.study.backbone == "minilm" else "",
        "left_out": summary.not_run.beyond_budget,
        "choice_note": choice_note(results, summary.best.digest if summary.best and summary.ablation else None),
        "needed_note": needed_note(summary.needed),
        "primary_note": primary_rows.note(summary.ablation),
        "fixed_pretraining": bool(summary.study.settings_json.get("fixed_pretraining_seed")),
        "issues": issues,
        "headings": {each.id: each for each in contents(study, len(issues))},
        "issue_kinds": Counter(sorted(issue.kind for issue in issues)).most_common(),
        "environments": [(row, sorted(json.loads(row["packages_json"]).items())) for row in environments],
        "runs": runs,
        "runs_json": _script_json(runs.as_json()),
        "seeds": sorted({run.seed for digest in results.measured() for run in results.results_of(digest).values()}),
    }


def _comparisons(study: Outcome) -> dict[str, Any]:
    """Return the intervals as bars on one axis, by cell or configuration, and the note about intervals."""
    results, summary = study.results, study.summary
    rows: list[Judged] = [*summary.ablation, *summary.against_baseline]
    names = [row.cell.name for row in summary.ablation] + [row.entry.digest for row in summary.against_baseline]
    scale, bars = interval_bars(rows, results.units.score)
    over = {one.over for one in (*(row.comparison for row in rows), summary.gain) if one}
    over |= {entry.interval_over for entry in summary.leaderboard if entry.interval_over}
    return {
        "scale": scale,
        "bars": dict(zip(names, bars, strict=True)),
        "judged_rows": rows,
        "interval_note": notes.interval_note(over, summary.study),
    }


def _reference(summary: Summary) -> str | None:
    """Return the digest of the configuration that the rows of the table are compared with."""
    entry = summary.baseline if summary.is_grid else summary.best
    return entry.digest if entry else None


def _figure_data(figure: Figure) -> dict[str, Any]:
    data = {"id": figure.id, "traces": figure.traces, "layout": figure.layout, "narrow": figure.narrow}
    return data | ({"menu": figure.menu} if figure.menu else {}) | ({"lines": figure.lines} if figure.lines else {})


def _script_json(value: object) -> Markup:
    """Return JSON for a script element, which no "<" can end."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))  # escapes all but ASCII
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


@functools.cache
def _plotly() -> str:
    """Return plotly.min.js as gzip in base64: 1.9 MB instead of 4.8 MB."""
    import plotly

    source = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    return base64.b64encode(gzip.compress(source.read_bytes(), 9, mtime=0)).decode("ascii")


def _asset(name: str) -> Markup:
    return Markup((TEMPLATES / name).read_text(encoding="utf-8"))
