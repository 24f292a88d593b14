"""The summary of a study in one object, for the report and the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from results.analysis.ablation import AblationRow, NotRun, ablation_rows, not_run
from results.analysis.cautions import constant_scores, wide_interval
from results.analysis.contrasts import Comparison, compare
from results.analysis.grid import GridRow, grid_rows
from results.analysis.leaderboard import (
    ConfigurationResult,
    baseline_digest,
    best_digest,
    configuration_result,
    leaderboard,
)
from results.analysis.sample_size import Needed
from results.analysis.winners_curse import winners_curse
from results.database.rows import Cell, JsonObject, RunRow, StudyRow, runs_again
from results.measurements.stages import StageCosts
from results.measurements.study_results import StudyResults, seconds_spent
from results.measurements.task_units import StudyUnits, units_of
from results.text.formatting import Change, changes


@dataclass(frozen=True)
class RunCounts:
    """The number of runs by status; `failures` counts the failed ones by reason.

    `searched` counts the search's complete and pruned runs, `confirming` all runs with fresh seeds, and `lost` those of
    the latter that failed permanently: no launch runs them again.
    """

    complete: int
    pruned: int
    failed: int
    interrupted: int
    running: int
    failures: tuple[tuple[str, int], ...]
    searched: int
    confirming: int
    lost: int

    @property
    def total(self) -> int:
        """The number of all runs."""
        return self.complete + self.pruned + self.failed + self.interrupted + self.running


@dataclass(frozen=True)
class Summary:
    """The results of a study so far.

    `best` is None until a configuration has been confirmed with fresh seeds. `gain` is best minus baseline (score in
    0..1), None if they share fewer than two seeds or are the same. `best_changes` are the factors in which they differ.
    A search has an `ablation`, a grid `against_baseline`. Hours are hours of one worker: spent, and saved by sharing
    stages (`stages` has each stage). `cautions` are sentences from `results.analysis.cautions`. `driven`: whether a
    launch is running the study now.
    """

    study: StudyRow
    best: ConfigurationResult | None
    baseline: ConfigurationResult | None
    baseline_choices: JsonObject
    best_changes: tuple[Change, ...]
    gain: Comparison | None
    ablation: tuple[AblationRow, ...]
    against_baseline: tuple[GridRow, ...]
    not_run: NotRun
    leaderboard: tuple[ConfigurationResult, ...]
    counts: RunCounts
    hours_spent: float
    hours_saved: float
    stages: StageCosts
    cautions: tuple[str, ...] = ()
    driven: bool = False

    @property
    def units(self) -> StudyUnits:
        """The units of the study's tasks and score."""
        return units_of(self.study)

    @property
    def is_grid(self) -> bool:
        """Whether the study runs every configuration of the space and has no ablation."""
        return self.study.is_grid

    @property
    def needed(self) -> tuple[Needed, ...]:
        """What the open rows of the table need for a verdict."""
        rows: list[AblationRow | GridRow] = [*self.ablation, *self.against_baseline]
        return tuple(row.needed for row in rows if row.needed)

    @property
    def best_is_baseline(self) -> bool:
        """Whether no configuration beat the baseline."""
        return self.best is not None and self.baseline is not None and self.best.digest == self.baseline.digest


def summarise(results: StudyResults) -> Summary:
    """Return the summary of a study."""
    best, baseline = best_digest(results), baseline_digest(results)
    best_result = configuration_result(results, best) if best else None
    choices = _baseline_choices(results, baseline)
    ranked = leaderboard(results)
    ablation = tuple(ablation_rows(results, best)) if best else ()
    against_baseline = tuple(grid_rows(results, ranked, baseline)) if baseline and results.study.is_grid else ()
    gains = [row.comparison.reversed for row in ablation if row.comparison and row.cell.config_digest == baseline]
    gains += [row.comparison for row in against_baseline if row.comparison and row.entry.digest == best]
    gain = _gain(results, best, baseline, next(iter(gains), None))
    return Summary(
        study=results.study,
        best=best_result,
        baseline=configuration_result(results, baseline) if baseline else None,
        baseline_choices=choices,
        best_changes=changes(choices, best_result.choices) if best_result else (),
        gain=gain,
        ablation=ablation,
        against_baseline=against_baseline,
        not_run=not_run(results.study),
        leaderboard=tuple(ranked),
        counts=count_runs(results.runs),
        hours_spent=sum(seconds_spent(run) for run in results.runs) / 3600,
        hours_saved=sum(run.shared_seconds or 0.0 for run in results.runs) / 3600,
        stages=results.stages,
        cautions=_cautions(results, gain, [*ablation, *against_baseline]),
        driven=results.driven,
    )


def _cautions(results: StudyResults, gain: Comparison | None, rows: Sequence[AblationRow | GridRow]) -> tuple[str, ...]:
    """Return cautions about all scores and about the gain's interval; without a gain, about the table's intervals."""
    comparisons = [gain] if gain else [row.comparison for row in rows if row.comparison]
    sentences = constant_scores(results), wide_interval(comparisons, results.study, driven=results.driven)
    return tuple(filter(None, sentences))


def count_runs(runs: list[RunRow]) -> RunCounts:
    """Return the number of runs by status."""
    counts = Counter(run.status for run in runs)
    fresh = [run for run in runs if run.phase != "search"]
    reasons = Counter(run.reason or "unknown" for run in runs if run.status == "failed")
    return RunCounts(
        complete=counts["complete"],
        pruned=counts["pruned"],
        failed=counts["failed"],
        interrupted=counts["interrupted"],
        running=counts["running"],
        failures=tuple(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))),
        searched=sum(run.phase == "search" and run.status in ("complete", "pruned") for run in runs),
        confirming=len(fresh),
        lost=sum(run.status == "failed" and not runs_again(run.status, run.reason) for run in fresh),
    )


def _gain(results: StudyResults, best: str | None, baseline: str | None, row: Comparison | None) -> Comparison | None:
    """Return best minus baseline without the selection bias; the table's `row` is preferred: its noise is moderated."""
    if best is None or baseline is None or best == baseline:
        return None
    if row and not results.study.is_grid:
        return row  # the table's reference is the best, so it is corrected already
    found = row or compare(results, best, baseline)
    return found and winners_curse(results, best).correct(found.reversed).reversed


def _baseline_choices(results: StudyResults, digest: str | None) -> JsonObject:
    """Return the baseline's choices: from the driver, else from its cell or a run, else from the space."""
    decided = results.study.decisions_json.get("baseline_choices")
    if isinstance(decided, dict):
        return decided
    sources: list[Cell | RunRow] = [*results.cells, *results.runs]
    for source in sources:
        if source.config_digest == digest:
            return source.choices_json
    factors = results.study.space_json.get("factors", [])
    return {factor["name"]: factor["baseline"] for factor in factors if factor.get("condition") is None}
