"""The studies of a database as cards: each with its answer, how far it is, and where its pages are."""

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
from results.measurements.study_results import StudyResults
from results.report import first_screen, notes
from results.text.formatting import plural
from study.web import live_updates

PATIENCE = 2.0  # seconds that a first page takes for answers; cards that have none by then get theirs at the next


@dataclass(frozen=True)
class Answer:
    """What a study found, in the words of its report."""

    headline: str
    tiles: tuple[first_screen.Tile, ...]
    verdicts: str
    cautions: tuple[str, ...]
    progress: tuple[str, ...]
    done: int
    planned: int


@dataclass(frozen=True)
class Card:
    """One study. `answer` is None where it has not been computed yet. Paths are those of the dashboard."""

    study: StudyRow
    status: str
    told: str
    warning: str
    began: str
    counts: Mapping[str, int]
    report: str
    optuna: str | None
    answer: Answer | None

    @property
    def folder(self) -> str:
        """Below which its tables are."""
        return f"{self.report}/tables"


class Cards:
    """The cards of all studies of a database, the one that is served first, then the newest first.

    `optuna_page` gives the path of a study's page among Optuna's, or None. An answer is computed again when what SQL
    knows of its study has changed. `lock`: one page is made at a time.
    """

    def __init__(
        self, database: Database, name: str, lock: threading.Lock, optuna_page: Callable[[str], str | None]
    ) -> None:
        self._database, self._name, self._lock, self._optuna_page = database, name, lock, optuna_page
        self._answers: dict[str, tuple[str, Answer]] = {}

    def all(self) -> list[Card]:
        """Return the cards as they are now; those whose answer takes too long have that of before, or none yet."""
        studies = [self._database.studies.require(name) for name in self._database.studies.names()]
        studies.sort(key=lambda study: (study.study_name != self._name, -study.created_at.timestamp()))
        until = time.monotonic() + PATIENCE
        return [self._card(study, until) for study in studies]

    def _card(self, study: StudyRow, until: float) -> Card:
        name = study.study_name
        state, counts = live_updates.state(self._database, name), run_counts(self._database, name)
        return Card(
            study=study,
            status=state["status"],
            told=state["told"],
            warning=first_screen.made_up(study),
            began=f"{study.created_at:%Y-%m-%d %H:%M} UTC",
            counts={each: counts[each] for each in ("complete", "pruned", "failed", "interrupted", "running")},
            report=report_path(name, self._name),
            optuna=self._optuna_page(name),
            answer=self._answer(name, until),
        )

    def _answer(self, name: str, until: float) -> Answer | None:
        known = self._answers.get(name)
        if time.monotonic() > until:
            return known[1] if known else None
        mark = fingerprint(self._database, name)
        if known is None or known[0] != mark:
            with self._lock:
                results = StudyResults(self._database, name)
                self._answers[name] = (mark, _answer(results, summarise(results)))
        return self._answers[name][1]


def report_path(name: str, served: str) -> str:
    """Return where a study's report is: /report of the one that is served, else below its name."""
    return "/report" if name == served else f"/study/{quote(name, safe='')}/report"


def _answer(results: StudyResults, found: Summary) -> Answer:
    rows = found.against_baseline if found.is_grid else found.ablation
    compared = [row for row in rows if row.comparison is not None]
    kind = notes.grid_kind(found) if found.is_grid else "single change"
    verdicts = f"{plural(len(compared), kind)}: {notes.verdict_counts(rows)}" if compared else ""
    progress, done, planned = _progress(results, found)
    tiles = tuple(first_screen.tiles(results, found))
    return Answer(first_screen.headline(found), tiles, verdicts, found.cautions, progress, done, planned)


def _progress(results: StudyResults, found: Summary) -> tuple[tuple[str, ...], int, int]:
    """Return the progress of each phase in words, the number of ended runs, and the number of planned ones."""
    settings = found.study.settings_json
    seeds, told, done, planned = int(settings.get("seeds") or 1), list[str](), 0, 0
    trials = 0 if found.is_grid else int(settings.get("trials") or 0)
    if trials:
        ended = sum(run.phase == "search" and run.status in ("complete", "pruned", "failed") for run in results.runs)
        told.append(f"search: {ended} of {plural(max(trials, ended), 'trial')}")
        done, planned = ended, max(trials, ended)
    seen = set[str]()
    for phase in ("confirm", "ablate"):
        digests = {cell.config_digest for cell in results.cells if cell.phase == phase} - seen
        seen |= digests
        if digests:
            ran = sum(min(seeds, len(results.results_of(digest))) for digest in digests)
            told.append(f"{phase}: {ran} of {plural(seeds * len(digests), 'run')}")
            done, planned = done + ran, planned + seeds * len(digests)
    return tuple(told), done, planned
