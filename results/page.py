"""What stands on the report's page, in words: headline, sentences, tiles and the cells of its tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from results import looks, run_links
from results.ablation import AblationRow, NotRun
from results.contrasts import Comparison, IntervalOver, run_ids
from results.custom_trainer import custom_trainer, trainer_sentence
from results.described import best_in_brief, described
from results.grid import GridRow
from results.leaderboard import ConfigurationResult, baseline_digest, best_digest
from results.rows import JsonObject, StudyRow
from results.statistics import Judgement
from results.study_results import StudyResults
from results.summary import Summary, seconds_spent
from results.task_units import margin_of, units_of
from results.units import Unit
from results.wording import (
    NONE,
    SHARES,
    duration,
    level_text,
    plural,
    seeds_text,
)

MADE_UP = (
    "Made-up data: these sentences come from this program's own generator; these numbers say nothing about "
    "real sentences."
)
REHEARSED = "Rehearsal: nothing was trained, every number here is made up."
MINILM = (
    "The backbone MiniLM (all-MiniLM-L6-v2) was contrastively trained on sentence pairs, Quora duplicates "
    "among them. Do not compare its numbers with those of a plain BERT."
)


@dataclass(frozen=True)
class Tile:
    """One of the four numbers of the first screen; `runs`, and the second of each note: the fragment of its runs."""

    label: str
    value: str
    notes: tuple[tuple[str, str], ...]
    unit: str = ""
    runs: str = ""


@dataclass(frozen=True)
class RecipeItem:
    """One factor of the best configuration; `baseline` is set where the baseline has another level."""

    factor: str
    level: str
    baseline: str | None


def made_up(study: StudyRow) -> str:
    """What stands above all else where the numbers say nothing of real sentences; empty where they do."""
    if is_rehearsal(study):
        return REHEARSED
    return MADE_UP if study.data_made_up else ""


def headline(found: Summary) -> str:
    """The answer in one line, or that there is none yet."""
    if found.best is not None:
        return f"Best: {best_name(found)}"
    if found.counts.complete + found.counts.pruned:
        if found.counts.lost:
            return "No configuration has all its seeds"
        return "No configuration has been confirmed yet"
    if found.counts.failed:
        return f"No result: {plural(found.counts.failed, 'run')} failed and none is complete"
    return "No run is complete yet"


def best_name(found: Summary) -> str:
    """A printed row by its label, else the best by its differences from the baseline."""
    if found.best is None or not found.best.labels:
        return best_in_brief(found)
    return f"{'; '.join(found.best.labels)}{', the baseline' if found.best_is_baseline else ''}"


def lead(found: Summary) -> list[str]:
    """The sentences under the headline."""
    if found.best is None:
        about = trainer_sentence(found.study)
        return [*found.cautions, *([about] if about else []), *_lead_without_best(found)]
    best, baseline, unit = found.best, found.baseline, found.units.score
    told = trainer_sentence(found.study)
    measured = "scores" if unit.name == "score" else f"has the {unit.name}"
    sentences = [f"It {measured} {_scored(best, unit)}."]
    if best.labels and not found.best_is_baseline:
        sentences.insert(0, f"Where it differs from the baseline: {best_in_brief(found)}.")
    if best.seeds < 2:
        sentences.append("One seed shows no spread: no interval can be given.")
    if found.best_is_baseline:
        sentences.append(
            f"No confirmed configuration scores {'higher' if unit.higher_is_better else 'better'} than the baseline."
        )
    elif baseline is None:
        sentences.append("The baseline has no complete run with a fresh seed, so there is no gain to show.")
    else:
        sentences.append(f"The baseline {measured} {_scored(baseline, unit)}.")
        sentences += _gain_sentences(found)
    if best.test_mean is not None:
        tested = f"On test, looked at once, it scores {unit.spread_with_unit(best.test_mean, best.test_spread)}"
        if baseline is not None and baseline.test_mean is not None and not found.best_is_baseline:
            tested += f", the baseline {unit.spread_with_unit(baseline.test_mean, baseline.test_spread)}"
        sentences.append(f"{tested}.")
    return [*([told] if told else []), *sentences, *found.cautions]


def tiles(results: StudyResults, found: Summary) -> list[Tile]:
    """Best score, gain, runs, time."""
    best, gain, unit = found.best, found.gain, found.units.score
    turned = "" if unit.higher_is_better else ", lower is better"
    counts = found.counts
    others = tuple(
        (f"{count:,} {word}", run_links.having(status=status))
        for count, word, status in (
            (counts.failed, "failed", "failed"),
            (counts.pruned, "stopped early", "pruned"),
            (counts.interrupted, "interrupted", "interrupted"),
            (counts.running, "running", "running"),
        )
        if count
    )
    return [
        Tile(
            "Best score" if unit.name == "score" else f"Best {unit.name}",
            unit.score(best.mean) if best else NONE,
            ((f"95 % {unit.score_interval(best.interval)}" if best and best.interval else "no interval yet", ""),),
            unit.symbol if best else "",
            runs=run_links.of_runs(best.run_ids) if best else "",
        ),
        Tile(
            "Gain over the baseline" if unit.higher_is_better else "Against the baseline",
            unit.difference(gain.interval.estimate) if gain else NONE,
            ((f"95 % {unit.interval(gain.interval)}{turned}" if gain else _why_no_gain(found), ""),),
            unit.counted if gain else "",
            _gain_runs(results, found),
        ),
        Tile(
            "Runs complete",
            f"{counts.complete:,}",
            others or (("none failed", ""),),
            runs=run_links.having(status="complete") if counts.complete else "",
        ),
        Tile("Computing time", *_spent(results, found)),
    ]


def _spent(results: StudyResults, found: Summary) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The computing time and its note; none of a rehearsal, whose runs only claim to have taken time."""
    if is_rehearsal(found.study):
        return NONE, (("a rehearsal computes nothing", ""),)
    return duration(found.hours_spent * 3600), ((_time_note(results, found), ""),)


def _time_note(results: StudyResults, found: Summary) -> str:
    """What sharing stages saved; of a custom trainer, which has none, the mean of a complete run."""
    if custom_trainer(results.study) is None:
        saved = duration(found.hours_saved * 3600) if found.hours_saved else "nothing"
        return f"{saved} saved by sharing stages"
    spent = [seconds_spent(run) for run in results.runs if run.status == "complete"]
    return f"{duration(float(np.mean(spent)))} a complete run, on average" if spent else "no run is complete"


def is_rehearsal(study: StudyRow) -> bool:
    """Whether nothing was trained."""
    return study.settings_json.get("trainer") == "rehearsal"


def recipe(found: Summary) -> list[RecipeItem]:
    """Every factor of the best configuration, with the baseline's level where that differs."""
    if found.best is None:
        return []
    differing = {change.factor for change in found.best_changes}
    return [
        RecipeItem(
            factor,
            level_text(level),
            level_text(found.baseline_choices.get(factor)) if factor in differing else None,
        )
        for factor, level in found.best.choices.items()
    ]


def ablation_sentence(rows: Sequence[AblationRow], best: ConfigurationResult | None, unit: Unit = SHARES) -> str:
    """What the ablation table supports."""
    if best is None:
        return "The ablation changes the best configuration one factor at a time; none is confirmed yet."
    if not rows:
        return "No single change of the best configuration has been run."
    compared = [row for row in rows if row.comparison is not None]
    if not compared:
        return "No single change of the best configuration has two seeds in common with it yet."
    worst = compared[0]
    assert worst.comparison is not None
    told = f"Of {plural(len(compared), 'single change')} to the best configuration, {verdict_counts(compared)}."
    cell = worst.cell
    levels = f"{level_text(cell.from_level)} → {level_text(cell.to_level)}"
    effect = effect_in_words(worst.comparison, worst.judgement, unit)
    return f"{told} The largest effect: {cell.factor} {levels}, {effect}."


def effect_in_words(comparison: Comparison, judgement: Judgement | None, unit: Unit = SHARES) -> str:
    """ "−1.9 points [−2.6, −1.2], hurts"."""
    interval, said = comparison.interval, judgement.verdict if judgement else "no verdict yet"
    return f"{unit.change(interval.estimate)} {unit.interval(interval)}, {said}"


def verdict_counts(rows: Sequence[AblationRow] | Sequence[GridRow]) -> str:
    """ "2 hurt, 1 is equivalent, 4 are open"."""
    counts = Counter[str](row.judgement.verdict for row in rows if row.judgement)
    words = (("helps", "helps", "help"), ("hurts", "hurts", "hurt"))
    told = [
        f"{counts[verdict]} {one if counts[verdict] == 1 else many}" for verdict, one, many in words if counts[verdict]
    ]
    told += [f"{counts[v]} {'is' if counts[v] == 1 else 'are'} {v}" for v in ("equivalent", "open") if counts[v]]
    return ", ".join(told) or "none is judged before all have their first seeds"


def grid_kind(found: Summary) -> str:
    """What a grid has: printed rows, or configurations."""
    return "row" if any(entry.labels for entry in found.leaderboard) else "configuration"


def grid_sentence(found: Summary) -> str:
    """What the table of a grid supports."""
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


def answer_scale(found: Summary) -> str:
    """What the numbers of the first screen are."""
    unit = found.units.score
    if unit.counted == "points":
        told = f"Points of the {unit.name}"
    else:
        told = f"Differences of the {unit.name}" + (f" in {unit.unit}" if unit.unit else "")
    return told if unit.higher_is_better else f"{told}, of which lower is better"


def cannot_be_made(left_out: NotRun) -> str:
    """How many changes the space's constraints forbid."""
    return f"{plural(left_out.cannot_be_made, 'change')} cannot be made to the best configuration"


def leaderboard_heading(found: Summary) -> str:
    """What the leaderboard calls a configuration by."""
    if any(entry.labels for entry in found.leaderboard):
        return "Row as printed, and where it differs from the baseline"
    return "Configuration, where it differs from the baseline"


def verdict_note(study: StudyRow) -> str:
    """What the verdicts mean, and how often they are wrong."""
    return (
        f"Verdicts: helps and hurts are differences from 0, any wrong one in the whole table at most 5 % of the time "
        f"(Holm; the p shown is adjusted); {equivalence_note(study)} How much seeds deviate is estimated from "
        f"all rows of the table together, a row's own and the others' weighed by how alike they are (Smyth 2004)."
        + (f" {looks.told(plan)}" if (plan := looks.schedule(study)) else "")
    )


def equivalence_note(study: StudyRow) -> str:
    """What equivalent and open mean; a unit without a margin of its own needs `--margin`."""
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
    """Which question the intervals answer, and which source of variation they leave out."""
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
    told = [text for kind, text in parts.items() if kind in over]
    return " ".join([*told, FIXED_PRETRAINING] if told and fixed_pretraining else told)


def choices_of(results: StudyResults, digest: str) -> JsonObject:
    """The choices of a configuration with results."""
    runs = results.results_of(digest)
    return next(iter(runs.values())).choices_json if runs else {}


def is_baseline(results: StudyResults, digest: str) -> bool:
    """Whether the configuration is the study's baseline."""
    return digest == baseline_digest(results)


def compared_runs(results: StudyResults, comparison: Comparison | None, *digests: str) -> str:
    """The ids of the runs that a comparison of configurations comes from; empty for none."""
    return run_ids(results, digests, comparison.seeds) if comparison else ""


def _gain_runs(results: StudyResults, found: Summary) -> str:
    if found.best is None or found.baseline is None:
        return ""
    return run_links.of_runs(compared_runs(results, found.gain, found.best.digest, found.baseline.digest))


def marks(results: StudyResults, digest: str) -> list[str]:
    """ "best" and "baseline", where the configuration is one."""
    roles = {"best": best_digest(results), "baseline": baseline_digest(results)}
    return [role for role, of in roles.items() if of == digest]


@dataclass(frozen=True)
class ShownColumns:
    """Which columns of the leaderboard have anything to show."""

    test: bool
    parameters: bool


def shown_columns(found: Summary) -> ShownColumns:
    """The built-in model has all of them; a custom trainer has no test data, and may not tell of parameters."""
    custom, entries = custom_trainer(found.study) is not None, found.leaderboard
    return ShownColumns(
        test=not custom or any(entry.test_mean is not None for entry in entries),
        parameters=not custom or any(entry.trainable_parameters is not None for entry in entries),
    )


def score_note(found: Summary) -> str:
    """What the score is, under the leaderboard."""
    if custom_trainer(found.study) is None:
        return "The score is the mean of the tasks' main metrics (accuracy; Pearson's r for similarity)."
    units = found.units
    deciding = units.deciding or tuple(units.tasks)
    if len(deciding) == 1:
        told = f"The score is that of {deciding[0]}"
    elif deciding:
        told = f"The score is the mean of {', '.join(deciding)}"
    else:
        told = "The score is the mean of the tasks' scores, as the trainer returns them"
    return f"{told}; {units.score.better} is better."


def shown_tasks(results: StudyResults) -> list[str]:
    """The tasks with a column of their own: not the one task that is the score, which has its column already."""
    tasks = results.tasks()
    return [] if len(tasks) == 1 and custom_trainer(results.study) is not None else tasks


def task_heading(results: StudyResults, task: str) -> str:
    """A task's name, with its metric where that was declared: "price: RMSE (EUR)"."""
    unit = results.units.of(task)
    if not results.units.names(task):
        return task
    return unit.heading if unit.name == task else f"{task}: {unit.heading}"


def task_mean(results: StudyResults, entry: ConfigurationResult, task: str) -> float | None:
    """The mean main metric of a task on dev, as it was measured."""
    return task_means(results, entry)[results.tasks().index(task)]


def task_means(results: StudyResults, entry: ConfigurationResult) -> list[float | None]:
    """The mean main metric on dev of every task, in the order of `results.tasks()`, as it was measured."""
    means: list[float | None] = []
    for task in results.tasks():
        values = [results.metric(run, "dev", task, results.main_metric(run, "dev", task)) for run in entry.run_ids]
        known = [value for value in values if value is not None]
        means.append(float(np.mean(known)) if known else None)
    return means


def _lead_without_best(found: Summary) -> list[str]:
    counts = found.counts
    if counts.complete + counts.pruned and (found.is_grid or counts.confirming):
        return _lead_without_all_seeds(found)
    if counts.complete + counts.pruned:
        one = counts.searched == 1
        return [
            f"So far {plural(counts.searched, 'run')} of the search {'has' if one else 'have'} come to an end. "
            "The search picks configurations by the scores of single runs, so those are not results.",
            "The phase confirm runs the best ones again with fresh seeds.",
        ]
    if counts.failed:
        reasons = ", ".join(f"{reason} ({count})" for reason, count in counts.failures)
        return [f"Why: {reasons}. The list of all runs has the details."]
    return [_how_it_goes_on(found)]


def _how_it_goes_on(found: Summary) -> str:
    """Whether to wait or to launch the study again."""
    if found.driven:
        return "The study is running: what is missing is still to come."
    return "Launch the study again under the same name to go on."


def _lead_without_all_seeds(found: Summary) -> list[str]:
    """Of a study that has begun with fresh seeds, and where each configuration lacks some."""
    counts, name = found.counts, found.study.study_name
    told = "A configuration is ranked when every seed that it should have has given a score"
    if not counts.lost:
        return [f"{told}; none has them all yet.", _how_it_goes_on(found)]
    failed = f"{told}; none has them all: {plural(counts.lost, 'run')} with fresh seeds failed. "
    if found.driven:
        return [f"{failed}The list of all runs says why.", _how_it_goes_on(found)]
    return [
        f"{failed}The list of all runs says why.",
        f"Where the reason is gone, a new study that begins with the finished runs carries out the failed ones again: "
        f"--name {name}-2 --import-from {name}",
    ]


def _scored(entry: ConfigurationResult, unit: Unit) -> str:
    seeds = "1 fresh seed" if entry.seeds == 1 else f"{entry.seeds} fresh seeds"
    return f"{unit.spread_with_unit(entry.mean, entry.spread)} ({seeds})"


def _gain_sentences(found: Summary) -> list[str]:
    if found.gain is None:
        return ["Best and baseline have fewer than two seeds in common, so no gain is shown."]
    interval, seeds = found.gain.interval, seeds_text(len(found.gain.seeds))
    unit = found.units.score
    named = "The gain is" if unit.higher_is_better else "The difference, of which lower is better, is"
    told = f"{named} {unit.change(interval.estimate)}, 95 % interval {unit.interval(interval)}."
    if interval.excludes_zero:
        return [told]
    return [told, f"It is not distinguishable from the baseline with {seeds}."]


def _why_no_gain(found: Summary) -> str:
    if found.best is None:
        return "nothing confirmed yet"
    return "the best is the baseline" if found.best_is_baseline else "fewer than two paired seeds"
