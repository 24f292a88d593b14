"""Interim analyses of a table whose open rows get further seeds (`--max-seeds`), computed from finished runs.

Analysis k uses only the first `counts[k]` fresh seeds. Decided rows are not analysed again. The history of a table is
therefore a function of its runs and need not be stored.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from results.analysis.contrasts import Comparison, compare, moderated_contrasts, telling
from results.analysis.winners_curse import WinnersCurse, reference_bias
from results.database.rows import CONSECUTIVE_SEEDS, StudyRow
from results.measurements.study_results import MIN_PAIRED_SEEDS, StudyResults
from results.measurements.task_units import margin_of
from results.statistics import Difference, ExactSpending, Judgement, judge
from results.text.formatting import seeds_text

LEVEL = 0.95  # joint level of a row's intervals over all interim analyses


@dataclass(frozen=True)
class Schedule:
    """The numbers of seeds at which a table is analysed, fixed before the first analysis.

    Every row gets the first `start` of the fresh `seeds`; an open row gets further ones, up to all of them. `counts`
    are the numbers of seeds at the analyses, ascending, from the first number that has a spread.
    """

    seeds: tuple[int, ...]
    start: int
    counts: tuple[int, ...]

    @property
    def spending(self) -> ExactSpending:
        """The rule by which the analyses spend the error."""
        return ExactSpending(self.counts)

    def first(self, count: int) -> frozenset[int]:
        """Return the first `count` seeds."""
        return frozenset(self.seeds[:count])

    def level(self, count: int) -> float:
        """Return the level of the interval after `count` seeds, such that all analyses hold jointly with `LEVEL`."""
        return 1 - self.spending.level(1 - LEVEL, self.counts.index(count))


def schedule(study: StudyRow) -> Schedule | None:
    """Return the study's schedule; None if every row has the same seeds and is analysed once."""
    start, most = study.settings_json.get("seeds"), study.settings_json.get("max_seeds")
    if not isinstance(start, int) or not isinstance(most, int) or not 0 < start < most:
        return None
    seeds = study.settings_json.get("seed_list") or [study.seed + CONSECUTIVE_SEEDS + i for i in range(most)]
    every = range(max(start, MIN_PAIRED_SEEDS), len(seeds) + 1)  # older studies have no list of analyses
    return Schedule(tuple(seeds), start, tuple(study.settings_json.get("analyses_after") or every))


def schedule_note(plan: Schedule) -> str:
    """Return the note that explains interim analyses to readers of the table."""
    return (
        f"Every row has {seeds_text(plan.start)}; rows that stayed open got further ones, up to {len(plan.seeds)} (the "
        f"number is shown in each row). The table was analysed after {', '.join(map(str, plan.counts))} seeds. Every "
        "analysis spends a share of the error that was fixed in advance (Lan and DeMets 1983). Error rates hold over "
        "all analyses, and so do the 95 % intervals, which are wider for this reason. Each row shows its last analysis."
    )


@dataclass
class SequentialRow:
    """One row after its interim analyses: the comparison at the last one, and the verdict from all of them.

    `differences` has one entry per analysis, corrected for the reference's selection bias; None with fewer than two
    common seeds. `judgement` is None before the first analysis.
    """

    digest: str
    comparison: Comparison | None = None
    differences: list[Difference | None] = field(default_factory=list)
    judgement: Judgement | None = None

    @property
    def is_open(self) -> bool:
        """Whether further seeds could still decide whether it helps, hurts or is equivalent."""
        return self.judgement is None or not self.judgement.decided


def interim_analyses(
    results: StudyResults, digests: Sequence[str], reference: str, plan: Schedule, *, after: int | None = None,
    primary: Collection[str] | None = None,
) -> list[SequentialRow]:  # fmt: skip
    """Return the rows of a table, each minus `reference`, after every interim analysis that was possible.

    An analysis is possible once the reference and all open rows have finished its seeds; with `after`, analyses with
    more seeds are left out. Noise is moderated over all rows, decided ones with the seeds they have
    (`variance_shrinkage.moderated`). A configuration that failed with every starting seed is not analysed but counts in
    Holm's method, so that the size of the table does not depend on failures.
    """
    rows, ended = [SequentialRow(digest) for digest in digests], _ended(results)
    first = [primary is None or digest in primary for digest in digests]
    margin, starting = margin_of(results.study), plan.first(plan.start)
    curse = reference_bias(results, reference, starting)
    for count in plan.counts:
        seeds = plan.first(count)
        active = [row for row in rows if row.is_open and not _always_fails(results, ended, row.digest, starting)]
        needed = {(digest, seed) for digest in (reference, *(row.digest for row in active)) for seed in seeds}
        if not active or (after is not None and count > after) or not needed <= ended:
            break
        _analyse(results, rows, active, reference, seeds, plan.level(count), curse)
        judged = judge([row.differences for row in rows], shares=plan.spending, margin=margin, primary=first)
        for row, judgement in zip(rows, judged, strict=True):
            row.judgement = judgement
    return rows


def rows_to_extend(
    results: StudyResults, digests: Sequence[str], reference: str, plan: Schedule, after: int,
    primary: Collection[str] | None = None,
) -> list[str]:  # fmt: skip
    """Return the rows that need a further seed after `after` seeds: open ones, unless every starting seed failed."""
    ended, starting = _ended(results), plan.first(plan.start)
    if _always_fails(results, ended, reference, starting):
        return []
    rows = interim_analyses(results, digests, reference, plan, after=after, primary=primary)
    return [row.digest for row in rows if row.is_open and not _always_fails(results, ended, row.digest, starting)]


def _analyse(
    results: StudyResults,
    rows: Sequence[SequentialRow],
    active: Sequence[SequentialRow],
    reference: str,
    seeds: frozenset[int],
    level: float,
    curse: WinnersCurse,
) -> None:
    """Compare the `active` rows over these seeds; decided rows still tell about the noise with the seeds they have."""
    for row in active:
        row.comparison = compare(results, row.digest, reference, seeds)
    measured = {row.digest: row.comparison for row in active if row.comparison}
    decided = [row.comparison for row in rows if row not in active and row.comparison]
    others = telling(results, reference, seeds=seeds, without=[row.digest for row in rows])
    pooled = moderated_contrasts(measured, [*decided, *others])
    for row in active:
        row.comparison = replace(curse.correct(pooled[row.digest]), level=level) if row.comparison else None
    for row in rows:
        if row in active or not row.differences:
            row.differences.append(row.comparison.difference if row.comparison else None)


def _ended(results: StudyResults) -> set[tuple[str, int]]:
    """Return (configuration, seed) of the runs that ended: complete, pruned or failed."""
    return {(r.config_digest, r.seed) for r in results.runs if r.status in ("complete", "pruned", "failed")}


def _always_fails(results: StudyResults, ended: set[tuple[str, int]], digest: str, seeds: frozenset[int]) -> bool:
    """Return whether a configuration was run with all these seeds and has no result."""
    return not seeds & results.results_of(digest).keys() and all((digest, seed) in ended for seed in seeds)
