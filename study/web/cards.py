"""The studies of a database as cards, each with its answer, its progress, and links to its pages."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from results.analysis.summary import Summary, summarise
from results.database.database import Database
from results.database.fingerprint import fingerprint, run_counts
from results.database.rows import StudyRow
from results.measurements.study_results import VARIANCE, StudyResults
from results.report import first_screen, notes
from results.text.formatting import plural
from study.web import live_updates

PATIENCE = 2.0  # seconds for computing answers per page; the remaining cards get theirs when the page reloads


@dataclass(frozen=True)
class Answer:
    """The result of a study, in the words of its report, and its progress."""

    headline: str
    tiles: tuple[first_screen.Tile, ...]
    verdicts: str
    cautions: tuple[str, ...]
    progress: tuple[str, ...]
    done: int
    planned: int


@dataclass(frozen=True)
class Card:
    """One study; `answer` is None until it is computed, `state` is the status in words, and paths are URLs."""

    study: StudyRow
    status: str
    state: str
    warning: str
    began: str
    counts: Mapping[str, int]
    report: str
    optuna: str | None
    answer: Answer | None

    @property
    def folder(self) -> str:
        """Path of the folder of its tables."""
        return f"{self.report}/tables"


class Cards:
    """The cards of all studies of a database: first the selected study, then the newest.

    `optuna_page` returns the path of a study's page in Optuna's dashboard, or None. An answer is computed again when
    the study has changed in the database. `lock` makes sure that one page is made at a time.
    """

    def __init__(
        self, database: Database, name: str, lock: threading.Lock, optuna_page: Callable[[str], str | None]
    ) -> None:
        self._database, self._name, self._lock, self._optuna_page = database, name, lock, optuna_page
        self._answers: dict[str, tuple[str, Answer]] = {}

    def all(self) -> list[Card]:
        """Return the current cards; if time runs out, the remaining cards have their previous answer or none."""
        studies = [self._database.studies.require(name) for name in self._database.studies.names()]
        studies.sort(key=lambda study: (study.study_name != self._name, -study.created_at.timestamp()))
        deadline = time.monotonic() + PATIENCE
        return [self._card(study, deadline) for study in studies]

    def _card(self, study: StudyRow, deadline: float) -> Card:
        name = study.study_name
        state, counts = live_updates.state(self._database, name), run_counts(self._database, name)
        return Card(
            study=study,
            status=state["status"],
            state=state["told"],
            warning=first_screen.made_up(study),
            began=f"{study.created_at:%Y-%m-%d %H:%M} UTC",
            counts={status: counts[status] for status in ("complete", "pruned", "failed", "interrupted", "running")},
            report="/report" if name == self._name else f"/study/{quote(name, safe='')}/report",
            optuna=self._optuna_page(name),
            answer=self._answer(name, deadline),
        )

    def _answer(self, name: str, deadline: float) -> Answer | None:
        mark, answer = self._answers.get(name, ("", None))
        if time.monotonic() > deadline:
            return answer
        now = fingerprint(self._database, name)
        if answer is None or mark != now:
            with self._lock:
                results = StudyResults(self._database, name)
                answer = _answer(results, summarise(results))
                self._answers[name] = (now, answer)
        return answer


def _answer(results: StudyResults, summary: Summary) -> Answer:
    rows = summary.against_baseline if summary.is_grid else summary.ablation
    compared = [row for row in rows if row.comparison is not None]
    kind = notes.grid_kind(summary) if summary.is_grid else "single change"
    verdicts = f"{plural(len(compared), kind)}: {notes.verdict_counts(rows, summary.units.score)}" if compared else ""
    progress, done, planned = _progress(results, summary)
    tiles = tuple(first_screen.tiles(results, summary))
    return Answer(first_screen.headline(summary), tiles, verdicts, summary.cautions, progress, done, planned)


def _progress(results: StudyResults, summary: Summary) -> tuple[tuple[str, ...], int, int]:
    """Return the progress of each phase in words, the number of ended runs, and the number of planned runs."""
    settings = summary.study.settings_json
    seeds, phases, done, planned = int(settings.get("seeds") or 1), list[str](), 0, 0
    trials = 0 if summary.is_grid else int(settings.get("trials") or 0)
    if trials:
        ended = sum(run.phase == "search" and run.status in ("complete", "pruned", "failed") for run in results.runs)
        phases.append(f"search: {ended} of {plural(max(trials, ended), 'trial')}")
        done, planned = ended, max(trials, ended)
    seen = set[str]()
    for phase in ("confirm", "ablate"):
        cells = [cell for cell in results.cells if cell.phase == phase and cell.config_digest not in seen]
        # The first seed has run on its own sentences.
        wanted = {cell.config_digest: seeds - (cell.design == VARIANCE) for cell in cells}
        seen |= wanted.keys()
        if wanted:
            ran = sum(min(most, len(results.results_of(digest))) for digest, most in wanted.items())
            phases.append(f"{phase}: {ran} of {plural(sum(wanted.values()), 'run')}")
            done, planned = done + ran, planned + sum(wanted.values())
    return tuple(phases), done, planned
