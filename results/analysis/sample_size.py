"""What an open row needs for a verdict: further seeds and their hours, or more dev examples."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, inf

from results.analysis.contrasts import Comparison
from results.database.rows import StudyRow
from results.measurements.custom_trainer import REHEARSAL
from results.measurements.study_results import StudyResults, seconds_spent
from results.measurements.task_units import margin_of, units_of
from results.statistics import Judgement, Verdict
from results.statistics.sample_size import MOST, SampleSize, sample_size
from results.text.formatting import duration, plural, seeds_text


@dataclass(frozen=True)
class Needed:
    """What gives an open row the verdict that is nearest to it: `seeds` more, or `dev_examples` more per task.

    None if more than `MOST` times the present number would be needed, if the data have no more dev examples, or if the
    row's predictions were not kept. `row_seconds` and `reference_seconds` are what the seeds take one worker: runs of
    the row, and of the reference where it lacks these seeds; None if nothing is trained. `anew`: the seeds are those of
    a new study, in all, because the interim analyses of this one were planned for a fixed number.
    """

    verdict: Verdict
    seeds: int | None
    dev_examples: int | None
    row_seconds: float | None = None
    reference_seconds: float = 0.0
    anew: bool = False

    @property
    def hours(self) -> float | None:
        """The hours of one worker that the seeds take."""
        return None if self.row_seconds is None else (self.row_seconds + self.reference_seconds) / 3600

    @property
    def text(self) -> str:
        """The need in a few words: "no loss with 12 more seeds (3 h 10 min) or 900 more dev examples"."""
        time = f" ({duration(self.hours * 3600)})" if self.hours else ""
        ways = [] if self.seeds is None else [f"{self.seeds_text}{time}"]
        ways += [] if self.dev_examples is None else [f"{self.dev_examples:,} more dev examples"]
        needs = f"with {' or '.join(ways)}" if ways else f"needs over {MOST} times the seeds"
        return f"{self.verdict} {needs}"

    @property
    def seeds_text(self) -> str:
        """The number of seeds, and whether they are those of a new study."""
        count = self.seeds or 0
        return f"{seeds_text(count)} in a new study" if self.anew else plural(count, "more seed")

    def columns(self) -> dict[str, object]:
        """Return the columns of the exports."""
        return {
            "needed_for": self.verdict,
            "needed_seeds": self.seeds,
            "needed_dev_examples": self.dev_examples,
            "needed_hours": self.hours,
        }


def needed(
    results: StudyResults, comparison: Comparison | None, judgement: Judgement | None, digest: str, reference: str
) -> Needed | None:
    """Return what an open row (`digest` minus `reference`) needs (`statistics.sample_size`).

    None if the row is not open or has no difference, and if no number helps: the difference is 0, without a margin.
    """
    if comparison is None or judgement is None or judgement.verdict != "open":
        return None
    size = size_for(comparison, judgement.level, margin_of(results.study))
    if size is None:
        return None
    anew = bool(results.study.settings_json.get("max_seeds"))
    have = 0 if anew else len(comparison.seeds)
    seeds = None if size.seeds is None else size.seeds - have
    examples = more_dev_examples(results.study, comparison, size)
    if seeds is None or results.study.settings_json.get("trainer") == REHEARSAL:
        return Needed(size.verdict, seeds, examples, anew=anew)
    lacking = seeds if anew else max(0, have + seeds - len(results.results_of(reference)))
    row_seconds, reference_seconds = seeds * _mean_seconds(results, digest), lacking * _mean_seconds(results, reference)
    return Needed(size.verdict, seeds, examples, row_seconds, reference_seconds, anew)


def size_for(comparison: Comparison, level: float, margin: float | None) -> SampleSize | None:
    """Return the sample size with which a comparison has a verdict."""
    return sample_size(
        comparison.difference,
        seeds=len(comparison.seeds),
        level=level,
        margin=margin,
    )


def more_dev_examples(study: StudyRow, comparison: Comparison, size: SampleSize) -> int | None:
    """Return how many more dev examples per task a sample size means; None if the data do not have them.

    Tasks of m examples add to the variance in proportion to 1 / m; a task that has no more keeps its part of it.
    """
    if size.times is None or comparison.over != "seeds and examples":
        return None
    used, most = _dev_rows(study)
    used = used or [comparison.row.example_df + 1]
    target = sum(1 / count for count in used) / size.times
    present, limit = max(used), ceil(MOST * max(used))

    def enough(count: int) -> bool:
        return sum(1 / min(count, each) for each in most or [inf]) * (1 - 1e-9) <= target

    count = present + 1 + bisect_left(range(present + 1, limit), True, key=enough)
    return count - present if enough(count) else None


def _dev_rows(study: StudyRow) -> tuple[list[int], list[float]]:
    """Return the dev examples of each task that counts in the score: those used, and those that the data have.

    Studies of older releases did not store the latter: there are no more if `--dev-examples` did not limit a task.
    """
    units, data, limit = units_of(study), study.data_json, study.settings_json.get("dev_examples")
    rows = {name.removesuffix("/dev"): count for name, count in data.get("rows", {}).items() if name.endswith("/dev")}
    used = {task: int(count) for task, count in rows.items() if units.decides(task) and count}
    known = data.get("dev_rows_available", {})
    more = {task: inf if limit is not None and count >= limit else count for task, count in used.items()}
    return list(used.values()), [float(known.get(task, more[task])) for task in used]


def _mean_seconds(results: StudyResults, digest: str) -> float:
    runs = results.results_of(digest).values()
    return sum(map(seconds_spent, runs)) / max(len(runs), 1)


def open_rows_line(known: Sequence[Needed]) -> str:
    """Return a line on what the open rows of a table need; "" if there are none.

    The reference's further seeds are counted once.
    """
    if not known:
        return ""
    ways, by_seeds = [], [row for row in known if row.seeds is not None]
    by_examples = [row.dev_examples for row in known if row.dev_examples is not None]
    if by_seeds:
        most = max(by_seeds, key=lambda row: row.seeds or 0)
        seconds = sum(row.row_seconds or 0.0 for row in by_seeds) + most.reference_seconds
        time = f" ({duration(seconds)} of one worker)" if seconds else ""
        ways.append(f"up to {most.seeds_text}{time}{_for(by_seeds, known)}")
    if by_examples:
        ways.append(f"up to {max(by_examples):,} more dev examples per task{_for(by_examples, known)}")
    needs = " or ".join(ways) or f"more than {MOST} times the seeds"
    return f"{plural(len(known), 'open row')}: a verdict needs {needs}."


def _for(some: Sequence[object], known: Sequence[object]) -> str:
    return "" if len(some) == len(known) else f" for {len(some)} of them"


def needed_note(known: Sequence[Needed]) -> str:
    """Return the note on what open rows need; "" if nothing is said of any."""
    if not known:
        return ""
    return (
        "An open row says what would give it the verdict that is nearest, with a probability of 80 % if the true "
        "difference is the measured one: further seeds, with the hours that they take one worker (its runs, and the "
        "reference's), or more dev examples per task, which need a new study with more --dev-examples."
    )
