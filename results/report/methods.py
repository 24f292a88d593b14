"""How a study was done, on what data and at what cost: the words of the report's last sections."""

from __future__ import annotations

import json
import math
import shlex

import numpy as np

from results.analysis import sequential
from results.analysis.summary import Summary, seconds_spent
from results.database.rows import JsonObject, RunRow, StudyRow
from results.measurements.custom_trainer import DEMO, call_again, custom_trainer
from results.measurements.study_results import StudyResults
from results.text.formatting import NONE, duration, plural, seeds_text

OF_THE_MODEL = (  # settings that a custom trainer does not read
    "backbone", "layers", "precision", "compiled", "learning_rate_times", "train_examples", "dev_examples", "tasks",
    "strict_data", "share", "store_gb", "fixed_pretraining_seed", "references",
)  # fmt: skip
PHASES = ("search", "confirm", "ablate")  # that run something


def data_sentence(results: StudyResults, issues: int) -> str:
    """Return how many rows were dropped, repeated or left out."""
    told = results.study.data_json
    shared = _total(told.get("overlap"))
    sentences = [
        f"{plural(issues, 'faulty row')} {_were(issues)} dropped" if issues else "No faulty row was dropped",
        f"{plural(shared, 'example')} of dev {'is' if shared == 1 else 'are'} in the train files too",
    ]
    if "leaking_rows" in told:  # a study older than that trained on such rows
        leaking = _total(told["leaking_rows"])
        sentences.append(
            f"{plural(leaking, 'train row')} with a sentence of a dev or test split {_were(leaking)} left out"
        )
    return "; ".join(sentences) + "."


def data_tables(results: StudyResults) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the counts of `data_json` as tables (title, rows), whatever keys it has."""
    tables = []
    for key, value in results.study.data_json.items():
        if isinstance(value, dict) and value:
            rows = [(str(name), _shown(count)) for name, count in value.items()]
            tables.append((key.replace("_", " ").capitalize(), rows))
    return tables


def cost_rows(results: StudyResults) -> list[tuple[str, int, str, str, str]]:
    """Return phase, runs, computing time, time saved, and the mean time of a complete run."""
    rows = []
    for phase in PHASES:
        runs = [run for run in results.runs if run.phase == phase]
        complete = [seconds_spent(run) for run in runs if run.status == "complete"]
        spent = sum(seconds_spent(run) for run in runs)
        saved = sum(run.shared_seconds or 0.0 for run in runs)
        mean = duration(float(np.mean(complete))) if complete else NONE
        if runs:
            rows.append((phase, len(runs), duration(spent), duration(saved), mean))
    return rows


def design_facts(results: StudyResults) -> list[tuple[str, str]]:
    """Return what each phase was to run, from the settings of the launch; unknown facts are left out."""
    study, told = results.study, results.study.settings_json
    if study.is_grid:
        seeds = f", with {seeds_text(told['seeds'])}" if "seeds" in told else ""
        facts = [("Design", f"a grid: every configuration of the space{seeds}")]
    else:
        trials, pruner = told.get("trials"), told.get("pruner")
        search = f"{plural(trials, 'trial')} by {told.get('sampler')}" if trials is not None else ""
        search += f", runs stopped early by {pruner}" if search and pruner not in (None, "none") else ""
        confirm = f"the best {told['confirm']} and the baseline" if "confirm" in told else ""
        confirm += f", {plural(told['seeds'], 'fresh seed')} each" if confirm and "seeds" in told else ""
        designs = ", ".join(str(one).replace("_", " ") for one in told.get("designs", ()))
        most = told.get("ablations")
        ablate = designs + (f"; at most {plural(most, 'configuration')} beside the best" if designs and most else "")
        asked = {*told.get("phases", PHASES), *(run.phase for run in results.runs)}
        texts = dict(zip(PHASES, (search, confirm, ablate), strict=True))
        facts = [(phase.capitalize(), text) for phase, text in texts.items() if phase in asked]
    layers = told.get("layers")
    facts.append(("Encoder", f"the first {plural(layers, 'layer')} of {study.backbone}" if layers else ""))
    epochs = told.get("epochs")
    times = told.get("learning_rate_times", 1)
    rates = f"; every learning rate times {times:g}" if times != 1 else ""
    examples = "" if is_custom(study) else f", {_examples(told)} a task"
    training = f"{plural(epochs, 'epoch')}{examples}{rates}" if epochs is not None else ""
    facts.append(("Training", training))
    return [(title, fact) for title, fact in facts if fact]


def _score(run: RunRow) -> float:
    return -math.inf if run.score is None else run.score


def _examples(told: JsonObject) -> str:
    counts = [told.get(key) for key in ("train_examples", "dev_examples")]
    train, dev = (f"{count:,}" if isinstance(count, int) else "all" for count in counts)
    return f"{train} training and {dev} dev examples"


def is_custom(study: StudyRow) -> bool:
    """Return whether the study is of a custom trainer."""
    return custom_trainer(study) is not None


def shares(results: StudyResults) -> bool:
    """Return whether runs may have shared stages: those of a custom trainer have none."""
    return not is_custom(results.study) or any(run.shared_seconds for run in results.runs)


def shown_settings(study: StudyRow) -> JsonObject:
    """Return the study's settings; for a custom trainer without those of the built-in model."""
    settings = study.settings_json
    return {key: each for key, each in settings.items() if not (is_custom(study) and key in OF_THE_MODEL)}


def own_data(study: StudyRow) -> str:
    """Return what `--data` named for a custom trainer; empty where it named nothing."""
    named = str(study.settings_json.get("data", DEMO))
    return "" if named == DEMO else named


def has_data(results: StudyResults, issues: int) -> bool:
    """Return whether the report has a section on data: a custom trainer's data may be unknown."""
    return not is_custom(results.study) or bool(issues) or bool(data_tables(results))


def repeat_command(results: StudyResults, summary: Summary) -> str:
    """Return the command that trains the best configuration again, with its best-scoring seed."""
    runs = results.results_of(summary.best.digest if summary.best else "")
    if (plan := sequential.schedule(results.study)) is not None:  # models are kept of the seeds that all rows have
        runs = {seed: run for seed, run in runs.items() if seed in plan.first(plan.start)}
    seed = max(runs, key=lambda key: _score(runs[key]), default=results.study.seed)
    if summary.best is not None and is_custom(summary.study):
        return call_again(summary.study, summary.best.config, seed)
    config = shlex.quote(f"{summary.study.settings_json.get('out', 'runs')}/{summary.study.study_name}/best/config.json")
    data = shlex.quote(summary.study.data_source)
    return f"python -m mtbert.train --config {config} --data {data} --seed {seed}"


def pretty_json(value: object) -> str:
    """Return JSON for people."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def _total(counts: object) -> int:
    return sum(counts.values()) if isinstance(counts, dict) else 0


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _shown(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
