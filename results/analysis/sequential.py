"""Looks at a table whose open rows get further seeds (`--max-seeds`): what each saw, from finished runs alone.

Look k is at the first `counts[k]` fresh seeds, whatever else there is. Rows that are decided get no further look and
keep those they had; so the history of a table is a function of its runs, and no table of the database has to hold it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from results.analysis.contrasts import Comparison, compare, weights_of, with_pooled_noise
from results.analysis.winners_curse import WinnersCurse, confirmed_means, with_most_seeds
from results.database.rows import CONSECUTIVE_SEEDS, StudyRow
from results.measurements.study_results import MIN_PAIRED_SEEDS, StudyResults
from results.measurements.task_units import margin_of
from results.statistics import Difference, Float64, Judgement, judge, sequential_level, spending
from results.text.formatting import seeds_text

LEVEL = 0.95  # of the intervals


@dataclass(frozen=True)
class Schedule:
    """After how many seeds a table is looked at, fixed before the first look.

    `seeds`: the fresh seeds in order; every row gets the first `start`, an open one further ones up to all. `counts`:
    the number of seeds at each look, ascending.
    """

    seeds: tuple[int, ...]
    start: int

    @property
    def counts(self) -> range:
        """From the first number of seeds that shows a spread."""
        return range(max(self.start, MIN_PAIRED_SEEDS), len(self.seeds) + 1)

    @property
    def shares(self) -> Float64:
        """What each look may spend of the error (`hypotheses.spending`)."""
        return spending(self.counts)

    def first(self, count: int) -> frozenset[int]:
        """Return the first `count` seeds."""
        return frozenset(self.seeds[:count])

    def level(self, count: int) -> float:
        """Return the level of the interval at the look after `count` seeds; those of all looks hold together."""
        return sequential_level(LEVEL, self.shares, self.counts.index(count))


def schedule(study: StudyRow) -> Schedule | None:
    """When the study looks at its tables; None where every row has the same seeds and is looked at once."""
    start, most = study.settings_json.get("seeds"), study.settings_json.get("max_seeds")
    if not isinstance(start, int) or not isinstance(most, int) or not 0 < start < most:
        return None
    seeds = study.settings_json.get("seed_list") or [study.seed + CONSECUTIVE_SEEDS + i for i in range(most)]
    return Schedule(tuple(seeds), start)


def schedule_note(plan: Schedule) -> str:
    """Return what a reader of the table's verdicts and intervals has to know of the looks."""
    return (
        f"Every row has {seeds_text(plan.start)}; rows that stayed open got further ones, one at a time, up to "
        f"{len(plan.seeds)} (the number stands with each row). The table was looked at after each of them, and every "
        f"look spends a part of the error that was fixed before the first (Kim and DeMets 1987): the error rates hold "
        f"over all looks, and so do the 95 % intervals, which are wider for it. A row is shown at its last look."
    )


@dataclass
class SequentialRow:
    """One row after the looks it has had: the difference at the last of them, and the verdict of all.

    `differences` has what was judged, one entry per look, corrected for the reference's selection bias;
    None where fewer than two seeds could be compared. `judgement` is None before the first look.
    """

    digest: str
    comparison: Comparison | None = None
    differences: list[Difference | None] = field(default_factory=list)
    judgement: Judgement | None = None

    @property
    def is_open(self) -> bool:
        """Whether the verdict is, or there is none yet."""
        return self.judgement is None or self.judgement.verdict == "open"


def interim_analyses(
    results: StudyResults, digests: Sequence[str], reference: str, plan: Schedule, *, after: int | None = None
) -> list[SequentialRow]:
    """Return the rows of a table, each minus `reference`, after all looks that could be taken.

    A look is taken when every row that is open, and the reference, has ended its seeds; `after`: only looks at so many
    seeds or fewer. At each look the noise is moderated over all rows, decided ones with the seeds they have had
    (`moderation.moderated`). A configuration that failed with every seed that all rows get has no look; it counts in
    Holm's method, so that a table's size does not depend on what ends well.
    """
    rows, ended = [SequentialRow(digest) for digest in digests], _ended(results)
    margin, begun = margin_of(results.study), plan.first(plan.start)
    curse = WinnersCurse(confirmed_means(results, reference, begun))
    for count in plan.counts:
        seeds = plan.first(count)
        going = [row for row in rows if row.is_open and not _hopeless(results, ended, row.digest, begun)]
        wanted = {(digest, seed) for digest in (reference, *(row.digest for row in going)) for seed in seeds}
        if not going or (after is not None and count > after) or not wanted <= ended:
            break
        _look(results, rows, going, reference, seeds, plan.level(count), curse)
        judged = judge([row.differences for row in rows], shares=plan.shares, margin=margin)
        for row, judgement in zip(rows, judged, strict=True):
            row.judgement = judgement
    return rows


def rows_to_extend(
    results: StudyResults, digests: Sequence[str], reference: str, plan: Schedule, after: int
) -> list[str]:
    """Return which rows want a further seed after the looks at up to `after` seeds: open ones that do not fail every
    time.
    """
    ended, begun = _ended(results), plan.first(plan.start)
    if _hopeless(results, ended, reference, begun):
        return []
    rows = interim_analyses(results, digests, reference, plan, after=after)
    return [row.digest for row in rows if row.is_open and not _hopeless(results, ended, row.digest, begun)]


def _look(
    results: StudyResults,
    rows: Sequence[SequentialRow],
    going: Sequence[SequentialRow],
    reference: str,
    seeds: frozenset[int],
    level: float,
    curse: WinnersCurse,
) -> None:
    """Take a look: the rows that are `going` see these seeds, the others lend what they saw before."""
    for row in going:
        row.comparison = compare(results, row.digest, reference, seeds)
    scores = {reference: results.scores(reference, seeds)}
    scores |= {row.digest: results.scores(row.digest, row.comparison.seeds) for row in rows if row.comparison}
    measured = {row.digest: row.comparison for row in going if row.comparison}
    found = with_pooled_noise(measured, {digest: weights_of([digest], [reference]) for digest in measured}, scores)
    for row in going:
        row.comparison = replace(found[row.digest], level=level) if row.comparison else None
    seen = [row for row in rows if row in going or not row.differences]
    shown = [row.comparison for row in seen if row.comparison is not None]
    differences = [comparison.difference for comparison in shown]
    judged = iter(curse.corrected(differences, differences[with_most_seeds(shown)]) if shown else ())
    for row in seen:
        row.differences.append(next(judged) if row.comparison is not None else None)


def _ended(results: StudyResults) -> set[tuple[str, int]]:
    """Return the runs that came to an end of whatever kind: (configuration, seed)."""
    return {(r.config_digest, r.seed) for r in results.runs if r.status in ("complete", "pruned", "failed")}


def _hopeless(results: StudyResults, ended: set[tuple[str, int]], digest: str, seeds: frozenset[int]) -> bool:
    """Return whether a configuration was tried with all these seeds and has no result."""
    return not seeds & results.results_of(digest).keys() and all((digest, seed) in ended for seed in seeds)
