"""The sentences, headings and notes of the report's tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from results.analysis import sequential
from results.analysis.ablation import AblationRow, NotRun
from results.analysis.contrasts import Comparison, IntervalOver
from results.analysis.describe import choices_of as choices_of
from results.analysis.describe import described
from results.analysis.grid import GridRow
from results.analysis.leaderboard import ConfigurationResult, baseline_digest, best_digest
from results.analysis.summary import Summary
from results.database.rows import StudyRow
from results.measurements.custom_trainer import custom_trainer
from results.measurements.study_results import StudyResults
from results.measurements.task_units import margin_of, units_of
from results.statistics import Judgement
from results.text.formatting import SHARES, level_text, plural
from results.text.units import Unit


def recipe(found: Summary) -> list[tuple[str, str, str | None]]:
    """Return factor, level and differing baseline level (else None) of each factor of the best configuration."""
    if found.best is None:
        return []
    differing = {change.factor: level_text(found.baseline_choices.get(change.factor)) for change in found.best_changes}
    return [(factor, level_text(level), differing.get(factor)) for factor, level in found.best.choices.items()]


def ablation_sentence(rows: Sequence[AblationRow], best: ConfigurationResult | None, unit: Unit = SHARES) -> str:
    """Return the conclusion of the ablation table."""
    if best is None:
        return "The ablation changes the best configuration one factor at a time; none is confirmed yet."
    if not rows:
        return "No single change of the best configuration has been run."
    compared = [row for row in rows if row.comparison is not None]
    if not compared:
        return "No single change of the best configuration has two seeds in common with it yet."
    worst = compared[0]
    assert worst.comparison is not None
    sentence = f"Of {plural(len(compared), 'single change')} to the best configuration, {verdict_counts(compared)}."
    cell = worst.cell
    levels = f"{level_text(cell.from_level)} → {level_text(cell.to_level)}"
    effect = effect_in_words(worst.comparison, worst.judgement, unit)
    return f"{sentence} The largest effect: {cell.factor} {levels}, {effect}."


def effect_in_words(comparison: Comparison, judgement: Judgement | None, unit: Unit = SHARES) -> str:
    """Return "−1.9 points [−2.6, −1.2], hurts"."""
    interval, said = comparison.interval, judgement.verdict if judgement else "no verdict yet"
    return f"{unit.change(interval.estimate)} {unit.interval(interval)}, {said}"


def verdict_counts(rows: Sequence[AblationRow] | Sequence[GridRow]) -> str:
    """Return "2 hurt, 1 is equivalent, 4 are open"."""
    counts = Counter[str](row.judgement.verdict for row in rows if row.judgement)
    words = (("helps", "helps", "help"), ("hurts", "hurts", "hurt"))
    parts = [
        f"{counts[verdict]} {one if counts[verdict] == 1 else many}" for verdict, one, many in words if counts[verdict]
    ]
    parts += [f"{counts[v]} {'is' if counts[v] == 1 else 'are'} {v}" for v in ("equivalent", "open") if counts[v]]
    return ", ".join(parts) or "none is judged before all have their first seeds"


def grid_kind(found: Summary) -> str:
    """Return what a grid consists of: printed rows, or configurations."""
    return "row" if any(entry.labels for entry in found.leaderboard) else "configuration"


def grid_sentence(found: Summary) -> str:
    """Return the conclusion of a grid's table."""
    rows, kind = found.against_baseline, grid_kind(found)
    if found.baseline is None:
        return "A grid is compared with its baseline, which has no complete run with a fresh seed yet."
    compared = [(row, row.comparison) for row in rows if row.comparison]
    if not compared:
        return f"No {kind} has two seeds in common with the baseline yet."
    row, largest = max(compared, key=lambda one: abs(one[1].difference.estimate))
    name = "; ".join(row.entry.labels) or described(found, row.entry.choices).text
    return (
        f"Of {plural(len(compared), kind)} compared with the baseline, {verdict_counts(rows)}. "
        f"The largest difference: {name}, {effect_in_words(largest, row.judgement, found.units.score)}."
    )


def cannot_be_made(left_out: NotRun) -> str:
    """Return how many changes the space's constraints forbid."""
    return f"{plural(left_out.cannot_be_made, 'change')} cannot be made to the best configuration"


def leaderboard_heading(found: Summary) -> str:
    """Return the heading of the leaderboard's configurations."""
    if any(entry.labels for entry in found.leaderboard):
        return "Row as printed, and where it differs from the baseline"
    return "Configuration, where it differs from the baseline"


def verdict_note(study: StudyRow) -> str:
    """Return what the verdicts mean, and how often they are wrong."""
    return (
        f"Verdicts: helps and hurts are differences from 0, any wrong one in the whole table at most 5 % of the time "
        f"(Holm; the p shown is adjusted); {equivalence_note(study)} How much seeds deviate is estimated from "
        f"all rows of the table together, a row's own and the others' weighed by how alike they are (Smyth 2004)."
        + (f" {sequential.schedule_note(plan)}" if (plan := sequential.schedule(study)) else "")
    )


def equivalence_note(study: StudyRow) -> str:
    """Return what equivalent and open mean; units without a default margin need `--margin`."""
    unit, margin = units_of(study).score, margin_of(study)
    if margin is None:
        return (
            "open is the lack of such a difference, and says nothing either way. Equivalent is not told, because that "
            f"needs the smallest {unit.name} difference that matters: launch with --margin."
        )
    return (
        f"equivalent is a difference surely within {unit.apart(margin)} (two one-sided tests, 5 % a row); open is "
        "neither, and says nothing either way."
    )


FIXED_PRETRAINING = (
    "All seeds have the stages before multitask fine-tuning in common (pretraining, an encoder without a checkpoint, "
    "the pooling's weights): the intervals leave that source of variation out."
)


def interval_note(over: set[IntervalOver], *, fixed_pretraining: bool = False, custom: bool = False) -> str:
    """Return what the intervals cover, and which source of variation they exclude."""
    parts = {
        "seeds and examples": "95 % bootstrap intervals over seeds and dev examples, paired by both: what other "
        "seeds and other sentences could give.",
        "seeds": "Where predictions were not kept: 95 % t intervals over seeds on these very sentences.",
    }
    if custom:
        parts = {
            "seeds and examples": parts["seeds and examples"].replace("sentences", "examples"),
            "seeds": "95 % t intervals over seeds: what other seeds could give on the same data.",
        }
    sentences = [text for kind, text in parts.items() if kind in over]
    return " ".join([*sentences, FIXED_PRETRAINING] if sentences and fixed_pretraining else sentences)


def marks(results: StudyResults, digest: str) -> list[str]:
    """Return "best" and "baseline" if the configuration is one."""
    roles = {"best": best_digest(results), "baseline": baseline_digest(results)}
    return [role for role, of in roles.items() if of == digest]


def shown_columns(found: Summary) -> dict[str, bool]:
    """Return whether the leaderboard shows test scores and parameters: not if a custom trainer reports none."""
    custom, entries = custom_trainer(found.study) is not None, found.leaderboard
    return {
        "test": not custom or any(entry.test_mean is not None for entry in entries),
        "parameters": not custom or any(entry.trainable_parameters is not None for entry in entries),
    }


def score_note(found: Summary) -> str:
    """Return what the score is, for the note under the leaderboard."""
    if custom_trainer(found.study) is None:
        return "The score is the mean of the tasks' main metrics (accuracy; Pearson's r for similarity)."
    units = found.units
    deciding = units.deciding or tuple(units.tasks)
    if len(deciding) == 1:
        sentence = f"The score is that of {deciding[0]}"
    elif deciding:
        sentence = f"The score is the mean of {', '.join(deciding)}"
    else:
        sentence = "The score is the mean of the tasks' scores, as the trainer returns them"
    return f"{sentence}; {units.score.better} is better."


def shown_tasks(results: StudyResults) -> list[str]:
    """Return the tasks that need a column: not a single task that is the score, which has one already."""
    tasks = results.tasks()
    return [] if len(tasks) == 1 and custom_trainer(results.study) is not None else tasks


def task_heading(results: StudyResults, task: str) -> str:
    """Return a task's name, with its metric if that was declared: "price: RMSE (EUR)"."""
    unit = results.units.of(task)
    if not results.units.names(task):
        return task
    return unit.heading if unit.name == task else f"{task}: {unit.heading}"


def task_mean(results: StudyResults, entry: ConfigurationResult, task: str) -> float | None:
    """Return the mean main metric of a task on dev, as it was measured."""
    values = [results.metric(run, "dev", task, results.main_metric(run, "dev", task)) for run in entry.run_ids]
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
