"""What Optuna's pages show of a study beside its trials: notes in Markdown, the report's figures, artifacts."""

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

FIGURES = "study:figures"  # a study's attribute: the hash of each figure that was written


def write(storage: str, whole: Outcome, folder: Path) -> None:
    """Write them all, of a study whose files are in `folder`; what is there already and the same stays untouched.

    Nothing where optuna-dashboard is not installed, or Optuna does not know the study: a grid has no search.
    """
    try:
        import optuna_dashboard  # noqa: F401
    except ModuleNotFoundError:
        return
    with stored_study(storage, whole.name) as stored:
        if stored is not None:
            with_retries(lambda: _write(stored, whole, folder), stored.storage)


def complete(storage: str, database: Database, name: str) -> None:
    """Write what a study that is not being run lacks of them: it was launched without optuna-dashboard, or interrupted.

    Files are kept only where a study of that name was launched: a database names no folder to write to.
    """
    if database.leases.live(name) is not None:
        return
    folder = folder_of(database.studies.require(name))
    with stored_study(storage, name) as stored:
        if stored is None:
            return
        if _noted(stored.study) and (folder is None or artifacts.whole(stored, folder / artifacts.FOLDER)):
            return
        with_retries(lambda: _write(stored, outcome(database, name), folder), stored.storage)


def folder_of(row: StudyRow) -> Path | None:
    """Return the folder of a study; None where no study of its name was launched in the place that its record names."""
    out = row.settings_json.get("out")
    folder = Path(out if isinstance(out, str) else "runs") / row.study_name
    return folder if is_study_folder(folder, row.study_name) else None


def _write(stored: StoredStudy, whole: Outcome, folder: Path | None) -> None:
    results, found, study = whole.results, whole.summary, stored.study
    about = {"space": found.study.space, "data": found.study.data_source, "backbone": found.study.backbone}
    if (trainer := custom_trainer(found.study)) is not None:
        about = {"space": found.study.space, "trainer": trainer, "score": found.units.score.in_words}
    for key, value in about.items():
        if study.user_attrs.get(key) != value:
            study.set_user_attr(key, value)
    _write_notes(stored, results, found, folder)
    _write_figures(stored, whole.figures())
    if folder is not None:
        artifacts.keep(stored, folder / artifacts.FOLDER, _files(results, found, folder))


def _write_figures(stored: StoredStudy, figures: Iterable[Figure]) -> None:
    """Write the report's figures that have changed, in the light colours that Optuna's pages have by themselves."""
    import plotly.graph_objects as go
    from optuna_dashboard import save_plotly_graph_object

    there = stored.attributes().get(FIGURES)
    written = dict(there) if isinstance(there, dict) else {}
    colours = page_colours(STYLE.read_text(encoding="utf-8"))
    for figure in figures:
        drawn = go.Figure(plotly_figure(figure, colours))
        mark = hashlib.sha256(drawn.to_json().encode()).hexdigest()
        if written.get(figure.id) != mark:
            save_plotly_graph_object(stored.study, drawn, graph_object_id=figure.id)
            stored.set_attribute(FIGURES, written := {**written, figure.id: mark})


def _noted(study: Study) -> bool:
    from optuna_dashboard import get_note

    return bool(get_note(study))


def _write_notes(stored: StoredStudy, results: StudyResults, found: Summary, folder: Path | None) -> None:
    """Write the study's note, and one for every trial whose configuration was confirmed."""
    from optuna_dashboard import get_note, save_note

    study = stored.study

    def save(noted: Study | Trial, text: str) -> None:
        if get_note(noted) != text:
            save_note(noted, text)

    save(study, _study_note(found, folder))
    entries = {entry.digest: entry for entry in found.leaderboard}
    baseline = found.baseline.digest if found.baseline is not None else None
    texts: dict[str, str] = {}
    for trial in study.get_trials(deepcopy=False):
        digest = trial.user_attrs.get("config_digest")
        entry = entries.get(digest) if isinstance(digest, str) else None
        if entry is None:
            continue
        if entry.digest not in texts:
            other = None if baseline in (None, entry.digest) else compare(results, entry.digest, str(baseline))
            texts[entry.digest] = _trial_note(found, entry, other)
        save(Trial(study, trial_id(stored.storage, stored.study_id, trial.number)), texts[entry.digest])


def _study_note(found: Summary, folder: Path | None) -> str:
    """Return the study's note: headline, scores, gain with its interval, where the report is."""
    lines = [f"## {escaped(first_screen.headline(found))}", ""]
    if found.study.data_made_up:
        lines += [escaped(first_screen.MADE_UP), ""]
    unit = found.units.score
    rows = [
        (name, _scored(entry, unit)) for name, entry in (("best", found.best), ("baseline", found.baseline)) if entry
    ]
    if found.gain is not None:
        rows.append(("gain" if unit.higher_is_better else "change", _difference(found.gain, unit)))
    lines += _table(rows)
    place = "" if folder is None else f"; else the file {escaped(str(folder / 'report.html'))}"
    lines += [f"The report: [/report](/report) where this is study.dashboard{place}", ""]
    return "\n".join(lines)


def _trial_note(found: Summary, entry: ConfigurationResult, against: Comparison | None) -> str:
    """Return a trial's note: what fresh seeds say of its configuration, and its difference `against` the baseline."""
    rank = 1 + [each.digest for each in found.leaderboard].index(entry.digest)
    changed = formatting.changes_in_words(formatting.changes(found.baseline_choices, entry.choices))
    best = found.best is not None and entry.digest == found.best.digest
    title = f"Confirmed: rank {rank} of {len(found.leaderboard)}{', the best' if best else ''}"
    unit = found.units.score
    rows = [("configuration", changed), (unit.name, _scored(entry, unit))]
    if against is not None:
        rows.append(("beside the baseline", _difference(against, unit)))
    if entry.test_mean is not None:
        rows.append(("test", unit.spread_with_unit(entry.test_mean, entry.test_spread)))
    if entry.train_seconds is not None:
        rows.append(("training", formatting.duration(entry.train_seconds)))
    rows.append(("runs", ", ".join(map(str, entry.run_ids))))
    about = "The value of the trial itself chose this configuration, and flatters it; fresh seeds do not."
    if not unit.higher_is_better:
        about += f" A trial's value is the negative of its {unit.name}, because searches maximize."
    return "\n".join([f"## {escaped(title)}", "", *_table(rows), escaped(about), ""])


def _table(rows: Iterable[tuple[str, str]]) -> list[str]:
    told = [f"| {name} | {escaped(value)} |" for name, value in rows]
    return ["| | |", "|---|---|", *told, ""] if told else []


def _difference(found: Comparison, unit: Unit) -> str:
    interval = found.interval
    sure = formatting.zero_verdict(interval)
    return f"{unit.change(interval.estimate)}, 95 % {unit.interval(interval)}, {sure}"


def _scored(entry: ConfigurationResult, unit: Unit) -> str:
    return f"{unit.spread_with_unit(entry.mean, entry.spread)} ({formatting.seeds_text(entry.seeds)})"


def _files(results: StudyResults, found: Summary, folder: Path) -> dict[str, bytes]:
    """Return the files there are of report, best configuration and confusion matrices, content by name."""
    files = {}
    if found.best is not None:
        files["best-config.json"] = json.dumps(found.best.config, indent=2).encode()
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        files["report.html"] = (folder / "report.html").read_bytes()
    best = found.best.digest if found.best is not None else None
    baseline = found.baseline.digest if found.baseline is not None else None
    for place, errors in enumerate(task_errors(results, best, baseline) if best is not None else [], start=1):
        # A task's name is the study's: it may be no name of a file.
        known = errors.task if errors.task.isidentifier() and errors.task.isascii() else f"task-{place}"
        files[f"confusion-{known}.svg"] = confusion_svg(TaskView(errors), BEST).encode()
    return files
