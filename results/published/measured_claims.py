"""Measured differences and verdicts for the claims of the report whose table a study replicates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from results.analysis.contrasts import Comparison, Weights, common_seeds, contrast, values, weights_of
from results.analysis.leaderboard import ROW, baseline_digest
from results.analysis.task_contrasts import compare_tasks, unmeasured
from results.database.rows import StudyRow
from results.measurements.study_results import MIN_PAIRED_SEEDS, StudyResults
from results.measurements.task_units import margin_of
from results.published.tables import BASELINE, Claim, Metric, claims_of
from results.published.verdicts import (
    NO_NOISE,
    SMALLER_THAN,
    ClaimJudgement,
    ClaimTest,
    claim_test,
    judge_claims,
    open_reason,
)
from results.statistics import Interval, row_of_scores

MAIN_TASKS = ("sst", "quora", "sts")
TASKS: dict[Metric, tuple[str, ...]] = {  # metrics that are the plain mean of these tasks
    "sst_accuracy": ("sst",),
    "qqp_accuracy": ("quora",),
    "sts_pearson": ("sts",),
    "average": MAIN_TASKS,
}
METRICS: dict[Metric, str] = {
    "sst_accuracy": "SST",
    "qqp_accuracy": "Quora",
    "sts_pearson": "STS",
    "average": "average",
    "mean_abs_deviation_from_baseline": "distance from the baseline",
    "sst_train_dev_gap": "SST, train minus dev",
}


@dataclass(frozen=True)
class MetricDifference:
    """Difference in one metric of a claim: better minus worse, in score units; `level`: of the verdict's interval."""

    metric: Metric
    comparison: Comparison
    level: float = 0.95

    @property
    def interval(self) -> Interval:
        """The estimate with the interval that the claim's verdict uses."""
        return self.comparison.difference.test_interval(self.level)


@dataclass(frozen=True)
class MeasuredClaim:
    """Claim with its measured differences (none if it cannot be measured) and the verdict.

    `pairs`: the mean of all matched pairs of its table, if they are more than the claim compares; `other_reading`: the
    claim's first metric in its other reading, if that differs in this study. `share`: of the printed difference, which
    smaller than printed is about; `margin`: that of the study, in score units.
    """

    claim: Claim
    measured: tuple[MetricDifference, ...]
    pairs: Comparison | None
    other_reading: Comparison | None
    judgement: ClaimJudgement
    run_ids: tuple[int, ...]
    share: float = SMALLER_THAN
    margin: float | None = None


def measure_claims(results: StudyResults) -> list[MeasuredClaim]:
    """Return the claims of the study's space, if any, with verdicts whose error is controlled over all of them."""
    claims = claims_of(results.study.space)
    if not claims:
        return []
    rows, share, margin = row_digests(results), smaller_than(results.study), margin_of(results.study)
    outcomes = [_measure(results, claim, rows) for claim in claims]
    judgements = judge_claims([_test(*each, share) for each in zip(claims, outcomes, strict=True)])
    return [
        MeasuredClaim(
            claim=claim,
            measured=() if isinstance(outcome, str) else tuple(replace(one, level=judged.level) for one in outcome),
            pairs=_pairs(results, claim, rows),
            other_reading=_other_reading(results, claim, rows),
            judgement=_with_reason(claim, outcome, judged),
            run_ids=_run_ids(results, claim, rows),
            share=share,
            margin=margin,
        )
        for claim, outcome, judged in zip(claims, outcomes, judgements, strict=True)
    ]


def smaller_than(study: StudyRow) -> float:
    """Return the share of a printed difference below which a measured one is smaller than printed: `--smaller-than`."""
    return float(study.settings_json.get("smaller_than", SMALLER_THAN))


def row_digests(results: StudyResults) -> dict[str, str]:
    """Return the digests of the study's configurations by the label of their printed row, or "baseline"."""
    rows = {cell.name.removeprefix(ROW): cell.config_digest for cell in results.cells if cell.design == "row"}
    baseline = baseline_digest(results)
    return rows if baseline is None else {BASELINE: baseline, **rows}


def _measure(results: StudyResults, claim: Claim, rows: dict[str, str]) -> tuple[MetricDifference, ...] | str:
    """Return the differences in the claim's metrics, or the reason why they cannot be measured."""
    missing = [label for label in claim.rows if not results.results_of(rows.get(label, ""))]
    if missing:
        return _not_run(claim, missing)
    better, worse = ([rows[label] for label in side] for side in (claim.better, claim.worse))
    weights = weights_of(better, worse)
    if not weights:
        return "both sides are the same configuration in this study"
    digests = list(dict.fromkeys(rows[label] for label in claim.rows))
    if len(common_seeds(results, digests)) < MIN_PAIRED_SEEDS:
        return "fewer than two seeds in common"
    differences = []
    for metric in claim.metrics:
        tasks = TASKS.get(metric, ("sst",) if metric == "sst_train_dev_gap" else MAIN_TASKS)
        missing = unmeasured(results, digests, tasks)
        if missing:
            return f"this study has not measured {', '.join(missing)}"
        comparison = _compare(results, metric, weights, [rows[label] for label in claim.reference])
        if comparison is None:
            is_gap = metric == "sst_train_dev_gap"
            return "accuracy on train was not recorded" if is_gap else "a run's score is not a number"
        differences.append(MetricDifference(metric, comparison))
    return tuple(differences)


def _compare(results: StudyResults, metric: Metric, weights: Weights, reference: Sequence[str]) -> Comparison | None:
    if metric == "sst_train_dev_gap":
        return _gap(results, weights)
    if metric == "mean_abs_deviation_from_baseline":
        return _deviation(results, weights, reference)
    return compare_tasks(results, TASKS[metric], weights)


def _gap(results: StudyResults, weights: Weights) -> Comparison | None:
    """Return the contrast of train minus dev accuracy on SST, with Student's t over seeds; None if not recorded."""
    seeds = common_seeds(results, list(weights))
    curves = results.curves("sst", "accuracy")
    total = np.zeros(len(seeds))
    for digest, weight in weights.items():
        runs = [results.results_of(digest)[seed] for seed in seeds]
        kept = [results.metric(run.id, "train", "sst", "accuracy") for run in runs]
        curve = [curves.get((run.id, "train"), {}).get(run.best_epoch or 0) for run in runs]
        train = [from_curve if value is None else value for value, from_curve in zip(kept, curve, strict=True)]
        if None in train:
            return None
        total += weight * (np.array(train, dtype=np.float64) - values(results, digest, seeds, "sst"))
    if not np.isfinite(total).all():
        return None
    row = row_of_scores(total, seeds)
    return Comparison(row.difference, seeds, "seeds", row)


def _deviation(results: StudyResults, weights: Weights, reference: Sequence[str]) -> Comparison | None:
    """Return the contrast of the mean over tasks of |row - reference|, both means over seeds.

    To first order, |x| is x with a fixed sign, so this is again a linear contrast.
    """
    seeds = common_seeds(results, [*weights, *reference])
    by_task: dict[str, dict[str, float]] = {}
    for task in MAIN_TASKS:
        origin = np.mean([_mean(results, digest, seeds, task) for digest in reference])
        total = by_task[task] = dict.fromkeys([*weights, *reference], 0.0)
        for digest, weight in weights.items():
            signed = weight * float(np.sign(_mean(results, digest, seeds, task) - origin))
            total[digest] += signed
            for other in reference:
                total[other] -= signed / len(reference)
    return contrast(results, by_task)


def _mean(results: StudyResults, digest: str, seeds: Sequence[int], task: str) -> float:
    return float(np.nan_to_num(values(results, digest, seeds, task)).mean())


def _pairs(results: StudyResults, claim: Claim, rows: dict[str, str]) -> Comparison | None:
    """Return the mean over all matched pairs of the claim's metric if all of them have been run."""
    if not claim.pairs:
        return None
    better, worse = zip(*claim.pairs, strict=True)
    return _of_rows(results, claim, rows, better, worse)


def _other_reading(results: StudyResults, claim: Claim, rows: dict[str, str]) -> Comparison | None:
    """Return the claim's metric in its other reading; None if the study's rows already have that reading (`--set`)."""
    other = claim.other_reading
    if other is None or [rows.get(label) for label in other.better] == [rows.get(label) for label in claim.better]:
        return None
    return _of_rows(results, claim, rows, other.better, other.worse)


def _of_rows(
    results: StudyResults, claim: Claim, rows: dict[str, str], better: Sequence[str], worse: Sequence[str]
) -> Comparison | None:
    """Return the comparison of two sides in the claim's first metric if all rows have been run."""
    if any(not results.results_of(rows.get(label, "")) for label in (*better, *worse)):
        return None
    weights, tasks = weights_of(*([rows[label] for label in side] for side in (better, worse))), TASKS[claim.metrics[0]]
    if not weights or unmeasured(results, list(weights), tasks):
        return None
    return compare_tasks(results, tasks, weights)


def _test(claim: Claim, measured: Sequence[MetricDifference] | str, share: float) -> ClaimTest | ClaimJudgement:
    if isinstance(measured, str):
        return ClaimJudgement("open", reason=measured)
    same = [metric.comparison.same for metric in measured]
    if all(same):  # without noise, nothing is left to test
        is_smaller = claim.tolerance is None
        return ClaimJudgement("smaller than printed" if is_smaller else "replicated", is_smaller=is_smaller)
    differences = [metric.comparison.difference for metric in measured]
    if any(difference.noise.error == 0 and not difference.is_zero for difference in differences):
        return ClaimJudgement("open", reason=NO_NOISE)
    limits = [] if claim.tolerance is not None else [share * claim.printed.of(metric) for metric in claim.metrics]
    return claim_test(differences, claim.direction, claim.tolerance, limits)


def _with_reason(claim: Claim, measured: Sequence[MetricDifference] | str, judged: ClaimJudgement) -> ClaimJudgement:
    if judged.verdict != "open" or judged.reason or isinstance(measured, str):
        return judged
    differences = [(METRICS[metric.metric], metric.comparison.difference) for metric in measured]
    return replace(judged, reason=open_reason(differences, judged.level, claim.tolerance))


def _not_run(claim: Claim, labels: Sequence[str]) -> str:
    if BASELINE in labels and claim.elsewhere is not None:
        return f"the baseline, which represents rows of {claim.elsewhere.space}, has not been run"
    listed = ", ".join(f"'{label}'" for label in labels)
    return f"row {listed} has not been run" if len(labels) == 1 else f"rows {listed} have not been run"


def _run_ids(results: StudyResults, claim: Claim, rows: dict[str, str]) -> tuple[int, ...]:
    digests = dict.fromkeys(rows[label] for label in claim.rows if label in rows)
    return tuple(run.id for digest in digests for run in results.results_of(digest).values())
