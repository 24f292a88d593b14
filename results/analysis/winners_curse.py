"""The winner's curse: the best was chosen by the runs that its ablation is compared with, and is biased upwards.

Points and intervals show what was measured. Verdicts are corrected for the bias, or more than 5 % of the tables would
have a row that seems to hurt only because the best was lucky.
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
    """Return the mean scores, over `seeds` or all, of the configurations that `reference` was chosen among.

    The reference is one of them. Empty where it was not chosen: it is not the study's best, nothing else was confirmed,
    or all of the space is run, and the reference is the baseline whatever its score.
    """
    if results.study.is_grid or results.study.decisions_json.get("best") != reference:
        return ()
    digests = confirmed(results)
    found = [
        [run.score for seed, run in results.results_of(digest).items() if seeds is None or seed in seeds]
        for digest in digests
    ]
    means = tuple(fmean(score for score in scores if score is not None) for scores in found if scores)
    return means if len(means) > 1 else ()


@dataclass
class WinnersCurse:
    """The selection bias of a reference that was chosen among configurations with these `means`, look by look.

    `chosen` is the difference of a row at the first look, with the seeds that the choice was made by. Without means
    nothing was chosen, and there is no bias.
    """

    means: Sequence[float]
    chosen: Difference | None = None

    def corrected(self, differences: Sequence[Difference], now: Difference) -> list[Difference]:
        """Return rows minus the best without the best's bias; `now` is one of them with the most seeds of this look.

        The bias is the part of the best's noise that the choice was made by. In a mean over more seeds, on the same
        examples, it is `selection_bias.bias_of_best` times (error now / error then)^2: further seeds dilute it.
        """
        self.chosen = self.chosen or now
        if not self.means or not self.chosen.noise.error > 0:
            return list(differences)
        bias = bias_of_best(self.means, self.chosen) * (now.noise.error / self.chosen.noise.error) ** 2
        return [replace(difference, estimate=difference.estimate + bias) for difference in differences]


def with_most_seeds(compared: Sequence[Comparison]) -> int:
    """Return the place of the first comparison with the most seeds; one that lost seeds is noisier than the choice."""
    counts = [len(comparison.seeds) for comparison in compared]
    return counts.index(max(counts))


def choice_note(results: StudyResults, best: str | None, rows: Sequence[tuple[Comparison, Difference]]) -> str:
    """Return a note on the correction; empty where the best was not chosen or nothing is compared with it.

    `rows`: each row minus the best as it was measured, and as it was judged.
    """
    means = confirmed_means(results, best) if best is not None else ()
    if not means or not rows:
        return ""
    shown, judged = rows[with_most_seeds([comparison for comparison, _ in rows])]
    bias, unit = judged.estimate - shown.difference.estimate, units_of(results.study).score
    counted = "points" if unit.counted == "points" else "differences"
    return (
        f"The best was chosen among {plural(len(means), 'confirmed configuration')} by the same runs that the rows are "
        f"compared with. Given how these differ and how noisy a row is, this selection bias is about "
        f"{unit.apart_rounded(bias)} on average. Verdicts are corrected for it; {counted} and intervals are as "
        "measured, and lean that far towards hurts."
    )
