"""From a study to the HTML of its report. Everything is escaped by the template; see `results.report`."""

from __future__ import annotations

import base64
import functools
import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from results.analysis.contrasts import compared_runs
from results.analysis.describe import described
from results.analysis.summary import Summary
from results.analysis.winners_curse import choice_note
from results.database.database import Database
from results.figures import interval_svg, run_links
from results.figures.figure import Figure
from results.measurements import code_versions, kept_epoch
from results.measurements.custom_trainer import custom_trainer
from results.measurements.record_frames import environment_frame
from results.report import first_screen, key_findings, methods, notes
from results.report.content import Outcome, outcome
from results.report.contents import contents
from results.report.run_table import run_list
from results.text import formatting

TEMPLATES = Path(__file__).parents[1] / "templates"
SCRIPTS = ("report.js", "run_list.js")


def render_report(database: Database, name: str) -> str:
    """Return the page of study `name` as HTML.

    Raises:
        UnknownStudy: if the database has no study of that name.
    """
    return render(outcome(database, name))


def render(study: Outcome) -> str:
    """Return the page of a study as HTML."""
    drawn = study.figures()
    return (
        template_environment()
        .get_template("report.html.j2")
        .render(
            _context(study),
            sections=study.sections,
            figures_json=_script_json([_figure_data(figure) for figure in drawn]),
            plotly=_plotly() if drawn else "",
            style=_asset("report.css"),
            scripts=[_asset(name) for name in SCRIPTS],
        )
    )


@functools.cache  # compiling the templates takes longer than filling them in
def template_environment() -> Environment:
    """Return the templates, escaping by default, with their functions and the filters for numbers."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "account": methods,
        "compared_runs": compared_runs,
        "described": described,
        "first_screen": first_screen,
        "kept_epoch": kept_epoch,
        "notes": notes,
        "run_links": run_links,
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
    results, found = study.results, study.summary
    issues = study.database.studies.data_issues(study.name)
    listed = run_list(results.runs, found, results.references(), results.cells)
    environments = environment_frame(study.database, study.name).to_dict(orient="records")
    return {
        "found": found,
        "study": found.study,
        "results": results,
        "unit": results.units.score,
        **_comparisons(study),
        "groups": key_findings.groups(results, found),
        "code_note": code_versions.note(found.study, results.runs),
        "mixed_code": code_versions.mixed(results, _reference(found)),
        "made_up": first_screen.made_up(found.study),
        "backbone_note": first_screen.MINILM if found.study.backbone == "minilm" else "",
        "left_out": found.not_run.beyond_budget,
        "choice_note": choice_note(
            results,
            found.best.digest if found.best and found.ablation else None,
            [(row.comparison, row.judged) for row in found.ablation if row.comparison and row.judged],
        ),
        "fixed_pretraining": _fixed_pretraining(found),
        "issues": issues,
        "headings": {each.id: each for each in contents(study, len(issues))},
        "issue_kinds": _counts([issue.kind for issue in issues]),
        "environments": [(row, sorted(json.loads(row["packages_json"]).items())) for row in environments],
        "runs": listed,
        "runs_json": _script_json(listed.as_json()),
        "seeds": sorted({run.seed for digest in results.measured() for run in results.results_of(digest).values()}),
    }


def _comparisons(study: Outcome) -> dict[str, Any]:
    """Return the intervals as bars on one axis, by cell or configuration, and the note on what they cover."""
    results, found = study.results, study.summary
    named = [(row.cell.name, row.comparison) for row in found.ablation]
    named += [(row.entry.digest, row.comparison) for row in found.against_baseline]
    shown = {name: comparison for name, comparison in named if comparison}
    axis = interval_svg.shared_axis([comparison.interval for comparison in shown.values()], results.units.score)
    over = {comparison.over for comparison in (*shown.values(), found.gain) if comparison}
    over |= {entry.interval_over for entry in found.leaderboard if entry.interval_over}
    return {
        "scale": interval_svg.scale(axis),
        "bars": {name: interval_svg.bar(each.interval, axis) for name, each in shown.items()},
        "interval_note": notes.interval_note(
            over, fixed_pretraining=_fixed_pretraining(found), custom=custom_trainer(found.study) is not None
        ),
    }


def _reference(found: Summary) -> str | None:
    """Return the configuration with which the rows of the table are compared."""
    entry = found.baseline if found.is_grid else found.best
    return entry.digest if entry else None


def _fixed_pretraining(found: Summary) -> bool:
    """Return whether all seeds share the stages before multitask (`--fixed-pretraining-seed`)."""
    return bool(found.study.settings_json.get("fixed_pretraining_seed"))


def _counts(kinds: Sequence[str]) -> list[tuple[str, int]]:
    return sorted(((kind, kinds.count(kind)) for kind in set(kinds)), key=lambda item: (-item[1], item[0]))


def _figure_data(figure: Figure) -> dict[str, Any]:
    data = {"id": figure.id, "traces": figure.traces, "layout": figure.layout, "narrow": figure.narrow}
    return data | ({"menu": figure.menu} if figure.menu else {}) | ({"lines": figure.lines} if figure.lines else {})


def _script_json(value: object) -> Markup:
    """JSON that may stand inside a script element: no "<" can end it."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))  # escapes all but ASCII
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


@functools.cache
def _plotly() -> str:
    """plotly.min.js, gzip and base64: 1.9 MB in place of 4.8."""
    import plotly

    source = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    return base64.b64encode(gzip.compress(source.read_bytes(), 9, mtime=0)).decode("ascii")


def _asset(name: str) -> Markup:
    return Markup((TEMPLATES / name).read_text(encoding="utf-8"))
