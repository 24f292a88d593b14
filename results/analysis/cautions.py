"""Cautions about a study's numbers: scores that never change, intervals that are too wide."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from results.analysis.contrasts import Comparison
from results.analysis.sample_size import more_dev_examples, size_for
from results.database.rows import RunRow, StudyRow
from results.measurements.custom_trainer import MULTITASK_BERT
from results.measurements.study_results import StudyResults
from results.measurements.task_units import margin_of
from results.statistics.sample_size import MOST
from results.text.formatting import plural, seeds_text

FEW = 3  # fewest runs for a caution about constant scores: two may agree by chance on few examples
ADVISED = 10  # the number of seeds advised for a difference that not even `MOST` times as many would detect
LEVEL = 0.95
WIDE = 2.0  # an interval is wide if it contains 0 and its half-width exceeds this many margins


def constant_scores(results: StudyResults) -> str:
    """Return a caution if scores do not depend on the configuration or not on the seed; "" if they depend on both.

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
            f"For each seed, all configurations have the same score: {_cause(results, 'configuration')}. "
            "No factor of the space makes a difference here."
        )
    if _same_within(runs, "seed", "config_digest"):
        return (
            f"Each configuration has the same score with all its seeds: {_cause(results, 'seed')}. If training is "
            "deterministic, one seed is enough; otherwise the intervals ignore the variation between seeds."
        )
    return ""


def wide_interval(comparisons: Sequence[Comparison], study: StudyRow, *, driven: bool = False) -> str:
    """Return why an interval is wide and how many seeds would help; "" if no interval is wide.

    Only the first wide interval of `comparisons` (the study's gain, or the rows of its table) is discussed. The number
    of seeds advised detects a difference of the measured size with a power of 0.8 (`sample_size`). `driven`: whether a
    launch is running the study; then no other launch is advised.
    """
    margin = margin_of(study)
    wide = next((one for one in comparisons if _is_wide(one, margin)), None)
    if wide is None:
        return ""
    seeds, size = len(wide.seeds), size_for(wide, LEVEL, None)
    more = size and more_dev_examples(study, wide, size)
    examples = f"{more:,} more dev examples per task" if more else ""
    if _by_examples(wide):
        detect = f"{examples} would detect a difference of this size in 4 of 5 studies"
        needs = detect if examples else "more of them would narrow it more than further seeds"
        return f"The interval is wide because there are few dev examples: {needs}."
    why = "scores vary too much between seeds"
    if seeds <= FEW:
        why = f"{seeds_text(seeds)} are too few to estimate how much scores vary between seeds"
    if size is None or size.seeds is None:
        advised = max(ADVISED, 2 * seeds)
        ratio = (wide.interval.high - wide.interval.low) / 2 / _half_width(wide, advised)
        narrower = f"about {ratio:.0f} times narrower" if ratio >= 1.5 else "a little narrower"
        return (
            f"The interval is wide because {why}. With {advised} seeds it would be {narrower}"
            f"{_how_to_add(study, advised, driven)}. To detect a difference as small as the one measured, "
            f"{examples or f'more than {MOST * seeds} seeds'} would be needed."
        )
    return (
        f"The interval is wide because {why}. About {size.seeds} seeds{f', or {examples},' if examples else ''} would "
        f"detect a difference of this size in 4 of 5 studies{_how_to_add(study, size.seeds, driven)}."
    )


def _by_examples(one: Comparison) -> bool:
    """Return whether most of the variance is that of the dev examples, which more of them would reduce."""
    noise = one.difference.noise
    return noise.examples + noise.floor > (noise.seeds + noise.examples) / 2


def _half_width(one: Comparison, seeds: int) -> float:
    """Return the half-width that the interval would have with `seeds` seeds of the same variance."""
    from scipy.special import stdtrit

    noise = one.difference.noise
    df = max(noise.seed_df, seeds - 1)
    return float(stdtrit(df, 0.975)) * sqrt(noise.seeds * len(one.seeds) / seeds + noise.examples)


def _how_to_add(study: StudyRow, seeds: int, driven: bool) -> str:
    """Return the launch that adds seeds; "" while a launch is running."""
    if driven:
        return ""
    if study.settings_json.get("max_seeds"):  # its interim analyses were planned for a fixed number of seeds
        return f": start a new study with --seeds {seeds}"
    return f": launch {study.study_name} again with --seeds {seeds}; its runs are kept"


def _is_wide(one: Comparison, margin: float | None) -> bool:
    """Return whether an interval contains 0 and is wide; without a margin, the measured difference is used instead."""
    interval = one.interval
    margin = abs(interval.estimate) if margin is None else margin
    return not one.same and not interval.excludes_zero and (interval.high - interval.low) / 2 > WIDE * margin


def _cause(results: StudyResults, ignored: str) -> str:
    """Return the probable cause: the built-in model uses all factors and the seed, a custom trainer may not."""
    if (results.study.settings_json.get("trainer") or MULTITASK_BERT) == MULTITASK_BERT:
        return "the training is probably too short, or the dev examples are too few, for predictions to change"
    return f"the trainer probably ignores its {ignored}"


def _same_within(runs: Sequence[RunRow], varies: str, fixed: str) -> bool:
    """Return whether runs that differ only in `varies` always have the same score, in two or more groups."""
    groups: dict[object, dict[object, set[float | None]]] = {}
    for run in runs:
        groups.setdefault(getattr(run, fixed), {}).setdefault(getattr(run, varies), set()).add(run.score)
    repeated = [group for group in groups.values() if len(group) > 1]
    constant = all(len(set.union(*group.values())) == 1 for group in repeated)
    return len(repeated) > 1 and constant and len({run.score for run in runs}) > 1
