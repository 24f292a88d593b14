"""What Optuna's pages show of a study beside its trials: notes, figures of the report, artifacts."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import optuna
from optuna.storages import RDBStorage
from optuna.study import Study
from optuna.trial import Trial

from results.confusion_svg import confusion_svg
from results.contrasts import compare
from results.custom_trainer import custom_trainer
from results.error_view import TaskView
from results.outcome import Outcome, outcome
from results.records import Database
from results.rows import StudyRow
from results.study_results import StudyResults
from results.summary import Summary
from results.task_errors import BEST, task_errors
from study.optuna_calls import waiting
from study.trust import is_study_folder
from study.web import artifacts, note
from study.web.optuna_storage import optuna_storage


def write(storage: str, whole: Outcome, folder: Path) -> None:
    """Write them all, of a study whose files are in `folder`; what is there already and the same stays untouched.

    Nothing where optuna-dashboard is not installed, or Optuna does not know the study: a grid has no search.
    """
    try:
        import optuna_dashboard  # noqa: F401
    except ModuleNotFoundError:
        return
    with _study(storage, whole.name) as (study, stored):
        if study is not None and stored is not None:
            waiting(partial(_write, study, whole, folder), stored)


def complete(storage: str, database: Database, name: str) -> None:
    """Write what a study that is not being run lacks of them: it was launched without optuna-dashboard, or interrupted.

    Files are kept only where a study of that name was launched: a database names no folder to write to.
    """
    row = database.studies.require(name)
    if database.leases.live(name) is not None:
        return
    folder = folder_of(row)
    with _study(storage, name) as (study, stored):
        if study is None or stored is None:
            return
        if _noted(study) and (folder is None or artifacts.whole(study, folder / artifacts.FOLDER)):
            return
        waiting(partial(_write, study, outcome(database, name), folder), stored)


def folder_of(row: StudyRow) -> Path | None:
    """The folder of a study; None where no study of its name was launched in the place that its record names."""
    out = row.settings_json.get("out")
    folder = Path(out if isinstance(out, str) else "runs") / row.study_name
    return folder if is_study_folder(folder, row.study_name) else None


@contextlib.contextmanager
def _study(storage: str, name: str) -> Iterator[tuple[Study | None, RDBStorage | None]]:
    """The study as Optuna has it, and where."""
    stored = optuna_storage(storage)
    if stored is None:
        yield None, None
        return
    try:
        try:
            found = waiting(lambda: optuna.load_study(study_name=name, storage=stored), stored)
        except KeyError:
            found = None
        yield found, stored
    finally:
        stored.remove_session()
        stored.engine.dispose()


def _write(study: Study, whole: Outcome, folder: Path | None) -> None:
    from study.web import figures as kept_figures

    results, found = whole.results, whole.summary
    about = {"space": found.study.space, "data": found.study.data_source, "backbone": found.study.backbone}
    if (trainer := custom_trainer(found.study)) is not None:
        about = {"space": found.study.space, "trainer": trainer, "score": found.units.score.in_words}
    for key, value in about.items():
        if study.user_attrs.get(key) != value:
            study.set_user_attr(key, value)
    _write_notes(study, results, found, folder)
    kept_figures.keep(study, whole.figures())
    if folder is not None:
        artifacts.keep(study, folder / artifacts.FOLDER, _files(results, found, folder))


def _noted(study: Study) -> bool:
    from optuna_dashboard import get_note

    return bool(get_note(study))


def _write_notes(study: Study, results: StudyResults, found: Summary, folder: Path | None) -> None:
    """The study's note, and one for every trial whose configuration was confirmed."""
    from optuna_dashboard import get_note, save_note

    def save(noted: Study | Trial, text: str) -> None:
        if get_note(noted) != text:
            save_note(noted, text)

    save(study, note.of_study(found, folder))
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
            texts[entry.digest] = note.of_trial(found, entry, other)
        save(Trial(study, trial._trial_id), texts[entry.digest])


def _files(results: StudyResults, found: Summary, folder: Path) -> dict[str, bytes]:
    """What is there of the report, the best configuration and confusion matrices: name -> content."""
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
