"""Sentences and cells about claims and printed tables, shared by the report, the findings and the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from results.database.rows import StudyRow
from results.published.measured_claims import METRICS, MeasuredClaim, MetricDifference
from results.published.side_by_side import Spread
from results.published.tables import BASELINE, Claim, Metric, PrintedRow, PrintedTable, report_name
from results.published.verdicts import ALPHA, SMALLER_THAN, VERDICTS
from results.text.formatting import SAME, p_text, plural, points_interval, points_text, score_text, score_with_spread
from results.text.units import SHARES
from results.text.verdict_words import level_range, of_more, surely_within

FORMULAS = (
    "A printed average is the plain mean of its three columns, or counts STS as (1 + r)/2 (marked *), or fits neither "
    "formula (marked ?). Ours is always the plain mean; the plain mean of the printed columns is shown for comparison."
)
METRIC_NOTES = {
    "mean_abs_deviation_from_baseline": "Distance: the mean over tasks of |row minus baseline|, both means over seeds; "
    "its interval is a first-order approximation.",
    "sst_train_dev_gap": "Gap: at the kept epoch, with a sample of the training examples.",
}


def verdicts_note(shares: Iterable[float] = (SMALLER_THAN,)) -> str:
    """Return what the verdicts mean; `shares`: those of the printed difference that smaller than printed is about."""
    share = " or ".join(share_text(share) for share in sorted(set(shares)))
    return (
        "Differences are in points, hundredths of a score: the rows that the claim names first minus the others. "
        "Replicated: significantly as claimed in every metric. Contradicted: significantly the other way, or beyond "
        "the tolerance, in at least one metric. Smaller than printed: whatever its sign, significantly smaller than "
        f"{share} in at least one metric; a replicated claim can be that too. Open: none of these. The probability of "
        f"any wrong verdict in the table is at most {100 * ALPHA:g} % (Shaffer 1986; the p shown is adjusted), and "
        "each interval is the one that the verdict uses. What an open claim excludes is wrong with at most "
        f"{100 * ALPHA:g} % per metric. The noise is that of paired runs, moderated over all rows (Smyth 2004)."
    )


def share_text(share: float) -> str:
    """Return "half of what was printed", "30 % of what was printed", "what was printed"."""
    part = {0.5: "half of ", 1.0: ""}.get(share, f"{100 * share:g} % of ")
    return f"{part}what was printed"


def verdict_text(verdict: str, *, is_smaller: bool) -> str:
    """Return "replicated", "smaller than printed", "replicated, but smaller than printed"."""
    return f"{verdict}, but smaller than printed" if is_smaller and verdict == "replicated" else verdict


def sentence(claims: Sequence[MeasuredClaim]) -> str:
    """Return "Of 3 claims by Zhang, 2 are replicated (1 smaller than printed), 1 is open.", without absent verdicts."""
    counts = Counter(finding.judgement.verdict for finding in claims)
    parts = [f"{counts[kind]} {'is' if counts[kind] == 1 else 'are'} {kind}" for kind in VERDICTS if counts[kind]]
    smaller = sum(finding.judgement.verdict == "replicated" and finding.judgement.is_smaller for finding in claims)
    parts[:1] = [f"{parts[0]} ({smaller} smaller than printed)"] if smaller else parts[:1]
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
    """Return what a verdict rests on, the results of other pairs and readings, the confounders and the support."""
    claim, judged, sentences = finding.claim, finding.judgement, list[str]()
    if judged.reason:
        sentences.append(f"Open: {judged.reason}.")
    if judged.is_smaller and judged.adjusted_smaller_p is not None:
        sentences.append(f"Smaller than {share_text(finding.share)} (p {p_text(judged.adjusted_smaller_p)}).")
    if judged.adjusted_p is not None and judged.verdict in ("open", "smaller than printed"):
        text = "; ".join(excluded(finding))
        sentences.append(f"{text[0].upper()}{text[1:]}.")
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


def excluded(finding: MeasuredClaim) -> list[str]:
    """Return by metric what it excludes: "SST: no gain of more than 1 point, surely within ±2.3 points".

    Each part is wrong with at most the probability `ALPHA`, metric by metric. Of a claim that a metric is smaller, a
    gain is an increase. A claim of one metric has no name before it.
    """
    texts = []
    for one in finding.measured:
        difference, margin, parts = one.comparison.difference, finding.margin, list[str]()
        gain, loss = ("increase", "decrease") if finding.claim.direction == "smaller" else ("gain", "loss")
        if margin is not None and difference.p_below(margin) <= ALPHA:
            parts.append(f"no {gain}{of_more(SHARES, margin)}")
        if margin is not None and difference.p_above(-margin) <= ALPHA:
            parts.append(f"no {loss}{of_more(SHARES, margin)}")
        ends = difference.test_interval(1 - 2 * ALPHA)
        parts = parts if len(parts) < 2 else []  # the bound says both
        parts.append(surely_within(SHARES, max(-ends.low, ends.high)))
        name = f"{METRICS[one.metric]}: " if len(finding.measured) > 1 else ""
        texts.append(f"{name}{', '.join(parts)}")
    return texts


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


def intervals_note(measured: Sequence[MetricDifference]) -> str:
    """Return sentences that say what the intervals cover, and their levels; empty for none."""
    if not measured:
        return ""
    over = {one.comparison.over for one in measured}
    levels = level_range([one.level for one in measured])
    if over == {"seeds"}:
        return f"Intervals ({levels}) are for other seeds on the same dev examples."
    note = f"Intervals ({levels}) are for other seeds and other dev examples."
    without = " Where predictions were not kept, and for the gap between train and dev, they are for other seeds only."
    return note + (without if "seeds" in over else "")


def average_mark(row: PrintedRow) -> str:
    """Return "*" if the average counts STS as (1 + r)/2, "?" if neither formula fits it."""
    return {"rescaled": "*", "neither": "?"}.get(row.formula or "", "")


def average_text(row: PrintedRow) -> str:
    """Return the printed average with its mark, a dash for none."""
    return score_text(row.average) + average_mark(row)


def spread_text(value: Spread | None) -> str:
    """Return "0.713 ± 0.004", a dash for none."""
    return score_with_spread(value.mean, value.deviation) if value else score_text(None)
