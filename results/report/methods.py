"""Text of the report's last sections: methods, data and cost of a study."""

from __future__ import annotations

import json
import shlex

import numpy as np

from results.analysis import sequential
from results.analysis.summary import Summary
from results.database.rows import JsonObject, StudyRow
from results.measurements.custom_trainer import DEMO, call_again, custom_trainer
from results.measurements.dev_parts import search_rows
from results.measurements.study_results import StudyResults, seconds_spent
from results.text.formatting import duration, plural, seeds_text
from results.text.units import NONE

OF_THE_MODEL = (  # settings that a custom trainer does not read
    "backbone", "layers", "precision", "compiled", "learning_rate_times", "train_examples", "dev_examples", "tasks",
    "strict_data", "vary", "share", "store_gb", "fixed_pretraining_seed", "references",
)  # fmt: skip
PHASES = ("search", "confirm", "ablate")  # phases that train


def data_sentence(results: StudyResults, issues: int) -> str:
    """Return the number of rows that were dropped, repeated or left out."""
    data = results.study.data_json
    shared = _total(data.get("overlap"))
    sentences = [
        f"{plural(issues, 'faulty row') if issues else 'No faulty row'} {'were' if issues > 1 else 'was'} dropped",
        f"{plural(shared, 'dev example')} {'is' if shared == 1 else 'are'} in the train files too",
    ]
    if "leaking_rows" in data:  # older studies trained on such rows
        leaking = _total(data["leaking_rows"])
        were = "was" if leaking == 1 else "were"
        sentences.append(f"{plural(leaking, 'train row')} with a sentence of a dev or test split {were} left out")
    return "; ".join(sentences) + "."


def data_tables(results: StudyResults) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the counts of `data_json` as tables (title, rows)."""

    def text(value: object) -> str:
        return f"{value:,}" if isinstance(value, int) else str(value)

    return [
        (key.replace("_", " ").capitalize(), [(str(name), text(count)) for name, count in value.items()])
        for key, value in results.study.data_json.items()
        if isinstance(value, dict) and value
    ]


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
    """Return the plan of each phase, from the settings of the launch; unknown facts are left out."""
    study, settings = results.study, results.study.settings_json
    if study.is_grid:
        seeds = f", with {seeds_text(settings['seeds'])}" if "seeds" in settings else ""
        facts = [("Design", f"a grid: every configuration of the space{seeds}")]
    else:
        trials, pruner = settings.get("trials"), settings.get("pruner")
        search = f"{plural(trials, 'trial')} by {settings.get('sampler')}" if trials is not None else ""
        search += f", runs stopped early by {pruner}" if search and pruner not in (None, "none") else ""
        confirm = f"the best {settings['confirm']} and the baseline" if "confirm" in settings else ""
        confirm += f", {plural(settings['seeds'], 'fresh seed')} each" if confirm and "seeds" in settings else ""
        designs = ", ".join(str(design).replace("_", " ") for design in settings.get("designs", ()))
        most = settings.get("ablations")
        ablate = designs + (f"; at most {plural(most, 'configuration')} beside the best" if designs and most else "")
        requested = {*settings.get("phases", PHASES), *(run.phase for run in results.runs)}
        texts = dict(zip(PHASES, (search, confirm, ablate), strict=True))
        facts = [(phase.capitalize(), text) for phase, text in texts.items() if phase in requested]
    layers = settings.get("layers")
    facts.append(("Encoder", f"the first {plural(layers, 'layer')} of {study.backbone}" if layers else ""))
    epochs = settings.get("epochs")
    times = settings.get("learning_rate_times", 1)
    rates = f"; all learning rates multiplied by {times:g}" if times != 1 else ""
    examples = "" if is_custom(study) else f", {_examples(settings)} per task"
    examples += "; the search reads other dev examples" if search_rows(study) else ""
    facts.append(("Training", f"{plural(epochs, 'epoch')}{examples}{rates}" if epochs is not None else ""))
    return [(title, fact) for title, fact in facts if fact]


def _examples(settings: JsonObject) -> str:
    counts = [settings.get(key) for key in ("train_examples", "dev_examples")]
    train, dev = (f"{count:,}" if isinstance(count, int) else "all" for count in counts)
    drawn = " (other ones for each seed)" if settings.get("vary") == "train" else ""
    return f"{train} training{drawn} and {dev} dev examples"


def is_custom(study: StudyRow) -> bool:
    """Return whether the study has a custom trainer."""
    return custom_trainer(study) is not None


def shares(results: StudyResults) -> bool:
    """Return whether runs may have shared stages; those of a custom trainer have none."""
    return not is_custom(results.study) or any(run.shared_seconds for run in results.runs)


def shown_settings(study: StudyRow) -> JsonObject:
    """Return the study's settings; for a custom trainer without those of the built-in model."""
    hidden = OF_THE_MODEL if is_custom(study) else ()
    return {key: value for key, value in study.settings_json.items() if key not in hidden}


def own_data(study: StudyRow) -> str:
    """Return the value of `--data` for a custom trainer; empty without one."""
    data = str(study.settings_json.get("data", DEMO))
    return "" if data == DEMO else data


def has_data(results: StudyResults, issues: int) -> bool:
    """Return whether the report has a section on data; a custom trainer's data may be unknown."""
    return not is_custom(results.study) or bool(issues) or bool(data_tables(results))


def repeat_command(results: StudyResults, summary: Summary) -> str:
    """Return the command that trains the best configuration again with its best seed."""
    runs = results.results_of(summary.best.digest if summary.best else "")
    if (plan := sequential.schedule(results.study)) is not None:  # models of the other seeds are not kept
        runs = {seed: run for seed, run in runs.items() if seed in plan.first(plan.start)}
    scores = {seed: run.score for seed, run in runs.items() if run.score is not None}
    seed = max(scores, key=scores.__getitem__, default=results.study.seed)
    if summary.best is not None and is_custom(summary.study):
        return call_again(summary.study, summary.best.config, seed)
    study = summary.study
    config = shlex.quote(f"{study.settings_json.get('out', 'runs')}/{study.study_name}/best/config.json")
    data = shlex.quote(study.data_source)
    return f"python -m mtbert.train --config {config} --data {data} --seed {seed}"


def pretty_json(value: object) -> str:
    """Return indented JSON."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def _total(counts: object) -> int:
    return sum(counts.values()) if isinstance(counts, dict) else 0
