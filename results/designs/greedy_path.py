"""The greedy path from the baseline to the best: measured steps, with the selection bias of each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

from results.analysis.comparisons import JudgedComparison, judged_contrasts
from results.analysis.contrasts import Comparison, compare, weights_of
from results.analysis.leaderboard import baseline_digest, best_digest
from results.database.database import Database
from results.measurements.study_results import StudyResults
from results.statistics.selection_bias import bias_of_best

PATH = "path"  # the key of `decisions_json` under which the driver stores the chosen steps


@dataclass(frozen=True)
class PathStep:
    """One step: the change, the configuration it leads to, and the number of changes it was chosen from (`tried`).

    `factor` is None if the step makes all remaining changes at once. `from_previous` is this configuration minus the
    `before` one, with its verdict; `from_baseline` minus the baseline. `bias` is the expected excess of the score due
    to choosing the best of `tried` (score units); None if nothing was chosen or it cannot be estimated.
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
    """The steps in order; `whole` if they lead to the best. `stopped` is the reason why they ended before it."""

    baseline: str
    best: str
    steps: tuple[PathStep, ...]
    whole: bool
    stopped: str | None


def fresh_mean(database: Database, name: str, digest: str, seeds: Collection[int]) -> float | None:
    """Return a configuration's mean score over these seeds; None if a seed has no complete run."""
    rows = database.runs.of_study(name, config_digest=digest, status="complete")
    scores = [row.score for row in rows if row.seed in seeds and row.score is not None]
    return fmean(scores) if len(scores) == len(seeds) else None


def greedy_path(results: StudyResults) -> Path | None:
    """Return the steps measured so far; None if the study has no path between its baseline and its best.

    A path that stopped before the best has a last step that makes all remaining changes.
    """
    decided, best, baseline = results.study.decisions_json.get(PATH), best_digest(results), baseline_digest(results)
    if not decided or best is None or baseline is None or (decided["best"], decided["baseline"]) != (best, baseline):
        return None
    records = list(decided["steps"])
    whole = bool(records) and records[-1]["digest"] == best
    if decided["stopped"] and not whole:
        records.append({"factor": None, "from_level": None, "to_level": None, "digest": best, "tried": 1})
    pairs = list(pairwise([baseline, *(record["digest"] for record in records)]))
    judged = _judged(results, [(digest, before) for before, digest in pairs])
    steps = [
        PathStep(
            number=number,
            **{name: record[name] for name in ("factor", "from_level", "to_level", "digest", "tried")},
            before=before,
            scores=tuple(results.scores(digest)),
            from_previous=row,
            from_baseline=compare(results, digest, baseline),
            bias=_bias(results, number, row),
        )
        for number, (record, (before, digest), row) in enumerate(zip(records, pairs, judged, strict=True), start=1)
    ]
    return Path(baseline, best, tuple(steps), whole, decided["stopped"])


def _judged(results: StudyResults, steps: Sequence[tuple[str, str]]) -> list[JudgedComparison]:
    """Return each step (digest, the one before) compared; error rates are controlled over all changes tried.

    A step is the best of several changes; judged as if it had been the only one, it would be significant too often.
    """
    rows = [weights_of([digest], [before]) for digest, before in steps]
    for number, (chosen, before) in enumerate(steps, start=1):
        rows += [weights_of([digest], [before]) for digest in _tried(results, number) if digest != chosen]
    return judged_contrasts(results, rows)[: len(steps)]


def _tried(results: StudyResults, number: int) -> list[str]:
    return [c.config_digest for c in results.cells if c.design == "path" and c.name.startswith(f"path:{number}:")]


def _bias(results: StudyResults, number: int, step: JudgedComparison) -> float | None:
    means = [fmean(scores) for digest in _tried(results, number) if (scores := results.scores(digest))]
    if step.comparison is None or len(means) < 2:
        return None
    return bias_of_best(means, step.comparison.difference.noise.error**2)
