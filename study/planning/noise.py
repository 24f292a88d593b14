"""The noise of a plan: that of the study's own runs, or else that of the table that ships with the package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from results.analysis.contrasts import SCORE, contrast
from results.analysis.leaderboard import baseline_digest, best_digest
from results.database.database import open_database
from results.database.url import foreign_rows
from results.measurements.noise_table import ALL, nearest, table
from results.measurements.study_results import StudyResults
from results.statistics.noise_components import NoiseComponents, ScoreNoise, components_of, score_noise
from search_spaces import Space
from search_spaces.grammar import Choices
from study.settings import Settings

TRAINED = ("multitask", "trainable", "name")  # where a configuration says which parameters are trained


@dataclass(frozen=True)
class PlannedNoise:
    """The components of a typical row by task ("": of the score as a whole), and their source in words.

    `study` is the study that measured them, None if they are those of the table.
    """

    tasks: Mapping[str, NoiseComponents]
    source: str
    study: str | None = None

    @property
    def by_examples(self) -> bool:
        """Whether the noise through the dev examples is known."""
        return any(task.residual or task.examples for task in self.tasks.values())

    def sizes(self, dev_rows: Mapping[str, int]) -> dict[str, int]:
        """Return task -> number of dev examples: of `dev_rows`, or those that were measured."""
        return {task: dev_rows.get(task, each.size) for task, each in self.tasks.items()}

    def of_score(self, dev_rows: Mapping[str, int]) -> ScoreNoise:
        """Return the noise of the score with these dev examples per task."""
        sizes = self.sizes(dev_rows)
        return score_noise(list(self.tasks.values()), [sizes[task] for task in self.tasks])

    def as_json(self) -> dict[str, Any]:
        """Return the components, variances in squared score units, and their source."""
        return {"source": self.source, "tasks": {task: asdict(each) for task, each in self.tasks.items()}}


def measured_noise(storage: str, name: str) -> PlannedNoise | None:
    """Return the noise of a study's configurations with fresh seeds, against the best; None before there are two."""
    with open_database(storage, create=False) as database, foreign_rows(storage):
        tasks = study_components(StudyResults(database, name))
    return PlannedNoise(tasks, f"measured in {name}", name) if tasks else None


def study_components(results: StudyResults, fewest_seeds: int = 2) -> dict[str, NoiseComponents]:
    """Return task -> components of the study's configurations minus the best, or else minus the baseline.

    The task is `SCORE` where runs kept no predictions. Only configurations with at least `fewest_seeds` fresh seeds in
    common with the reference count. Empty before there is one that differs.
    """
    reference = best_digest(results) or baseline_digest(results)
    if reference is None:
        return {}
    others = [digest for digest in results.measured() if digest != reference]
    for tasks in ([task for task in results.tasks() if results.units.decides(task)], [SCORE]):
        found = {task: _of_task(results, task, others, reference, fewest_seeds) for task in tasks}
        known = {task: components for task, components in found.items() if components is not None}
        if known:
            return known
    return {}


def _of_task(
    results: StudyResults, task: str, digests: Sequence[str], reference: str, fewest_seeds: int
) -> NoiseComponents | None:
    """Return one task's components; None if its predictions were not kept."""
    compared = [contrast(results, {task: {digest: 1.0, reference: -1.0}}) for digest in digests]
    kept = [one for one in compared if one is not None and len(one.seeds) >= fewest_seeds]
    if task != SCORE and any(one.over == "seeds" for one in kept):
        return None
    return components_of([one.row for one in kept])


def table_noise(space: Space, around: Choices, settings: Settings) -> PlannedNoise:
    """Return the noise of the table for the part of the model that the configuration `around` trains."""
    part: Any = space.configuration(around)
    for name in TRAINED:
        part = part.get(name, {})
    asked = part or ALL
    trained, measured = nearest(table(), asked)
    missing = "" if asked.startswith(trained) else f"; with trained {asked} it was not measured"
    source = (
        f"of single changes of {measured.backbone} (trained: {trained}{missing}), measured on {measured.date} with "
        f"{measured.train_examples:,} training examples per task and {measured.seeds} seeds"
    )
    if settings.vary == "train":
        source += "; that of the training sentences is not included"
    return PlannedNoise({task: measured.components(task) for task in settings.tasks}, source)
