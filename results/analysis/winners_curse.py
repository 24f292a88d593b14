"""The winner's curse: the best was selected by the same runs that its ablation uses, so its score is biased upwards.

Points and intervals are shown as measured. Verdicts are corrected for the bias; otherwise more than 5 % of the tables
would have a row that seems to hurt only because the best was selected by chance.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from results.analysis.contrasts import Comparison
from results.measurements.study_results import StudyResults, confirmed
from results.measurements.task_units import units_of
from results.statistics import Difference
from results.statistics.selection_bias import bias_of_best
from results.text.formatting import plural


def confirmed_means(results: StudyResults, reference: str, seeds: Collection[int] | None = None) -> tuple[float, ...]:
    """Return the mean scores, over `seeds` or all, of the configurations that `reference` was selected from.

    They include the reference. Empty if it was not selected by its score: it is not the study's best, nothing else was
    confirmed, or the study is a grid, whose reference is the baseline.
    """
    if results.study.is_grid or results.study.decisions_json.get("best") != reference:
        return ()
    means = tuple(fmean(scores) for digest in confirmed(results) if (scores := results.scores(digest, seeds)))
    return means if len(means) > 1 else ()


@dataclass
class WinnersCurse:
    """The selection bias of a reference selected from configurations with these `means`, at each interim analysis.

    `chosen` is the difference of a row at the first analysis, with the seeds used for the selection. Without means
    there was no selection, hence no bias.
    """

    means: Sequence[float]
    chosen: Difference | None = None

    def correct_all(self, rows: Sequence[Comparison]) -> list[Difference]:
        """Return rows minus the best, without the selection bias of the best.

        The bias is the part of the best's noise that it was selected for. In a mean over more seeds, on the same
        examples, it is `selection_bias.bias_of_best` times (error now / error then)^2: further seeds dilute it.
        """
        if not rows:
            return []
        now = max(rows, key=lambda row: len(row.seeds)).difference  # a row that lost seeds is noisier
        self.chosen = self.chosen or now
        if not self.means or not self.chosen.noise.error > 0:
            return [row.difference for row in rows]
        bias = bias_of_best(self.means, self.chosen) * (now.noise.error / self.chosen.noise.error) ** 2
        return [replace(row.difference, estimate=row.difference.estimate + bias) for row in rows]


def choice_note(results: StudyResults, best: str | None, rows: Sequence[tuple[Comparison, Difference]]) -> str:
    """Return a note on the correction; "" if the best was not selected or nothing is compared with it.

    `rows` are the differences from the best, each as measured and as judged.
    """
    means = confirmed_means(results, best) if best is not None else ()
    if not means or not rows:
        return ""
    shown, judged = max(rows, key=lambda row: len(row[0].seeds))
    bias, unit = judged.estimate - shown.difference.estimate, units_of(results.study).score
    counted = "points" if unit.counted == "points" else "differences"
    return (
        f"The best was chosen among {plural(len(means), 'confirmed configuration')} by the same runs that the rows are "
        "compared with. Given the spread of their scores and the noise of a row, the selection bias is about "
        f"{unit.apart_rounded(bias)} on average. Verdicts are corrected for it; {counted} and intervals are shown as "
        "measured, shifted towards hurts by that amount."
    )
