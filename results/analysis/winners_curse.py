"""The winner's curse: the best was selected by the same runs that its ablation uses, so its score is biased upwards.

Differences from the best are corrected for this bias. Otherwise more than 5 % of the tables would have a row that seems
to hurt only because the best was selected by chance, and the gain over the baseline would be too large.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from results.analysis.contrasts import Comparison, compare, moderated_contrasts
from results.measurements.study_results import StudyResults, confirmed
from results.measurements.task_units import units_of
from results.statistics.paired_noise import PairedRow
from results.statistics.selection_bias import bias_of_best
from results.statistics.shared_noise import part_of_reference
from results.text.formatting import plural

FAR = 4.0  # standard errors below the best: such a configuration could not have been selected


@dataclass(frozen=True)
class WinnersCurse:
    """The expected `bias` of the best of `candidates` configurations, itself among them, in score units.

    `variance` is that of a difference between two of them; `others` are the differences of the other candidates from
    the best. Without other candidates there was no selection, and no bias.
    """

    candidates: int = 1
    bias: float = 0.0
    variance: float = 0.0
    others: tuple[PairedRow, ...] = ()

    def correct(self, row: Comparison) -> Comparison:
        """Return a row minus the best, without the bias of the best.

        The bias is the part of the best's noise that it was selected for. A row that shares noise with the best shares
        the bias, too (`shared_noise.part_of_reference`). It is in proportion to the variance of the best's noise,
        `variance` / 2 by the candidates. This is a part of the variance v of the row's difference, known from few
        seeds, so it is taken to be at most 2 v: candidates of which some runs collapsed tell nothing of a row without
        such runs. Where the part is not known, the fraction v / `variance` remains, at most 1. Seeds that the selection
        did not have dilute the bias.
        """
        if not self.bias or row.same:
            return row
        noise, part = row.difference.noise, part_of_reference(row.row, self.others)
        if part is None:
            part = min(noise.error**2 / self.variance, 1.0)
        elif noise.error:
            further = max(len(row.row.by_seed) / len(self.others[0].by_seed), 1.0)
            then = noise.seeds * further + noise.examples  # the variance with the seeds of the selection
            part *= noise.error**2 / then * min(4 * then / self.variance, 1.0)
        return replace(row, difference=replace(row.difference, estimate=row.difference.estimate + part * self.bias))


def winners_curse(results: StudyResults, best: str | None, seeds: Collection[int] | None = None) -> WinnersCurse:
    """Return the bias of `best` in its mean over `seeds` (default: all), by which it was selected.

    Candidates are the confirmed configurations whose scores are at most `FAR` standard errors of the difference below
    the best: what lies further below, often the baseline, could not have been selected and tells nothing of how much
    the true scores of the others differ. There is no bias if `best` was not selected by its score.
    """
    if best is None or results.study.decisions_json.get("best") != best:
        return WinnersCurse()
    key = ("winner's curse", best, None if seeds is None else frozenset(seeds))
    return results.once(key, lambda: _estimated(results, best, seeds))


def reference_bias(results: StudyResults, reference: str, seeds: Collection[int] | None = None) -> WinnersCurse:
    """Return the bias of a table's reference; none if the table is a grid's, whose reference is the baseline."""
    return WinnersCurse() if results.study.is_grid else winners_curse(results, reference, seeds)


def _estimated(results: StudyResults, best: str, seeds: Collection[int] | None) -> WinnersCurse:
    plain = {digest: compare(results, digest, best, seeds) for digest in confirmed(results) if digest != best}
    measured = moderated_contrasts({digest: one for digest, one in plain.items() if one is not None})
    close = [
        one
        for one in measured.values()
        if not one.same and abs(one.difference.estimate) <= FAR * one.difference.noise.error
    ]
    near = [one.difference for one in close]
    if not near:
        return WinnersCurse()
    variance = sum(one.noise.error**2 for one in near) / len(near)
    bias = bias_of_best([0.0, *(one.estimate for one in near)], variance)
    return WinnersCurse(len(near) + 1, bias, variance, tuple(one.row for one in close))


def choice_note(results: StudyResults, best: str | None) -> str:
    """Return a note on the correction of differences from the best; "" if there is none."""
    curse = winners_curse(results, best)
    if not curse.bias:
        return ""
    unit = units_of(results.study).score
    return (
        f"The best was chosen among {plural(curse.candidates, 'configuration')} whose scores are close, by the same "
        "runs that the rows are compared with. Given the spread of these scores and their noise, it looks about "
        f"{unit.apart_rounded(curse.bias)} better than it is. Differences from the best, and the gain over the "
        "baseline, are corrected for that; a row that shares noise with the best is corrected by less. Mean scores are "
        "shown as measured."
    )
