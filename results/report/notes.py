"""Sentences, headings and notes of the report's tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from results.analysis import sequential
from results.analysis.ablation import AblationRow, NotRun
from results.analysis.comparisons import Judged, shown_interval
from results.analysis.contrasts import IntervalOver
from results.analysis.describe import choices_of as choices_of
from results.analysis.describe import described
from results.analysis.leaderboard import ConfigurationResult, baseline_digest, best_digest
from results.analysis.summary import Summary
from results.analysis.variance_sources import varies
from results.database.rows import StudyRow
from results.measurements.custom_trainer import custom_trainer
from results.measurements.study_results import StudyResults
from results.measurements.task_units import margin_of, units_of
from results.statistics import Judgement
from results.text.formatting import level_text, plural
from results.text.units import SHARES, Unit
from results.text.verdict_words import counted_verdicts, levels_note, verdict_words


def recipe(summary: Summary) -> list[tuple[str, str, str | None]]:
    """Return factor, level and differing baseline level (else None) of each factor of the best configuration."""
    if summary.best is None:
        return []
    baseline = summary.baseline_choices
    differing = {change.factor: level_text(baseline.get(change.factor)) for change in summary.best_changes}
    return [(factor, level_text(level), differing.get(factor)) for factor, level in summary.best.choices.items()]


def ablation_sentence(rows: Sequence[AblationRow], best: ConfigurationResult | None, unit: Unit = SHARES) -> str:
    """Return the conclusion of the ablation table."""
    if best is None:
        return "The ablation changes the best configuration one factor at a time; no configuration is confirmed yet."
    if not rows:
        return "No single change of the best configuration has been run."
    compared = [row for row in rows if row.comparison is not None]
    if not compared:
        return "No single change of the best configuration has two seeds in common with it yet."
    counts = verdict_counts(compared, unit)
    sentence = f"Of {plural(len(compared), 'single change')} to the best configuration, {counts}."
    return f"{sentence} {largest_effect(compared[0], unit)}"


def largest_effect(row: AblationRow, unit: Unit) -> str:
    """Return the sentence on the change with the largest effect, the first row of its table."""
    levels = f"{level_text(row.cell.from_level)} → {level_text(row.cell.to_level)}"
    return f"The largest effect: {row.cell.factor} {levels}, {effect_in_words(row, unit)}."


def effect_numbers(row: Judged, unit: Unit) -> str:
    """Return "−1.9 [−2.6, −1.2]", with the interval that the verdict uses; "" without one."""
    interval = shown_interval(row)
    return f"{unit.difference(interval.estimate)} {unit.interval(interval)}" if interval else ""


def effect_in_words(row: Judged, unit: Unit = SHARES, words: Callable[[Judgement], str] | None = None) -> str:
    """Return "−1.9 points [−2.6, −1.2], hurts", with the interval that the verdict uses; `words`: of a verdict."""
    interval, judgement = shown_interval(row), row.judgement
    if interval is None:
        return "no verdict yet"
    verdict = (words(judgement) if words else verdict_words(judgement, unit)) if judgement else "no verdict yet"
    return f"{unit.change(interval.estimate)} {unit.interval(interval)}, {verdict}"


def verdict_counts(rows: Sequence[Judged], unit: Unit) -> str:
    """Return "2 hurt, 1 is equivalent, 3 have no gain of more than 1 point, 4 are open"."""
    counts = counted_verdicts([row.judgement for row in rows if row.judgement], unit)
    return counts or "none has a verdict until all have their first seeds"


def grid_kind(summary: Summary) -> str:
    """Return the name of a grid's rows: "row" if they have printed labels, else "configuration"."""
    return "row" if any(entry.labels for entry in summary.leaderboard) else "configuration"


def grid_sentence(summary: Summary) -> str:
    """Return the conclusion of a grid's table."""
    rows, kind = summary.against_baseline, grid_kind(summary)
    if summary.baseline is None:
        return "A grid is compared with its baseline, which has no complete run with a fresh seed yet."
    compared = [(row, row.comparison) for row in rows if row.comparison]
    if not compared:
        return f"No {kind} has two seeds in common with the baseline yet."
    row, _ = max(compared, key=lambda pair: abs(pair[1].difference.estimate))
    name = "; ".join(row.entry.labels) or described(summary, row.entry.choices).text
    return (
        f"Of {plural(len(compared), kind)} compared with the baseline, {verdict_counts(rows, summary.units.score)}. "
        f"The largest difference: {name}, {effect_in_words(row, summary.units.score)}."
    )


def cannot_be_made(left_out: NotRun) -> str:
    """Return the number of changes that the space's constraints forbid."""
    return f"{plural(left_out.cannot_be_made, 'change')} cannot be made to the best configuration"


def leaderboard_heading(summary: Summary) -> str:
    """Return the heading of the leaderboard's configurations."""
    if any(entry.labels for entry in summary.leaderboard):
        return "Row as printed, and where it differs from the baseline"
    return "Configuration, where it differs from the baseline"


def verdict_note(study: StudyRow, rows: Sequence[Judged]) -> str:
    """Return the meaning of the verdicts in a table and of its intervals; the section on methods says how and why."""
    plan = sequential.schedule(study)
    sentences = (
        levels_of(rows),
        "Helps and hurts: a difference from 0, with at most a 5 % chance of any wrong one in the table.",
        margin_note(study),
        sequential.schedule_note(plan) if plan else "",
    )
    return " ".join(filter(None, sentences))


def levels_of(rows: Sequence[Judged]) -> str:
    """Return which intervals a table shows: `levels_note`."""
    return levels_note(row.judgement for row in rows if row.judgement)


def margin_note(study: StudyRow, tasks: Sequence[str] = ("",)) -> str:
    """Return the meaning of the verdicts that rest on a margin, and of open; "" in `tasks` is the score.

    Some units have no default margin.
    """
    units, margins = units_of(study), {task: margin_of(study, task) for task in tasks}
    sizes = {task: units.of(task).apart(margin) for task, margin in margins.items() if margin is not None}
    if not sizes:
        return (
            "Open: no difference is shown. Equivalent, no gain and no loss are not tested, because they need the "
            f"smallest {units.score.name} difference that matters: launch with --margin."
        )
    same = len(sizes) == len(margins) and len(set(sizes.values())) == 1
    size = next(iter(sizes.values())) if same else ", ".join(f"{size} on {task}" for task, size in sizes.items())
    return (
        f"No gain, or no loss, of more than the margin ({size}): surely not better, or not worse, by more. "
        "Equivalent: both. Each such statement is wrong with a chance of at most 5 %, row by row. Open: none of these; "
        'even so, the true difference is surely within the limits that the row gives after "surely within".'
    )


def use_of_verdicts(rows: Sequence[Judged], *, grid: bool) -> str:
    """Return what "no gain" and "no loss" mean for a choice; "" if the table has neither."""
    said = {row.judgement.verdict for row in rows if row.judgement}
    texts = {
        "no gain": "No gain: what replaces the choice of the best is not worth a change.",
        "no loss": "No loss: the replacement costs at most that much, so take it if it is simpler or cheaper.",
    }
    if grid:
        texts = {
            "no gain": "No gain: it is not worth replacing the baseline.",
            "no loss": "No loss: it costs at most that much, so take it if it is simpler or cheaper.",
        }
    return " ".join(text for verdict, text in texts.items() if verdict in said)


FIXED_PRETRAINING = (
    "All seeds share the stages before multitask fine-tuning (pretraining, an encoder without a checkpoint, "
    "the pooling's weights): the intervals leave that source of variation out."
)


def training_sentences_note(varied: bool) -> str:
    """Return whether the training sentences vary between seeds, and what this says about the intervals."""
    if varied:
        return "Every seed draws its own training sentences (--vary train), so intervals cover other sentences too."
    return (
        "All runs train on the same sentences, so intervals leave out how much a score depends on them "
        "(--vary train measures it)."
    )


def interval_note(over: set[IntervalOver], study: StudyRow) -> str:
    """Return the sources of variation that the intervals cover, and those that they exclude."""
    parts = {
        "seeds and examples": "Intervals are over seeds and dev examples, paired by both: they cover other seeds and "
        "other dev sentences.",
        "seeds": "Without stored predictions, intervals are over seeds, for these dev sentences only.",
    }
    if custom := custom_trainer(study) is not None:
        parts = {
            "seeds and examples": parts["seeds and examples"].replace("dev sentences", "examples"),
            "seeds": "Intervals are over seeds: they cover other seeds on the same data.",
        }
    sentences = [text for kind, text in parts.items() if kind in over]
    if sentences and not custom:
        fixed = bool(study.settings_json.get("fixed_pretraining_seed"))
        sentences += [training_sentences_note(varies(study)), *[FIXED_PRETRAINING] * fixed]
    return " ".join(sentences)


def marks(results: StudyResults, digest: str) -> list[str]:
    """Return "best" and "baseline" if the configuration is one."""
    roles = {"best": best_digest(results), "baseline": baseline_digest(results)}
    return [role for role, marked in roles.items() if marked == digest]


def shown_columns(summary: Summary) -> dict[str, bool]:
    """Return whether the leaderboard has columns for test scores and parameters; custom trainers may report none."""
    custom, entries = custom_trainer(summary.study) is not None, summary.leaderboard
    return {
        "test": not custom or any(entry.test_mean is not None for entry in entries),
        "parameters": not custom or any(entry.trainable_parameters is not None for entry in entries),
    }


def score_note(summary: Summary) -> str:
    """Return the definition of the score, for the note under the leaderboard."""
    if custom_trainer(summary.study) is None:
        return "The score is the mean of the tasks' main metrics (accuracy; Pearson's r for similarity)."
    units = summary.units
    deciding = units.deciding or tuple(units.tasks)
    if len(deciding) == 1:
        sentence = f"The score is that of {deciding[0]}"
    elif deciding:
        sentence = f"The score is the mean of {', '.join(deciding)}"
    else:
        sentence = "The score is the mean of the tasks' scores, as the trainer returns them"
    return f"{sentence}; {units.score.better} is better."


def shown_tasks(results: StudyResults) -> list[str]:
    """Return the tasks that need a column; a custom trainer's single task is the score, which has one."""
    tasks = results.tasks()
    return [] if len(tasks) == 1 and custom_trainer(results.study) is not None else tasks


def task_heading(results: StudyResults, task: str) -> str:
    """Return a task's name, with its metric if one is declared: "price: RMSE (EUR)"."""
    unit = results.units.of(task)
    if not results.units.names(task):
        return task
    return unit.heading if unit.name == task else f"{task}: {unit.heading}"


def task_mean(results: StudyResults, entry: ConfigurationResult, task: str) -> float | None:
    """Return the mean of a task's main metric on dev."""
    values = [results.metric(run, "dev", task, results.main_metric(run, "dev", task)) for run in entry.run_ids]
    present = [value for value in values if value is not None]
    return float(np.mean(present)) if present else None
