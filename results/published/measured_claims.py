"""What a study says of the claims of the report whose table it repeats: measured differences and verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from results.analysis.contrasts import Comparison, Weights, common_seeds, contrast, values, weights_of
from results.analysis.leaderboard import ROW, baseline_digest
from results.analysis.task_contrasts import compare_tasks, unmeasured
from results.measurements.study_results import MIN_PAIRED_SEEDS, StudyResults
from results.published.tables import BASELINE, Claim, Metric, claims_of
from results.published.verdicts import NO_NOISE, ClaimJudgement, ClaimTest, claim_test, judge_claims, open_reason
from results.statistics import paired_difference

MAIN_TASKS = ("sst", "quora", "sts")
TASKS: dict[Metric, tuple[str, ...]] = {  # tasks whose plain mean a metric is
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
    """The difference in one metric of a claim: better minus worse, in score units."""

    metric: Metric
    comparison: Comparison


@dataclass(frozen=True)
class MeasuredClaim:
    """A claim with its measured differences (none if it cannot be measured) and the verdict.

    `pairs`: the mean of all the matched pairs of its table, where those are more than the claim compares;
    `other_reading`: the claim's first metric in its other reading, where that is another one in this study.
    """

    claim: Claim
    measured: tuple[MetricDifference, ...]
    pairs: Comparison | None
    other_reading: Comparison | None
    judgement: ClaimJudgement
    run_ids: tuple[int, ...]


def measure_claims(results: StudyResults) -> list[MeasuredClaim]:
    """Return every claim of the study's space with its verdict, errors held over all of them; none for other spaces."""
    claims = claims_of(results.study.space)
    if not claims:
        return []
    rows = row_digests(results)
    tried = [_measure(results, claim, rows) for claim in claims]
    tests = [one if isinstance(one, str) else _test(claim, one) for claim, one in zip(claims, tried, strict=True)]
    return [
        MeasuredClaim(
            claim=claim,
            measured=() if isinstance(one, str) else one,
            pairs=_pairs(results, claim, rows),
            other_reading=_other_reading(results, claim, rows),
            judgement=_reasoned(claim, one, judged),
            run_ids=_run_ids(results, claim, rows),
        )
        for claim, one, judged in zip(claims, tried, judge_claims(tests), strict=True)
    ]


def row_digests(results: StudyResults) -> dict[str, str]:
    """Return label of a printed row, and "baseline" -> digest of the configuration, if the study has it."""
    found = {cell.name.removeprefix(ROW): cell.config_digest for cell in results.cells if cell.design == "row"}
    baseline = baseline_digest(results)
    return found if baseline is None else {BASELINE: baseline, **found}


def _measure(results: StudyResults, claim: Claim, rows: dict[str, str]) -> tuple[MetricDifference, ...] | str:
    """Return the differences in the claim's metrics, or why they cannot be compared."""
    labels = dict.fromkeys((*claim.better, *claim.worse, *claim.reference))
    missing = [label for label in labels if not results.results_of(rows.get(label, ""))]
    if missing:
        return _not_run(claim, missing)
    better, worse = ([rows[label] for label in side] for side in (claim.better, claim.worse))
    weights = weights_of(better, worse)
    if not weights:
        return "both sides are one configuration in this study"
    digests = list(dict.fromkeys(rows[label] for label in labels))
    if len(common_seeds(results, digests)) < MIN_PAIRED_SEEDS:
        return "fewer than two seeds in common"
    found = []
    for metric in claim.metrics:
        tasks = TASKS.get(metric, ("sst",) if metric == "sst_train_dev_gap" else MAIN_TASKS)
        lacking = unmeasured(results, digests, tasks)
        if lacking:
            return f"this study has not measured {', '.join(lacking)}"
        comparison = _compare(results, metric, weights, [rows[label] for label in claim.reference])
        if comparison is None:
            return _not_measurable(metric)
        found.append(MetricDifference(metric, comparison))
    return tuple(found)


def _compare(results: StudyResults, metric: Metric, weights: Weights, reference: Sequence[str]) -> Comparison | None:
    if metric == "sst_train_dev_gap":
        return _gap(results, weights)
    if metric == "mean_abs_deviation_from_baseline":
        return _deviation(results, weights, reference)
    return compare_tasks(results, TASKS[metric], weights)


def _gap(results: StudyResults, weights: Weights) -> Comparison | None:
    """Return train minus dev accuracy on SST at the kept epoch, Student's t over seeds; None without train accuracy."""
    seeds = common_seeds(results, list(weights))
    curves = results.curves("sst", "accuracy")
    total = np.zeros(len(seeds))
    for digest, weight in weights.items():
        runs = [results.results_of(digest)[seed] for seed in seeds]
        kept = [results.metric(run.id, "train", "sst", "accuracy") for run in runs]
        last = [curves.get((run.id, "train"), {}).get(run.best_epoch or 0) for run in runs]
        train = [at_end if one is None else one for one, at_end in zip(kept, last, strict=True)]
        if any(value is None for value in train):
            return None
        total += weight * (np.array(train, dtype=np.float64) - values(results, digest, seeds, "sst"))
    if not np.isfinite(total).all():
        return None
    return Comparison(paired_difference(total, np.zeros_like(total)), seeds, "seeds")


def _deviation(results: StudyResults, weights: Weights, reference: Sequence[str]) -> Comparison | None:
    """Return the weighted mean over tasks of |row - reference|, both being means over seeds.

    To first order a contrast again: |x| moves as x does, with the sign that it has.
    """
    seeds = common_seeds(results, [*weights, *reference])
    by_task: dict[str, dict[str, float]] = {}
    for task in MAIN_TASKS:
        origin = np.mean([_mean(results, digest, seeds, task) for digest in reference])
        signed = {
            digest: weight * float(np.sign(_mean(results, digest, seeds, task) - origin))
            for digest, weight in weights.items()
        }
        total = dict.fromkeys([*signed, *reference], 0.0)
        for digest, weight in signed.items():
            total[digest] += weight
            for one in reference:
                total[one] -= weight / len(reference)
        by_task[task] = total
    return contrast(results, by_task)


def _mean(results: StudyResults, digest: str, seeds: Sequence[int], task: str) -> float:
    return float(np.nan_to_num(values(results, digest, seeds, task)).mean())


def _pairs(results: StudyResults, claim: Claim, rows: dict[str, str]) -> Comparison | None:
    """Return the mean of all matched pairs in the claim's metric if all of them have been run."""
    if not claim.pairs:
        return None
    better, worse = ([pair[side] for pair in claim.pairs] for side in (0, 1))
    return _of_rows(results, claim, rows, better, worse)


def _other_reading(results: StudyResults, claim: Claim, rows: dict[str, str]) -> Comparison | None:
    """Return the claim's metric in its other reading; None if the study's rows have that reading already (`--set`)."""
    read = claim.other_reading
    if read is None or [rows.get(x) for x in read.better] == [rows.get(x) for x in claim.better]:
        return None
    return _of_rows(results, claim, rows, read.better, read.worse)


def _of_rows(
    results: StudyResults, claim: Claim, rows: dict[str, str], better: Sequence[str], worse: Sequence[str]
) -> Comparison | None:
    """Compare the means of two sides in the claim's first metric if all rows have been run."""
    if any(not results.results_of(rows.get(label, "")) for label in (*better, *worse)):
        return None
    weights, tasks = weights_of(*([rows[label] for label in side] for side in (better, worse))), TASKS[claim.metrics[0]]
    if not weights or unmeasured(results, list(weights), tasks):
        return None
    return compare_tasks(results, tasks, weights)


def _test(claim: Claim, measured: Sequence[MetricDifference]) -> ClaimTest | str:
    differences = [one.comparison.difference for one in measured]
    if any(difference.noise.error == 0 for difference in differences):
        return NO_NOISE
    return claim_test(differences, claim.direction, claim.tolerance)


def _reasoned(claim: Claim, measured: Sequence[MetricDifference] | str, judged: ClaimJudgement) -> ClaimJudgement:
    if judged.verdict != "open" or judged.reason or isinstance(measured, str):
        return judged
    differences = [(METRICS[one.metric], one.comparison.difference) for one in measured]
    return replace(judged, reason=open_reason(judged, differences, claim.direction, claim.tolerance))


def _not_run(claim: Claim, labels: Sequence[str]) -> str:
    if BASELINE in labels and claim.elsewhere is not None:
        return (
            f"it compares with rows of {claim.elsewhere.space}; the baseline, which stands for them, has not been run"
        )
    listed = ", ".join(f"'{label}'" for label in labels)
    return f"row{'s' if len(labels) > 1 else ''} {listed} {'have' if len(labels) > 1 else 'has'} not been run"


def _not_measurable(metric: Metric) -> str:
    if metric == "sst_train_dev_gap":
        return "accuracy on train was not recorded"
    return "a run's score is not a number"


def _run_ids(results: StudyResults, claim: Claim, rows: dict[str, str]) -> tuple[int, ...]:
    labels = (*claim.better, *claim.worse, *claim.reference)
    digests = dict.fromkeys(rows[label] for label in labels if label in rows)
    return tuple(run.id for digest in digests for run in results.results_of(digest).values())
