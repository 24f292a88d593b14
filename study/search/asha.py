"""ASHA (Li et al. 2020): the rule by which runs of a search pause at a rung, and later continue.

Rungs are the epochs 1, 3, 9, ... of multitask before a run's last epoch. A run that reaches a rung continues if its
score is in the best third of the runs that have reached it so far; otherwise it pauses. When more runs arrive, paused
runs may enter the best third, and continue from the epoch where they paused. A run that does not report every epoch,
or reports fractions, reaches a rung with its first report at or beyond it.

    continues at rung r  <=>  rank of its score at r  <=  max(1, floor(n_r / ETA)),   n_r runs have reached r

The paper has floor(n_r / ETA); with at least 1, some run always reaches its last epoch. A promoted run continues from
where it paused, and is not started again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

ETA = 3

Scores = Mapping[int, Mapping[float, float]]  # trial -> epoch -> score


def highest_rung(epoch: float) -> int:
    """Return the highest rung at or below an epoch, 0 below the first rung."""
    if epoch < 1:
        return 0
    rung = 1
    while rung * ETA <= epoch:
        rung *= ETA
    return rung


def rung_reached(epoch: float, reported: Collection[float]) -> int | None:
    """Return the rung that a run reaches with `epoch`, None between rungs. `reported` are all its epochs so far."""
    before = max((other for other in reported if other < epoch), default=0)
    rung = highest_rung(epoch)
    return rung if before < rung else None


def continues(trial: int, rung: int, scores: Scores) -> bool:
    """Return whether a trial is among the best at a rung; of equal scores the earlier trial counts as better."""
    at_rung = {other: _score_at(rung, by_epoch) for other, by_epoch in scores.items()}
    reached = sorted((-score, other) for other, score in at_rung.items() if score is not None)
    best = [other for _, other in reached[: max(1, len(reached) // ETA)]]
    return trial in best


def promoted(paused: Collection[int], scores: Scores) -> int | None:
    """Return the paused trial to continue, the best of the highest rung that has one; None if no trial may continue."""
    rungs = {trial: highest_rung(max(scores[trial])) for trial in paused if scores.get(trial)}
    able = {t: _score_at(rung, scores[t]) or 0.0 for t, rung in rungs.items() if continues(t, rung, scores)}
    return max(able, key=lambda trial: (rungs[trial], able[trial], -trial), default=None)


def _score_at(rung: int, by_epoch: Mapping[float, float]) -> float | None:
    """Return a run's score at a rung, that of its first report at or beyond it; None before the rung."""
    epoch = min((epoch for epoch in by_epoch if epoch >= rung), default=None)
    return None if epoch is None else by_epoch[epoch]
