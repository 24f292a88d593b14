"""The greedy path from the baseline to the best: its steps as measured, with the selection bias of each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from statistics import fmean

from results.analysis.comparisons import JudgedComparison, judged_contrasts
from results.analysis.contrasts import Comparison, compare, weights_of
from results.analysis.leaderboard import baseline_digest, best_digest
from results.database.database import Database
from results.measurements.study_results import StudyResults
from results.statistics.selection_bias import bias_of_best

PATH = "path"  # the key of `decisions_json` under which the driver keeps the steps it has decided


@dataclass(frozen=True)
class PathStep:
    """One step: the change, the configuration it leads to, and how many changes it was chosen from.

    `factor` is None where the step makes all changes that are left at once. `from_previous` is this configuration minus
    the one before, with its verdict; `from_baseline` minus the baseline. `bias`: by how much the score, being the best
    of those `tried`, is too high on average (score units); None where nothing was chosen or it is not known.
    """

    number: int
    factor: str | None
    from_level: str | None
    to_level: str | None
    digest: str
    before: str
    tried: int
    scores: tuple[float, ...]
    from_previous: JudgedComparison
    from_baseline: Comparison | None
    bias: float | None


@dataclass(frozen=True)
class Path:
    """The steps in their order; `whole` where they lead to the best. `stopped` says why they ended before."""

    baseline: str
    best: str
    steps: tuple[PathStep, ...]
    whole: bool
    stopped: str | None


def fresh_mean(database: Database, name: str, digest: str, seeds: Collection[int]) -> float | None:
    """Return a configuration's mean score over these seeds; None unless all of them are complete."""
    rows = database.runs.of_study(name, config_digest=digest, status="complete")
    scores = [row.score for row in rows if row.seed in seeds and row.score is not None]
    return fmean(scores) if len(scores) == len(seeds) else None


def greedy_path(results: StudyResults) -> Path | None:
    """Return the path as far as it was walked; None where there is none between the study's baseline and its best.

    A path that stopped before the best ends with a last step to it, of all that is left.
    """
    decided, best, baseline = results.study.decisions_json.get(PATH), best_digest(results), baseline_digest(results)
    if not decided or best is None or baseline is None or (decided["best"], decided["baseline"]) != (best, baseline):
        return None
    told = list(decided["steps"])
    whole = bool(told) and told[-1]["digest"] == best
    if decided["stopped"] and not whole:
        told.append({"factor": None, "from_level": None, "to_level": None, "digest": best, "tried": 1})
    before = [baseline, *(step["digest"] for step in told)]
    pairs = list(zip(told, before, strict=False))
    judged = _judged(results, [(step["digest"], previous) for step, previous in pairs])
    steps = [
        PathStep(
            number=number,
            factor=step["factor"],
            from_level=step["from_level"],
            to_level=step["to_level"],
            digest=step["digest"],
            before=previous,
            tried=step["tried"],
            scores=tuple(results.scores(step["digest"])),
            from_previous=compared,
            from_baseline=compare(results, step["digest"], baseline),
            bias=_bias(results, number, compared),
        )
        for number, ((step, previous), compared) in enumerate(zip(pairs, judged, strict=True), start=1)
    ]
    return Path(baseline, best, tuple(steps), whole, decided["stopped"])


def _judged(results: StudyResults, steps: Sequence[tuple[str, str]]) -> list[JudgedComparison]:
    """Return each step (digest, the one before) compared; errors are held over every change that was tried.

    A step is the best of those tried: judged as if it had been the only one, it would seem sure too often.
    """
    rows = [weights_of([digest], [before]) for digest, before in steps]
    for number, (taken, before) in enumerate(steps, start=1):
        rows += [weights_of([digest], [before]) for digest in _tried(results, number) if digest != taken]
    return judged_contrasts(results, rows)[: len(steps)]


def _tried(results: StudyResults, number: int) -> list[str]:
    return [c.config_digest for c in results.cells if c.design == "path" and c.name.startswith(f"path:{number}:")]


def _bias(results: StudyResults, number: int, step: JudgedComparison) -> float | None:
    means = [fmean(scores) for digest in _tried(results, number) if (scores := results.scores(digest))]
    if step.comparison is None or len(means) < 2:
        return None
    return bias_of_best(means, step.comparison.difference)
