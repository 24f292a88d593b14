"""Text of the report's first screen: headline, lead sentences and the four tiles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from results.analysis.contrasts import compared_runs
from results.analysis.describe import best_in_brief
from results.analysis.leaderboard import ConfigurationResult
from results.analysis.summary import Summary
from results.database.rows import StudyRow
from results.figures import run_links
from results.measurements.custom_trainer import REHEARSAL, custom_trainer, trainer_sentence
from results.measurements.study_results import StudyResults, seconds_spent
from results.text.formatting import duration, plural, seeds_text
from results.text.units import NONE, Unit

MADE_UP = (
    "Made-up data: the sentences come from this program's generator, so these numbers say nothing about real sentences."
)

REHEARSED = "Rehearsal: nothing was trained, every number here is made up."

MINILM = (
    "The backbone MiniLM (all-MiniLM-L6-v2) was contrastively trained on sentence pairs, Quora duplicates "
    "among them. Do not compare its numbers with those of a plain BERT."
)


@dataclass(frozen=True)
class Tile:
    """One of the four numbers of the first screen; `runs` and the second part of each note link to the runs."""

    label: str
    value: str
    notes: Sequence[tuple[str, str]]
    unit: str = ""
    runs: str = ""


def made_up(study: StudyRow) -> str:
    """Return the warning that the numbers say nothing about real sentences; empty if they do."""
    if is_rehearsal(study):
        return REHEARSED
    return MADE_UP if study.data_made_up else ""


def headline(summary: Summary) -> str:
    """Return the answer in one line, or the reason why there is none yet."""
    if summary.best is not None:
        return f"Best: {best_name(summary)}"
    if summary.counts.complete + summary.counts.pruned:
        lost = summary.counts.lost
        return "No configuration has all its seeds" if lost else "No configuration has been confirmed yet"
    if summary.counts.failed:
        return f"No result: {plural(summary.counts.failed, 'run')} failed and none is complete"
    return "No run is complete yet"


def best_name(summary: Summary) -> str:
    """Return the best configuration's printed label, else its differences from the baseline."""
    if summary.best is None or not summary.best.labels:
        return best_in_brief(summary)
    return f"{'; '.join(summary.best.labels)}{', the baseline' if summary.best_is_baseline else ''}"


def lead(summary: Summary) -> list[str]:
    """Return the sentences under the headline."""
    trainer = trainer_sentence(summary.study)
    about = [trainer] if trainer else []
    if summary.best is None:
        return [*summary.cautions, *about, *_lead_without_best(summary)]
    return [*about, *_scores_in_words(summary, summary.best), *summary.cautions]


def _scores_in_words(summary: Summary, best: ConfigurationResult) -> Iterator[str]:
    """Yield the scores of best and baseline, the gain, and their scores on test."""
    baseline, unit = summary.baseline, summary.units.score
    measured = "scores" if unit.name == "score" else f"has the {unit.name}"
    if best.labels and not summary.best_is_baseline:
        yield f"It differs from the baseline in: {best_in_brief(summary)}."
    yield f"It {measured} {_scored(best, unit)}."
    if best.seeds < 2:
        yield "One seed shows no spread: no interval can be given."
    if summary.best_is_baseline:
        yield f"No confirmed configuration scores {'higher' if unit.higher_is_better else 'better'} than the baseline."
    elif baseline is None:
        yield "The baseline has no complete run with a fresh seed, so there is no gain to show."
    else:
        yield f"The baseline {measured} {_scored(baseline, unit)}."
        yield from _gain_sentences(summary)
    if best.test_mean is not None:
        tested = f"On test, evaluated once, it scores {unit.spread_with_unit(best.test_mean, best.test_spread)}"
        if baseline is not None and baseline.test_mean is not None and not summary.best_is_baseline:
            tested += f", the baseline {unit.spread_with_unit(baseline.test_mean, baseline.test_spread)}"
        yield f"{tested}."


def tiles(results: StudyResults, summary: Summary) -> list[Tile]:
    """Return best score, gain, runs and time."""
    best, baseline, gain = summary.best, summary.baseline, summary.gain
    unit, counts = summary.units.score, summary.counts
    words = {"failed": "failed", "pruned": "stopped early", "interrupted": "interrupted", "running": "running"}
    others = [
        (f"{count:,} {word}", run_links.having(status=status))
        for status, word in words.items()
        if (count := getattr(counts, status))
    ]
    turned = "" if unit.higher_is_better else ", lower is better"
    return [
        Tile(
            "Best score" if unit.name == "score" else f"Best {unit.name}",
            unit.score(best.mean) if best else NONE,
            [(f"95 % {unit.score_interval(best.interval)}" if best and best.interval else "no interval yet", "")],
            unit.symbol if best else "",
            run_links.of_runs(best.run_ids) if best else "",
        ),
        Tile(
            "Gain over the baseline" if unit.higher_is_better else "Against the baseline",
            unit.difference(gain.interval.estimate) if gain else NONE,
            [(f"95 % {unit.interval(gain.interval)}{turned}" if gain else _why_no_gain(summary), "")],
            unit.counted if gain else "",
            run_links.of_runs(compared_runs(results, gain, best.digest, baseline.digest)) if best and baseline else "",
        ),
        Tile(
            "Runs complete",
            f"{counts.complete:,}",
            others or [("none failed", "")],
            runs=run_links.having(status="complete") if counts.complete else "",
        ),
        Tile(
            "Computing time",
            NONE if is_rehearsal(summary.study) else duration(summary.hours_spent * 3600),
            [(_time_note(results, summary), "")],
        ),
    ]


def _time_note(results: StudyResults, summary: Summary) -> str:
    """Return the time that sharing stages saved; for a custom trainer the mean time of a complete run."""
    if is_rehearsal(summary.study):
        return "a rehearsal computes nothing"
    if custom_trainer(results.study) is None:
        saved = duration(summary.hours_saved * 3600) if summary.hours_saved else "nothing"
        return f"{saved} saved by sharing stages"
    seconds = [seconds_spent(run) for run in results.runs if run.status == "complete"]
    return f"{duration(float(np.mean(seconds)))} per complete run on average" if seconds else "no run is complete"


def is_rehearsal(study: StudyRow) -> bool:
    """Return whether nothing was trained."""
    return study.settings_json.get("trainer") == REHEARSAL


def answer_scale(summary: Summary) -> str:
    """Return the unit of the numbers on the first screen."""
    unit = summary.units.score
    if unit.counted == "points":
        sentence = f"Points of the {unit.name}"
    else:
        sentence = f"Differences of the {unit.name}" + (f" in {unit.unit}" if unit.unit else "")
    return sentence if unit.higher_is_better else f"{sentence} (lower is better)"


def _lead_without_best(summary: Summary) -> list[str]:
    counts = summary.counts
    if counts.complete + counts.pruned and (summary.is_grid or counts.confirming):
        return _lead_without_all_seeds(summary)
    if counts.complete + counts.pruned:
        return [
            f"So far {plural(counts.searched, 'run')} of the search {'has' if counts.searched == 1 else 'have'} ended. "
            "The search picks configurations by the scores of single runs, so those scores are not results.",
            "The phase confirm runs the best configurations again with fresh seeds.",
        ]
    if counts.failed:
        reasons = ", ".join(f"{reason} ({count})" for reason, count in counts.failures)
        return [f"Why: {reasons}. The list of all runs has the details."]
    return [_next_step(summary)]


def _next_step(summary: Summary) -> str:
    """Return whether to wait or to launch the study again."""
    running = "The study is running, and its missing results will follow."
    return running if summary.driven else "Launch the study again under the same name to continue."


def _lead_without_all_seeds(summary: Summary) -> list[str]:
    """Return the sentences about a study in which every configuration lacks fresh seeds."""
    counts, name = summary.counts, summary.study.study_name
    rule = "A configuration is ranked when all its seeds have scores"
    if not counts.lost:
        return [f"{rule}; none has them all yet.", _next_step(summary)]
    again = (
        "When the reason is fixed, start a new study from the finished runs; it repeats the failed ones: "
        f"--name {name}-2 --import-from {name}"
    )
    return [
        f"{rule}; none has them all: {plural(counts.lost, 'run')} with fresh seeds failed.",
        "The list of all runs says why.",
        _next_step(summary) if summary.driven else again,
    ]


def _scored(entry: ConfigurationResult, unit: Unit) -> str:
    return f"{unit.spread_with_unit(entry.mean, entry.spread)} ({plural(entry.seeds, 'fresh seed')})"


def _gain_sentences(summary: Summary) -> list[str]:
    if summary.gain is None:
        return ["Best and baseline have fewer than two seeds in common, so no gain is shown."]
    interval, seeds = summary.gain.interval, seeds_text(len(summary.gain.seeds))
    unit = summary.units.score
    named = "The gain is" if unit.higher_is_better else "The difference (lower is better) is"
    gain = f"{named} {unit.change(interval.estimate)}, 95 % interval {unit.interval(interval)}."
    if interval.excludes_zero:
        return [gain]
    return [gain, f"It is not distinguishable from the baseline with {seeds}."]


def _why_no_gain(summary: Summary) -> str:
    if summary.best is None:
        return "nothing confirmed yet"
    return "the best is the baseline" if summary.best_is_baseline else "fewer than two paired seeds"
