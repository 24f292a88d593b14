"""Notes in Markdown, the report's figures and artifacts of a study, shown in Optuna's pages beside its trials."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from optuna.study import Study
from optuna.trial import Trial

from results.analysis.contrasts import Comparison, compare
from results.analysis.leaderboard import ConfigurationResult
from results.analysis.summary import Summary
from results.database.database import Database
from results.database.rows import StudyRow
from results.error_analysis.task_errors import BEST, task_errors
from results.error_analysis.view import TaskView
from results.export.figures import STYLE, page_colours, plotly_figure
from results.figures.confusion_svg import confusion_svg
from results.figures.figure import Figure
from results.measurements.custom_trainer import custom_trainer
from results.measurements.study_results import StudyResults
from results.report import first_screen
from results.report.content import Outcome, outcome
from results.text import formatting
from results.text.markdown import escaped
from results.text.units import Unit
from study.provenance.trust import is_study_folder
from study.search.optuna_storage import StoredStudy, stored_study, trial_id, with_retries
from study.web import artifacts

FIGURES = "study:figures"  # an attribute of the study: the hash of each figure that was written


def write(storage: str, result: Outcome, folder: Path) -> None:
    """Write notes, figures and artifacts of a study whose files are in `folder`, where they have changed.

    Do nothing if optuna-dashboard is not installed, or Optuna does not have the study, as for a grid.
    """
    try:
        import optuna_dashboard  # noqa: F401
    except ModuleNotFoundError:
        return
    with stored_study(storage, result.name) as stored:
        if stored is not None:
            with_retries(lambda: _write(stored, result, folder), stored.storage)


def complete(storage: str, database: Database, name: str) -> None:
    """Write them for a study that is not running and was launched without optuna-dashboard, or was interrupted.

    Files are written only to a folder in which a study of that name was launched, not to any folder that the database
    names.
    """
    if database.leases.live(name) is not None:
        return
    folder = folder_of(database.studies.require(name))
    with stored_study(storage, name) as stored:
        if stored is None:
            return
        from optuna_dashboard import get_note

        if get_note(stored.study) and (folder is None or artifacts.complete(stored, folder / artifacts.FOLDER)):
            return
        with_retries(lambda: _write(stored, outcome(database, name), folder), stored.storage)


def folder_of(row: StudyRow) -> Path | None:
    """Return the folder that a study's row names, or None if no study of that name was launched there."""
    out = row.settings_json.get("out")
    folder = Path(out if isinstance(out, str) else "runs") / row.study_name
    return folder if is_study_folder(folder, row.study_name) else None


def _write(stored: StoredStudy, result: Outcome, folder: Path | None) -> None:
    summary, study = result.summary, stored.study
    facts = {"space": summary.study.space, "data": summary.study.data_source, "backbone": summary.study.backbone}
    if (trainer := custom_trainer(summary.study)) is not None:
        facts = {"space": summary.study.space, "trainer": trainer, "score": summary.units.score.in_words}
    for key, value in facts.items():
        if study.user_attrs.get(key) != value:
            study.set_user_attr(key, value)
    _write_notes(stored, result.results, summary, folder)
    _write_figures(stored, result.figures())
    if folder is not None:
        artifacts.keep(stored, folder / artifacts.FOLDER, _files(result.results, summary, folder))


def _write_figures(stored: StoredStudy, figures: Iterable[Figure]) -> None:
    """Write the figures of the report that have changed, in the light colours of Optuna's default theme."""
    import plotly.graph_objects as go
    from optuna_dashboard import save_plotly_graph_object

    attribute = stored.attributes().get(FIGURES)
    written = dict(attribute) if isinstance(attribute, dict) else {}
    colours = page_colours(STYLE.read_text(encoding="utf-8"))
    for figure in figures:
        drawn = go.Figure(plotly_figure(figure, colours))
        mark = hashlib.sha256(drawn.to_json().encode()).hexdigest()
        if written.get(figure.id) != mark:
            save_plotly_graph_object(stored.study, drawn, graph_object_id=figure.id)
            stored.set_attribute(FIGURES, written := {**written, figure.id: mark})


def _write_notes(stored: StoredStudy, results: StudyResults, summary: Summary, folder: Path | None) -> None:
    """Write a note for the study, and one for every trial whose configuration was confirmed."""
    from optuna_dashboard import get_note, save_note

    study = stored.study

    def save(study_or_trial: Study | Trial, text: str) -> None:
        if get_note(study_or_trial) != text:
            save_note(study_or_trial, text)

    save(study, _study_note(summary, folder))
    entries = {entry.digest: entry for entry in summary.leaderboard}
    baseline = summary.baseline.digest if summary.baseline is not None else None
    texts: dict[str, str] = {}
    for trial in study.get_trials(deepcopy=False):
        digest = trial.user_attrs.get("config_digest")
        entry = entries.get(digest) if isinstance(digest, str) else None
        if entry is None:
            continue
        if entry.digest not in texts:
            comparison = None if baseline in (None, entry.digest) else compare(results, entry.digest, str(baseline))
            texts[entry.digest] = _trial_note(summary, entry, comparison)
        save(Trial(study, trial_id(stored.storage, stored.study_id, trial.number)), texts[entry.digest])


def _study_note(summary: Summary, folder: Path | None) -> str:
    """Return the study's note: headline, scores, gain with its interval, and the place of the report."""
    lines = [f"## {escaped(first_screen.headline(summary))}", ""]
    if summary.study.data_made_up:
        lines += [escaped(first_screen.MADE_UP), ""]
    unit, entries = summary.units.score, (("best", summary.best), ("baseline", summary.baseline))
    rows = [(name, _scored(entry, unit)) for name, entry in entries if entry]
    if summary.gain is not None:
        rows.append(("gain" if unit.higher_is_better else "change", _difference(summary.gain, unit)))
    lines += _table(rows)
    file = "" if folder is None else f", or the file {escaped(str(folder / 'report.html'))}"
    return "\n".join([*lines, f"Report: [/report](/report) in study.dashboard{file}", ""])


def _trial_note(summary: Summary, entry: ConfigurationResult, comparison: Comparison | None) -> str:
    """Return a trial's note: its configuration's scores with fresh seeds, and the comparison with the baseline."""
    rank = 1 + [other.digest for other in summary.leaderboard].index(entry.digest)
    changed = formatting.changes_in_words(formatting.changes(summary.baseline_choices, entry.choices))
    best = summary.best is not None and entry.digest == summary.best.digest
    title = f"Confirmed: rank {rank} of {len(summary.leaderboard)}{', the best' if best else ''}"
    unit = summary.units.score
    rows = [("configuration", changed), (unit.name, _scored(entry, unit))]
    if comparison is not None:
        rows.append(("compared with the baseline", _difference(comparison, unit)))
    if entry.test_mean is not None:
        rows.append(("test", unit.spread_with_unit(entry.test_mean, entry.test_spread)))
    if entry.train_seconds is not None:
        rows.append(("training", formatting.duration(entry.train_seconds)))
    rows.append(("runs", ", ".join(map(str, entry.run_ids))))
    remark = "The trial's own value is biased upwards, as it selected this configuration; fresh seeds are not."
    if not unit.higher_is_better:
        remark += f" A trial's value is the negative of its {unit.name}, because searches maximize."
    return "\n".join([f"## {escaped(title)}", "", *_table(rows), escaped(remark), ""])


def _table(rows: Iterable[tuple[str, str]]) -> list[str]:
    lines = [f"| {name} | {escaped(value)} |" for name, value in rows]
    return ["| | |", "|---|---|", *lines, ""] if lines else []


def _difference(comparison: Comparison, unit: Unit) -> str:
    interval = comparison.interval
    return f"{unit.change(interval.estimate)}, 95 % {unit.interval(interval)}, {formatting.zero_verdict(interval)}"


def _scored(entry: ConfigurationResult, unit: Unit) -> str:
    return f"{unit.spread_with_unit(entry.mean, entry.spread)} ({formatting.seeds_text(entry.seeds)})"


def _files(results: StudyResults, summary: Summary, folder: Path) -> dict[str, bytes]:
    """Return the report, the best configuration and the confusion matrices, as far as they exist, by file name."""
    files = {}
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        files["report.html"] = (folder / "report.html").read_bytes()
    if summary.best is None:
        return files
    files["best-config.json"] = json.dumps(summary.best.config, indent=2).encode()
    baseline = summary.baseline.digest if summary.baseline is not None else None
    for number, errors in enumerate(task_errors(results, summary.best.digest, baseline), start=1):
        # The name of a task may not be valid as a file name.
        name = errors.task if errors.task.isidentifier() and errors.task.isascii() else f"task-{number}"
        files[f"confusion-{name}.svg"] = confusion_svg(TaskView(errors), BEST).encode()
    return files
