"""Cautions about a study's numbers: scores that never change, intervals that are too wide."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from math import sqrt

from results.analysis.contrasts import Comparison
from results.database.rows import RunRow, StudyRow
from results.measurements.custom_trainer import MULTITASK_BERT
from results.measurements.study_results import StudyResults
from results.measurements.task_units import margin_of
from results.statistics.power import minimum_detectable_effect
from results.text.formatting import plural, seeds_text

FEW = 3  # runs with one score before a caution: two may agree by chance on few examples
MOST_SEEDS = 50  # the most that are advised
ADVISED = 10  # seeds, where a difference is too small to be shown by `MOST_SEEDS`
WIDE = 2.0  # an interval is wide where it reaches so many margins to each side, and holds 0


def constant_scores(results: StudyResults) -> str:
    """Return a caution where scores do not depend on the configuration, the seed, or either; empty where they do.

    Scores of complete runs are compared without rounding. At least three runs are needed.
    """
    runs = [run for run in results.runs if run.status == "complete" and run.score is not None]
    if len(runs) < FEW:
        return ""
    scores = {run.score for run in runs}
    configurations, seeds = {run.config_digest for run in runs}, {run.seed for run in runs}
    if len(scores) == 1 and (len(configurations) > 1 or len(seeds) > 1):
        ignored = " and ".join(word for word, of in (("configuration", configurations), ("seed", seeds)) if len(of) > 1)
        unit = results.units.score
        score = f"{unit.natural(runs[0].score or 0.0):.6g} {unit.symbol}".rstrip()
        return (
            f"All {plural(len(runs), 'complete run')} have the same score, {score}: "
            f"{_cause(results, ignored)}. Nothing can be learned from these scores."
        )
    if _same_within(runs, "config_digest", "seed"):
        return (
            f"With one seed, all configurations have the same score: {_cause(results, 'configuration')}. "
            "No factor of the space makes a difference here."
        )
    if _same_within(runs, "seed", "config_digest"):
        return (
            f"Each configuration has the same score with all its seeds: {_cause(results, 'seed')}. Where nothing "
            "is drawn at random one seed is enough; otherwise the intervals ignore the variation between seeds."
        )
    return ""


def wide_interval(comparisons: Sequence[Comparison], study: StudyRow, *, driven: bool = False) -> str:
    """Return why the intervals of differences are wide, and how many seeds would help; empty where none is wide.

    It is about the first of `comparisons`, the study's gain or the rows of its table, whose interval holds 0 and
    reaches two margins or more to each side. The seeds advised find a difference of that size in 4 of 5 such studies.
    `driven`: whether a launch is running the study; then no launch is advised.
    """
    margin = margin_of(study)
    found = next((one for one in comparisons if _is_wide(one, margin)), None)
    if found is None:
        return ""
    seeds, noise = len(found.seeds), found.difference.noise
    if noise.examples > noise.seeds:
        return (
            "The interval is wide mostly because there are few dev examples: more dev examples would narrow it, more "
            "seeds would hardly do so."
        )
    why = f"{seeds_text(seeds)} show little of how much seeds deviate" if seeds <= FEW else "seeds deviate by more"
    needed = _seeds_needed(found)
    if needed is None:
        many = max(ADVISED, 2 * seeds)
        narrower = (found.interval.high - found.interval.low) / 2 / _reach(found, many)
        ratio = f"{narrower:.0f} times" if narrower >= 1.5 else "a little"
        return (
            f"The interval is wide because {why}. With {many} seeds it would be about {ratio} narrower"
            f"{_how_to_have(study, many, driven)}. A difference as small as the one measured would need more than "
            f"{MOST_SEEDS}."
        )
    more = max(needed, seeds + 1)
    return (
        f"The interval is wide because {why}. About {more} seeds would show a difference of this size in 4 of 5 studies"
        f"{_how_to_have(study, more, driven)}."
    )


def _reach(one: Comparison, seeds: int) -> float:
    """Return how far the interval would reach to each side with so many seeds that deviate like the present ones."""
    from scipy.special import stdtrit

    noise = one.difference.noise
    df = max(noise.seed_df, seeds - 1)
    return float(stdtrit(df, 0.975)) * sqrt(noise.seeds * len(one.seeds) / seeds + noise.examples)


def _how_to_have(study: StudyRow, seeds: int, driven: bool) -> str:
    """Return what to launch; nothing while a launch is running."""
    if driven:
        return ""
    if study.settings_json.get("max_seeds"):  # its looks were planned for the seeds that it has
        return f": start a new study with --seeds {seeds}"
    return f": launch {study.study_name} again with --seeds {seeds}; its runs are kept"


def _is_wide(one: Comparison, margin: float | None) -> bool:
    """Return whether an interval holds 0 and is wide; without a margin, the measured difference is used instead."""
    interval = one.interval
    margin = abs(interval.estimate) if margin is None else margin
    return not one.same and not interval.excludes_zero and (interval.high - interval.low) / 2 > WIDE * margin


def _seeds_needed(one: Comparison) -> int | None:
    """Return the fewest seeds that find the measured difference with a power of 0.8; None above `MOST_SEEDS`."""
    size, noise, seeds = abs(one.difference.estimate), one.difference.noise, len(one.seeds)
    if size == 0:
        return None
    deviation = sqrt(noise.seeds * seeds)

    def found(count: int) -> bool:
        return minimum_detectable_effect(deviation, count, example_variance=noise.examples) <= size

    if not found(MOST_SEEDS):
        return None
    counts = range(2, MOST_SEEDS)
    return counts.start + bisect_left(counts, True, key=found)


def _cause(results: StudyResults, ignored: str) -> str:
    """Return what is probably wrong: our own model uses all factors and the seed, a custom trainer may not."""
    if (results.study.settings_json.get("trainer") or MULTITASK_BERT) == MULTITASK_BERT:
        return "probably the training is too short, or the dev examples are too few, to change what is predicted"
    return f"the trainer probably ignores its {ignored}"


def _same_within(runs: Sequence[RunRow], varies: str, fixed: str) -> bool:
    """Return whether runs that differ in `varies` alone always have one score, in two or more groups of two runs."""
    groups: dict[object, dict[object, set[float | None]]] = {}
    for run in runs:
        groups.setdefault(getattr(run, fixed), {}).setdefault(getattr(run, varies), set()).add(run.score)
    several = [group for group in groups.values() if len(group) > 1]
    alike = all(len(set.union(*group.values())) == 1 for group in several)
    return len(several) > 1 and alike and len({run.score for run in runs}) > 1
