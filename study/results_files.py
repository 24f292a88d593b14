"""The results of a launch: the best model, tables, the report, and the answer in the terminal."""

from __future__ import annotations

import json
from pathlib import Path

from results.analysis.summary import Summary, summarise
from results.database.database import Database
from results.export import write_tables_of
from results.measurements.code_versions import note as code_note
from results.measurements.study_results import StudyResults
from results.report import write_report_of
from results.report.content import outcome_of
from search_spaces import output
from study.arguments import Options
from study.console import summary as ending
from study.console.summary_claims import ClaimsEnding
from study.console.summary_designs import DesignsEnding
from study.console.terminal import PlainConsole
from study.settings import Settings
from study.trainers.abstract import AbstractTrainer
from study.web import optuna_notes


def write(
    database: Database,
    settings: Settings,
    options: Options,
    trainer: AbstractTrainer,
    folder: Path,
    console: PlainConsole,
) -> int:
    """Write the best model, tables and report, then print the answer; return the number of failed runs."""
    results = StudyResults(database, settings.name)
    summary = summarise(results)
    if "report" in settings.phases:
        _keep_best(database, settings, trainer, folder, results, summary, console)
        outcome = outcome_of(database, results, summary)
        write_tables_of(outcome, folder / "tables")
        write_report_of(outcome, folder / "report.html")
        optuna_notes.write(options.storage, outcome, folder)
        designs = DesignsEnding.of_sections(outcome.sections, summary.units.score)
    else:
        designs = DesignsEnding.of(results, summary)
    note = code_note(results.study, results.runs)
    answer = ending.Ending(summary, folder, options.storage, ClaimsEnding.of(results), designs, note)
    if options.json:
        output.print_object(json.dumps(answer.as_json(), indent=2))
    else:
        answer.show(console)
    return summary.counts.failed


def _keep_best(
    database: Database,
    settings: Settings,
    trainer: AbstractTrainer,
    study_folder: Path,
    results: StudyResults,
    summary: Summary,
    console: PlainConsole,
) -> None:
    """Save the best configuration's model and its card in `best/`."""
    folder = study_folder / "best"
    digest = database.studies.require(settings.name).decisions_json.get("best")
    if digest is None:
        return
    seeds = settings.seeds_of(settings.seeds)
    counted = set(results.run_ids(digest))
    runs = database.runs.of_study(settings.name, config_digest=digest)  # `results` lacks their configurations
    rows = [run for run in runs if run.id in counted and run.seed in seeds]
    kept = trainer.keep_best(rows, study_folder / "models", folder, console.say) if rows else None
    if kept is not None:
        from study.trainers.bert import model_card  # torch

        command = ending.repeat_command(settings.data, folder, kept.seed)
        model_card.write(database, results, summary, model_card.KeptModel(kept, folder, command))
    elif folder.is_dir():
        console.say(f"{folder} has the model of an earlier best configuration; that of the current one was not kept.")
