"""The answer of a study in one object: it feeds the report and the terminal alike."""

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
from results.database.rows import JsonObject, RunRow, StudyRow, runs_again
from results.measurements.stages import StageCosts
from results.measurements.study_results import StudyResults
from results.measurements.task_units import StudyUnits, units_of
from results.text.formatting import Change, changes


@dataclass(frozen=True)
class RunCounts:
    """How many runs ended how. `failures` counts the failed ones by reason.

    `searched`: those of the search that are complete or pruned; `confirming`: all with fresh seeds; `lost`: those among
    these that failed for good, so that no launch runs them again.
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
        """All runs."""
        return self.complete + self.pruned + self.failed + self.interrupted + self.running


@dataclass(frozen=True)
class Summary:
    """What a study found, as far as it has come.

    `best` is None until a configuration has been confirmed with fresh seeds, `gain` (best minus baseline,
    score in 0..1) until both have two seeds in common, or when the best is the baseline itself.
    `best_changes` are the factors in which the best differs from the baseline. A search has an `ablation`, a grid
    `against_baseline`. Hours are of one worker:
    spent, and saved by sharing stages; `stages` tells it stage by stage. `cautions`: what to know before believing the
    numbers (`results.analysis.cautions`). `driven`: whether a launch is running it now.
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
        """What the study's tasks and score are measured in."""
        return units_of(self.study)

    @property
    def is_grid(self) -> bool:
        """Whether every configuration of the space is run, and nothing is ablated."""
        return self.study.is_grid

    @property
    def best_is_baseline(self) -> bool:
        """Whether nothing beat the baseline."""
        return self.best is not None and self.baseline is not None and self.best.digest == self.baseline.digest


def summarise(results: StudyResults) -> Summary:
    """Return the summary of a study that was read already."""
    best, baseline = best_digest(results), baseline_digest(results)
    found_best = configuration_result(results, best) if best else None
    found_baseline = configuration_result(results, baseline) if baseline else None
    choices = _baseline_choices(results, baseline)
    ranked = leaderboard(results)
    ablation = tuple(ablation_rows(results, best)) if best else ()
    against_baseline = tuple(grid_rows(results, ranked, baseline)) if baseline and results.study.is_grid else ()
    between = [row.comparison.turned for row in ablation if row.comparison and row.cell.config_digest == baseline]
    between += [row.comparison for row in against_baseline if row.comparison and row.entry.digest == best]
    gain = _gain(results, best, baseline, next(iter(between), None))
    return Summary(
        study=results.study,
        best=found_best,
        baseline=found_baseline,
        baseline_choices=choices,
        best_changes=changes(choices, found_best.choices) if found_best else (),
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
    """Of the scores as a whole, and of the gain's interval, or where there is no gain those of the table."""
    study = results.study
    compared = [gain] if gain else [row.comparison for row in rows if row.comparison]
    told = constant_scores(results), wide_interval(compared, study, driven=results.driven)
    return tuple(sentence for sentence in told if sentence)


def count_runs(runs: list[RunRow]) -> RunCounts:
    """Return how many runs ended how."""
    ends = Counter(run.status for run in runs)
    fresh = [run for run in runs if run.phase != "search"]
    reasons = Counter(run.reason or "unknown" for run in runs if run.status == "failed")
    return RunCounts(
        complete=ends["complete"],
        pruned=ends["pruned"],
        failed=ends["failed"],
        interrupted=ends["interrupted"],
        running=ends["running"],
        failures=tuple(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))),
        searched=sum(run.phase == "search" and run.status in ("complete", "pruned") for run in runs),
        confirming=len(fresh),
        lost=sum(run.status == "failed" and not runs_again(run.status, run.reason) for run in fresh),
    )


def seconds_spent(run: RunRow) -> float:
    """Return what a run cost: training and evaluation, or the time until it failed; 0 while it runs."""
    if run.train_seconds is not None:
        return run.train_seconds + (run.eval_seconds or 0.0)
    if run.finished_at is None or run.status == "interrupted":  # how long it really ran is not known
        return 0.0
    return max(0.0, (run.finished_at - run.started_at).total_seconds())


def _gain(results: StudyResults, best: str | None, baseline: str | None, row: Comparison | None) -> Comparison | None:
    """Best minus baseline, as the `row` of the table has it where there is one: that knows more of the seeds' noise."""
    if best is None or baseline is None or best == baseline:
        return None
    return row or compare(results, best, baseline)


def _baseline_choices(results: StudyResults, digest: str | None) -> JsonObject:
    """Return the baseline's choices: as decided, else from its cell or a run, else from the space's description."""
    decided = results.study.decisions_json.get("baseline_choices")
    if isinstance(decided, dict):
        return decided
    known = [(cell.config_digest, cell.choices_json) for cell in results.cells]
    known += [(run.config_digest, run.choices_json) for run in results.runs]
    for candidate, choices in known:
        if candidate == digest:
            return choices
    factors = results.study.space_json.get("factors", [])
    return {factor["name"]: factor["baseline"] for factor in factors if factor.get("condition") is None}
