"""The method note of the report: how differences are judged, and what the intervals leave out, on one screen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from results.analysis import sequential
from results.analysis.comparisons import Judged
from results.analysis.contrasts import IntervalOver
from results.analysis.summary import Summary
from results.database.rows import StudyRow
from results.measurements.task_units import margin_of, units_of
from results.report import primary_rows

Paragraph = tuple[str, str]  # heading and text


def method_note(summary: Summary, interval_note: str) -> list[Paragraph]:
    """Return the paragraphs of the note; `interval_note` says what the intervals cover.

    It names only what was used for the study's tables, with the references.
    """
    rows: list[Judged] = [*summary.ablation, *summary.against_baseline]
    over = {row.comparison.over for row in rows if row.comparison}
    return [
        ("Noise", " ".join(_noise(over))),
        ("Moderation", _moderation(over)),
        ("Helps, hurts", _multiplicity(summary.study, rows)),
        ("Margin", _margin(summary.study)),
        *([("The best", _selection())] if not summary.is_grid else []),
        ("What intervals cover", _cover(interval_note)),
    ]


def _noise(over: set[IntervalOver]) -> Iterator[str]:
    yield "All configurations are trained with the same seeds, so differences are paired by seed."
    if "seeds and examples" in over or not over:
        yield (
            "They are paired by dev example too: D = δ + S(seed) + E(example) + R(seed, example), a two-way layout of "
            "random effects (Searle, Casella and McCulloch 1992). The variance over seeds, known from few values, and "
            "that over examples, known from many, are kept apart: p is Student's tail probability averaged over what "
            "the first may truly be, the Behrens-Fisher solution, which is conservative (Robinson 1976)."
        )
    if "seeds" in over:
        yield "Where predictions were not stored, only the variance over seeds is known: Student's t over the seeds."


def _moderation(over: set[IntervalOver]) -> str:
    ratio = "the variance over seeds" if over == {"seeds"} else "the ratio of its variance over seeds to its residual"
    limited = "the correlation between rows limits the degrees of freedom that a row gains."
    if over == {"seeds"}:
        shared = f"All rows share one reference, so {limited}"
    else:
        shared = (
            "All rows share the noise of one reference. It is estimated apart (analysis of variance of rows by seeds) "
            "and shrunk like that of a row, unless it is larger than chance allows (F test, 10 %): then " + limited
        )
    return (
        f"Few seeds tell little of one row's noise, so {ratio} is shrunk towards those of the study's other "
        "configurations; the more alike these are, the more it is shrunk (empirical Bayes, Smyth 2004). A row that is "
        f"an outlier keeps its own (Phipson et al. 2016). {shared}"
    )


def _multiplicity(study: StudyRow, rows: Sequence[Judged]) -> str:
    how = primary_rows.note(rows)
    text = (
        "A difference from 0, tested on both sides. The probability of any wrong one in a table is at most 5 %"
        f"{f'. {how}' if how else ' (Holm 1979).'} It holds table by table, not over all tables of this page."
    )
    if sequential.schedule(study) is None:
        return text
    return f"{text} Every interim analysis spends a share of the 5 %, fixed in advance (Lan and DeMets 1983)."


def _margin(study: StudyRow) -> str:
    margin, unit = margin_of(study), units_of(study).score
    if margin is None:
        return "None is known for this unit, so only differences from 0 are tested (--margin sets one)."
    size = unit.apart(margin)
    return (
        f"No gain, or no loss, of more than {size}: a one-sided test rejects that the true difference is at least that "
        f"large, at 5 %. Equivalent: both are rejected (Schuirmann 1987), even if a smaller difference is real. "
        '"Surely within": the margin at which the row would just be equivalent. Their error is 5 % per row, not over '
        "the table. Identical outputs are equivalent without a test."
    )


def _selection() -> str:
    return (
        "The best was selected by the runs that its rows are compared with, so it looks better than it is. The "
        "expected excess is estimated from the spread of the close configurations and their noise, and is taken off "
        "the differences from the best and the gain. The uncertainty of this estimate is not in the intervals. Mean "
        "scores and effects on single tasks are as measured."
    )


def _cover(interval_note: str) -> str:
    return (
        f"{interval_note} They do not cover other data, languages or encoders, nor that another search could have "
        "found another best. Normal distributions are assumed: look at the single runs of a row whose training "
        "collapsed with some seeds."
    ).strip()
