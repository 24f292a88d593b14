"""Multi-fidelity as decisions: which runs of a search stop at a rung, and which of them go on (ASHA, Li et al. 2020).

Rungs are the epochs 1, 3, 9, ... of multitask below a run's last. A run that reaches a rung goes on if it is among the
best third of all that have reached it so far, at least the best one; else it pauses. As others arrive, paused runs come
to be among the best third, and go on from the epoch they had reached.

    goes on at rung r  <=>  rank of its score at r  <=  max(1, floor(n_r / ETA)),   n_r runs have reached r

The paper has floor(n_r / ETA) alone; with "at least one", some run always reaches its end, however few there are. It
starts nobody again: a promoted run continues.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

ETA = 3

# Trial -> epoch -> score, as far as it has come.
Scores = Mapping[int, Mapping[int, float]]


def is_rung(epoch: int) -> bool:
    """Whether an epoch is a power of ETA."""
    while epoch % ETA == 0:
        epoch //= ETA
    return epoch == 1


def goes_on(trial: int, rung: int, scores: Scores) -> bool:
    """Whether a trial is among the best at a rung; of equal ones the earlier trial."""
    reached = sorted((-found[rung], other) for other, found in scores.items() if rung in found)
    best = [other for _, other in reached[: max(1, len(reached) // ETA)]]
    return trial in best


def promoted(paused: Collection[int], scores: Scores) -> int | None:
    """The paused trial to go on: the best of the highest rung that has one; None where there is none."""
    rungs = {trial: max(scores[trial]) for trial in paused if scores.get(trial)}
    able = [trial for trial, rung in rungs.items() if goes_on(trial, rung, scores)]
    return max(able, key=lambda trial: (rungs[trial], scores[trial][rungs[trial]], -trial), default=None)
