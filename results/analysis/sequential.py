"""Interim analyses of a table whose open rows get further seeds (`--max-seeds`), in rounds.

Analysis k of a row uses only the first `counts[k]` fresh seeds. Which rows a round extends is decided by `next_round`
and stored before it runs, so the history of a table follows from its runs and these decisions. Decided rows are not
analysed again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from results.analysis.contrasts import Comparison, compare, moderated_contrasts, telling
from results.analysis.winners_curse import reference_bias
from results.database.rows import CONSECUTIVE_SEEDS, StudyRow
from results.measurements.study_results import MIN_PAIRED_SEEDS, StudyResults
from results.measurements.task_units import margin_of
from results.statistics import Difference, ExactSpending, Judgement, judge
from results.statistics.outlook import outlook
from results.text.formatting import seeds_text

LEVEL = 0.95  # joint level of a row's intervals over all interim analyses
ROUNDS = "seed_rounds"  # the decision with the rounds of each table, by its reference
LEAST_OUTLOOK = 0.01  # a row that further seeds would give a verdict less often gets none
ENDED = ("complete", "pruned", "failed")

Round = Mapping[str, int]  # configuration -> its number of seeds at the analysis that ends the round


@dataclass(frozen=True)
class Schedule:
    """The numbers of seeds at which a table is analysed, fixed before the first analysis.

    Every row gets the first `start` of the fresh `seeds`; an open row gets further ones, up to all of them. `counts`
    are the numbers of seeds at the analyses, ascending, from the first number that has a spread. `chooses`: whether
    rounds are chosen and stored; in older studies a round had all open rows.
    """

    seeds: tuple[int, ...]
    start: int
    counts: tuple[int, ...]
    chooses: bool = True

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
    # An older study has no list of analyses until it is resumed, and never chose or stored its rounds.
    counts = study.settings_json.get("analyses_after") or range(max(start, MIN_PAIRED_SEEDS), len(seeds) + 1)
    return Schedule(tuple(seeds), start, tuple(counts), chooses=study.settings_json.get("analyses") == "spaced")


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
    results: StudyResults, digests: Sequence[str], reference: str, plan: Schedule,
    primary: Collection[str] | None = None,
) -> list[SequentialRow]:  # fmt: skip
    """Return the rows of a table, each minus `reference`, after every interim analysis that was possible.

    An analysis is possible once the reference and all rows of its round have finished its seeds. Noise is moderated
    over all rows, those of other rounds with the seeds they have (`variance_shrinkage.moderated`). A configuration that
    failed with every starting seed is not analysed but counts in Holm's method, so that the size of the table does not
    depend on failures.
    """
    return _Table(results, digests, reference, plan, primary).rows


@dataclass(frozen=True)
class NextRound:
    """The rows that get further seeds, with the number of seeds that each then has.

    `chosen`: the round was chosen only now. `unlikely`: the number of open rows that got none, because these would
    hardly give them a verdict.
    """

    counts: Round
    chosen: bool = False
    unlikely: int = 0


def next_round(
    results: StudyResults, digests: Sequence[str], reference: str, plan: Schedule,
    primary: Collection[str] | None = None,
) -> NextRound:  # fmt: skip
    """Return the open rows that get further seeds; none if no row can be decided.

    A round whose runs have not all ended is returned again. Otherwise a row gets the seeds of its next analysis, if at
    the last planned one it would have a verdict that it does not have now with the probability `LEAST_OUTLOOK`.
    """
    return _Table(results, digests, reference, plan, primary).next_round()


class _Table:
    """A table after all analyses that its runs allow."""

    def __init__(
        self, results: StudyResults, digests: Sequence[str], reference: str, plan: Schedule,
        primary: Collection[str] | None,
    ) -> None:  # fmt: skip
        self._results, self._reference, self._plan = results, reference, plan
        self._primary = [primary is None or digest in primary for digest in digests]
        self._ended = {(run.config_digest, run.seed) for run in results.runs if run.status in ENDED}
        self._starting, self._margin = plan.first(plan.start), margin_of(results.study)
        self._curse = reference_bias(results, reference, self._starting)
        self.rows = [SequentialRow(digest) for digest in digests]
        self._unfinished: Round = {}
        for counts in self._rounds():
            if not self._has_ended(counts):
                self._unfinished = counts
                break
            self._analyse(counts)

    def next_round(self) -> NextRound:
        """Return the rows that get further seeds: the function of this name."""
        if self._fails(self._reference):  # there is nothing to compare with
            return NextRound({})
        if self._unfinished or not self._plan.chooses:
            return NextRound(self._unfinished)
        rows = self._extensible()
        promising = [row for row in rows if self._outlook(row) >= LEAST_OUTLOOK]
        return NextRound({row.digest: self._next(row) for row in promising}, True, len(rows) - len(promising))

    def _rounds(self) -> Iterator[Round]:
        """Yield the rounds, the first of which has all rows; each is made from the analyses before it."""
        working = [digest for row in self.rows if not self._fails(digest := row.digest)]
        yield dict.fromkeys(working, self._plan.counts[0])
        if self._plan.chooses:
            yield from (self._results.study.decisions_json.get(ROUNDS) or {}).get(self._reference, ())
            return
        while everyone := {row.digest: self._next(row) for row in self._extensible()}:
            yield everyone

    def _extensible(self) -> list[SequentialRow]:
        """Return the open rows that have a further analysis."""
        last = len(self._plan.counts)
        return [row for row in self.rows if row.is_open and row.differences and len(row.differences) < last]

    def _next(self, row: SequentialRow) -> int:
        return self._plan.counts[len(row.differences)]

    def _outlook(self, row: SequentialRow) -> float:
        """Return the probability that the last analysis gives a row a verdict, or one instead of its present one."""
        judgement, difference = row.judgement, row.differences[-1]
        if judgement is None or difference is None:
            return 1.0
        spending, last = self._plan.spending, len(self._plan.counts) - 1
        found = outlook(
            difference,
            self._plan.counts[len(row.differences) - 1],
            self._plan.counts[-1],
            level=1 - spending.level(judgement.error, last),
            margin=self._margin,
            error=spending.level(1 - LEVEL, last),
        )
        return found.said if judgement.verdict == "open" else found.decided

    def _has_ended(self, counts: Round) -> bool:
        """Return whether the rows of a round, and the reference, have finished its seeds."""
        most = max(counts.values(), default=0)
        return bool(counts) and all(
            (digest, seed) in self._ended
            for digest, count in {**counts, self._reference: most}.items()
            for seed in self._plan.first(count)
        )

    def _analyse(self, counts: Round) -> None:
        """Compare the rows of a round; the others tell about the noise with the seeds they have."""
        for row in self.rows:
            if row.digest in counts:
                row.comparison = compare(
                    self._results, row.digest, self._reference, self._plan.first(counts[row.digest])
                )
        for count in set(counts.values()):
            self._moderate([row for row in self.rows if counts.get(row.digest) == count], count)
        for row in self.rows:
            if row.digest in counts:
                row.differences.append(row.comparison.difference if row.comparison else None)
        judged = judge(
            [row.differences for row in self.rows],
            shares=self._plan.spending, margin=self._margin, primary=self._primary,
        )  # fmt: skip
        for row, judgement in zip(self.rows, judged, strict=True):
            row.judgement = judgement

    def _moderate(self, rows: Sequence[SequentialRow], count: int) -> None:
        """Moderate the noise of rows that have `count` seeds, and correct their differences for the best's bias."""
        seeds, level = self._plan.first(count), self._plan.level(count)
        measured = {row.digest: row.comparison for row in rows if row.comparison}
        others = [row.comparison for row in self.rows if row.comparison and row.digest not in measured]
        others += telling(self._results, self._reference, seeds=seeds, without=[row.digest for row in self.rows])
        pooled = moderated_contrasts(measured, others)
        for row in rows:
            row.comparison = replace(self._curse.correct(pooled[row.digest]), level=level) if row.comparison else None

    def _fails(self, digest: str) -> bool:
        """Return whether a configuration was run with every starting seed and has no result."""
        has_result = self._starting & self._results.results_of(digest).keys()
        return not has_result and all((digest, seed) in self._ended for seed in self._starting)
