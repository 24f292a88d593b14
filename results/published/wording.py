"""Sentences and cells about claims and printed tables, shared by the report, the findings and the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from results.analysis.contrasts import IntervalOver
from results.database.rows import StudyRow
from results.published.measured_claims import METRICS, MeasuredClaim
from results.published.side_by_side import Spread
from results.published.tables import BASELINE, Claim, Metric, PrintedRow, PrintedTable, report_name
from results.published.verdicts import ALPHA
from results.text.formatting import SAME, plural, points_interval, points_text, score_text, score_with_spread

FORMULAS = (
    "A printed average is the plain mean of its three columns, or counts STS as (1 + r)/2 (marked *), or fits neither "
    "formula (marked ?). Ours is always the plain mean; the plain mean of the printed columns is shown for comparison."
)
METRIC_NOTES = {
    "mean_abs_deviation_from_baseline": "Distance: the mean over tasks of |row minus baseline|, both means over seeds; "
    "its interval is a first-order approximation.",
    "sst_train_dev_gap": "Gap: at the kept epoch, with a sample of the training examples.",
}
VERDICTS = (
    "Differences are in points, hundredths of a score: the rows that the claim names first minus the others. "
    "Replicated: significantly as claimed in every metric. Contradicted: significantly the other way, or beyond the "
    "tolerance, in at least one metric. Open: neither; the results do not decide. The probability of any wrong verdict "
    f"in the table is at most {100 * ALPHA:g} % (Holm; the p shown is adjusted). The variance over seeds is estimated "
    "from all rows together (Smyth 2004)."
)


def sentence(claims: Sequence[MeasuredClaim]) -> str:
    """Return "Of 2 claims by Zhang, 1 is replicated, 1 is open.", without verdicts that do not occur."""
    counts = Counter(finding.judgement.verdict for finding in claims)
    kinds: tuple[Literal["replicated", "contradicted", "open"], ...] = ("replicated", "contradicted", "open")
    parts = [f"{counts[kind]} {'is' if counts[kind] == 1 else 'are'} {kind}" for kind in kinds if counts[kind]]
    return f"Of {plural(len(claims), 'claim')} by {report_name(claims[0].claim.report)}, {', '.join(parts)}."


def source(claim: Claim | PrintedTable) -> str:
    """Return "Zhang, Table 2"."""
    return f"{report_name(claim.report)}, {claim.table}"


def compared(claim: Claim) -> str:
    """Return the labels of the rows that a claim compares: "Mean pooling over Baseline(CLS)"."""
    sides = []
    for side in (claim.better, claim.worse):
        elsewhere = claim.elsewhere if side == (BASELINE,) else None
        rows = f"the baseline (for {', '.join(elsewhere.rows)} of {elsewhere.space})" if elsewhere else ", ".join(side)
        sides.append(f"the mean of {rows}" if len(side) > 1 else rows)
    word = {"greater": "over", "smaller": "below", "approx_equal": "like"}[claim.direction]
    tolerance = "" if claim.tolerance is None else f", within {100 * claim.tolerance:g} points (our tolerance)"
    return f"{sides[0]} {word} {sides[1]}{tolerance}"


def metric_name(metric: Metric) -> str:
    """Return "SST", "average"."""
    return METRICS[metric]


def remarks(finding: MeasuredClaim) -> list[str]:
    """Return why a claim is open, the results of its other pairs and reading, its confounders and its support."""
    claim, sentences = finding.claim, []
    if finding.judgement.reason:
        sentences.append(f"Open: {finding.judgement.reason}.")
    same = [METRICS[metric.metric] for metric in finding.measured if metric.comparison.same]
    if same:
        sentences.append(f"{', '.join(same)}: {SAME}; the change between the rows had no effect.")
    if finding.pairs is not None and claim.printed.pairs_delta is not None:
        interval, printed = finding.pairs.interval, points_text(claim.printed.pairs_delta)
        sentences.append(
            f"Mean of its {len(claim.pairs)} matched pairs: {points_text(interval.estimate)} "
            f"{points_interval(interval)}, printed {printed}."
        )
    if finding.other_reading is not None and claim.other_reading is not None:
        interval = finding.other_reading.interval
        sentences.append(
            f"{claim.other_reading.words}: {points_text(interval.estimate)} {points_interval(interval)} "
            f"({', '.join(claim.other_reading.better)} over {', '.join(claim.other_reading.worse)})."
        )
    sentences += [METRIC_NOTES[metric] for metric in claim.metrics if metric in METRIC_NOTES]
    if claim.confounds:
        sentences.append(f"Confounded in the report: {claim.confounds}.")
    plain, average = claim.printed.plain_mean_delta, points_text(claim.printed.delta)
    differing = f"; printed averages differ by {average}" if plain is not None and points_text(plain) != average else ""
    return [*sentences, f"In the report: {claim.support}{differing}."]


def scale_note(study: StudyRow) -> str:
    """Return a sentence that says how our runs are smaller than the reports'."""
    settings = study.settings_json
    examples, epochs = settings.get("train_examples"), settings.get("epochs")
    layers = settings.get("layers")
    ours = [f"the first {plural(int(layers), 'layer')} of {study.backbone}" if layers else f"backbone {study.backbone}"]
    if "train_examples" in settings:
        ours.append("all training examples" if examples is None else f"at most {examples:,} training examples per task")
    if epochs is not None:
        ours.append(f"{plural(int(epochs), 'epoch')} unless a row says otherwise")
    factor = settings.get("learning_rate_times", 1)
    if factor != 1:
        ours.append(f"learning rates times {factor:g}")
    return (
        f"Ours are scaled down ({', '.join(ours)}); the report fine-tuned BERT-base for 5 to 30 epochs on far more "
        "data. Compare directions and order, not levels."
    )


def pins_note(study: StudyRow) -> str:
    """Return the factors set by hand, with which the rows are another reading of the table, or an empty string."""
    pins = study.settings_json.get("pins") or []
    return f"Set for every row, unlike in the table: {', '.join(map(str, pins))}." if pins else ""


def over_note(over: set[IntervalOver]) -> str:
    """Return sentences that say what the intervals cover."""
    parts = {
        "seeds and examples": "Intervals: 95 %, other seeds and other dev examples.",
        "seeds": "Where predictions were not kept, and for the gap between train and dev: 95 % t intervals over seeds.",
    }
    return " ".join(text for kind, text in parts.items() if kind in over)


def average_mark(row: PrintedRow) -> str:
    """Return "*" if the average counts STS as (1 + r)/2, "?" if neither formula fits it."""
    return {"rescaled": "*", "neither": "?"}.get(row.formula or "", "")


def average_text(row: PrintedRow) -> str:
    """Return the printed average with its mark, a dash for none."""
    return score_text(row.average) + average_mark(row)


def spread_text(value: Spread | None) -> str:
    """Return "0.713 ± 0.004", a dash for none."""
    return score_with_spread(value.mean, value.deviation) if value else score_text(None)
