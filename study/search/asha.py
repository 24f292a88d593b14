"""ASHA (Li et al. 2020): which runs of a search pause at a rung, and which of them continue.

Rungs are the epochs 1, 3, 9, ... of multitask below a run's last. A run that reaches a rung continues if it is among
the best third of all that have reached it so far, at least the best one; else it pauses. As others arrive, paused runs
become part of the best third, and continue from the epoch they had reached. A run that reports fractions of epochs, or
not every epoch, reaches a rung with its first report at or beyond it.

    continues at rung r  <=>  rank of its score at r  <=  max(1, floor(n_r / ETA)),   n_r runs have reached r

The paper has floor(n_r / ETA) alone; with "at least one", some run always reaches its end, however few there are. It
starts nobody again: a promoted run continues.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

ETA = 3

# Trial -> epoch -> score, as far as it has come.
Scores = Mapping[int, Mapping[float, float]]


def highest_rung(epoch: float) -> int:
    """Return the highest rung at or below an epoch; 0 below the first."""
    if epoch < 1:
        return 0
    rung = 1
    while rung * ETA <= epoch:
        rung *= ETA
    return rung


def rung_reached(epoch: float, reported: Collection[float]) -> int | None:
    """Return the rung that a run reaches by reporting `epoch`; None between rungs. `reported`: all epochs so far."""
    before = max((other for other in reported if other < epoch), default=0)
    rung = highest_rung(epoch)
    return rung if before < rung else None


def goes_on(trial: int, rung: int, scores: Scores) -> bool:
    """Return whether a trial is among the best at a rung; of equal ones the earlier trial."""
    at_rung = {other: _at(rung, found) for other, found in scores.items()}
    reached = sorted((-score, other) for other, score in at_rung.items() if score is not None)
    best = [other for _, other in reached[: max(1, len(reached) // ETA)]]
    return trial in best


def promoted(paused: Collection[int], scores: Scores) -> int | None:
    """Return the paused trial to continue: the best of the highest rung that has one; None without one."""
    rungs = {trial: highest_rung(max(scores[trial])) for trial in paused if scores.get(trial)}
    able = {trial: score for trial, rung in rungs.items() if (score := _able(trial, rung, scores)) is not None}
    return max(able, key=lambda trial: (rungs[trial], able[trial], -trial), default=None)


def _able(trial: int, rung: int, scores: Scores) -> float | None:
    """Return a paused trial's score at its rung, if it may continue."""
    return _at(rung, scores[trial]) if goes_on(trial, rung, scores) else None


def _at(rung: int, found: Mapping[float, float]) -> float | None:
    """Return a run's score at a rung: that of its first report at or beyond it."""
    if rung in found:
        return found[rung]
    return found[min(beyond)] if (beyond := [epoch for epoch in found if epoch >= rung]) else None
