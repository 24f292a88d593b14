"""The model card of the best model, `best/README.md`, with the front matter that hubs read.

Every number is from the study's records. Each launch rewrites the card at its end, with further seeds or test scores.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from mtbert import components, export
from mtbert.config import RunConfig
from mtbert.encoder.locate import is_hub_name
from mtbert.encoder.truncation import most_tokens
from results.analysis.summary import Summary
from results.database.database import Database
from results.database.rows import RunRow, StudyRow
from results.measurements.study_results import StudyResults
from results.report import first_screen, notes
from results.text import formatting
from results.text.markdown import level, templates
from search_spaces.output import plain
from study.trainers.bert.best_model import PREDICTIONS, TRANSFORMERS

CARD = "README.md"
PUBLISHED = {"minilm": "sentence-transformers/all-MiniLM-L6-v2"}  # backbone -> its name on the hub
STAGES = ("mlm", "simcse_unsupervised", "simcse_supervised", "fine_tune_first", "multitask", "single_task")  # in order
HUB_METRICS = {  # whose names on hubs differ
    "pearson": "pearsonr",
    "spearman": "spearmanr",
    "macro_precision": "precision",
    "macro_recall": "recall",
    "macro_f1": "f1",
}


@dataclass(frozen=True)
class KeptModel:
    """The model in `folder`: its run, and the command that trains it again."""

    run: RunRow
    folder: Path
    again: str

    @property
    def config(self) -> RunConfig:
        """The run's configuration."""
        return RunConfig.model_validate(self.run.config_json)


def write(database: Database, results: StudyResults, summary: Summary, kept: KeptModel) -> None:
    """Write the card of the kept model, replacing an older one."""
    new = kept.folder / f".{CARD}.new"
    new.write_text(render(database, results, summary, kept), encoding="utf-8")
    new.replace(kept.folder / CARD)


def render(database: Database, results: StudyResults, summary: Summary, kept: KeptModel) -> str:
    """Return the card's text, with every text from outside escaped."""
    template = templates("study", FILTERS).get_template("model_card.md.j2")
    return template.render(_context(database, results, summary, kept))


def _yaml(value: str | float) -> str:
    """Return a text or a number as JSON, which is valid YAML."""
    return json.dumps(plain(value) if isinstance(value, str) else value, ensure_ascii=False)


FILTERS: Mapping[str, Callable[..., str]] = {
    "quoted": json.dumps,
    "yaml": _yaml,
    "level": level,
    "score": formatting.score_text,
    "spread": formatting.score_with_spread,
    "interval": formatting.score_interval,
    "points": formatting.points_text,
    "points_interval": formatting.points_interval,
    "count": formatting.count_text,
    "duration": formatting.duration,
}


def _context(database: Database, results: StudyResults, summary: Summary, kept: KeptModel) -> dict[str, Any]:
    run, study = kept.run, summary.study
    return {
        "study": study,
        "summary": summary,
        "run": run,
        "name": first_screen.best_name(summary),
        "first_screen": first_screen,
        "page_minilm": study.backbone == "minilm",
        "measured": _measured(database, kept, study.data_source),
        "best_is_baseline": summary.best_is_baseline,
        "changes": summary.best_changes,
        "again": kept.again,
        "environment": None if run.environment_id is None else database.runs.environment(run.environment_id),
        "own_seconds": run.own_train_seconds(),
        "folder": str(kept.folder),
        "encoder": _encoder(kept),
        "predictions": sorted(path.name for path in (kept.folder / PREDICTIONS).glob("*.csv")),
        **_model(kept, study),
        **_scores(results, summary, kept),
        **_data(database, study),
    }


def _model(kept: KeptModel, study: StudyRow) -> dict[str, Any]:
    names = list(kept.config.tasks)
    pair = components.load("tasks", names[0]).pair
    return {
        "pipeline_tag": "sentence-similarity" if names == ["sts"] else "text-classification",
        "tags": ["mtbert", "multitask", "bert", *names, *(["made-up-data"] if study.data_made_up else [])],
        "base_model": PUBLISHED.get(study.backbone) or (study.backbone if is_hub_name(study.backbone) else None),
        "stages": [stage for stage in STAGES if getattr(kept.config, stage) is not None],
        "example": f'"{names[0]}", ["A fine film ."]' + (', ["A good film ."]' if pair else ""),
    }


def _scores(results: StudyResults, summary: Summary, kept: KeptModel) -> dict[str, Any]:
    run, best, gain = kept.run, summary.best, summary.gain
    assert best is not None  # only the best configuration's model is kept
    tasks = [
        {
            "name": name,
            "title": Markup(components.load("tasks", name).title),
            "main": results.main_metric(run.id, "dev", name),
        }
        for name in kept.config.tasks
    ]
    runs = results.results_of(run.config_digest)
    scores = [other.score for other in runs.values() if other.score is not None]
    over = {over for over in (best.interval_over, gain and gain.over) if over}
    baseline = [] if summary.baseline is None or summary.best_is_baseline else [("baseline", summary.baseline)]
    return {
        "run_is_highest": run.score is not None and run.score >= max(scores),
        "tasks": tasks,
        "tested": best.test_mean is not None,
        "compared": [("best configuration", best), *baseline],
        "gain": gain,
        "interval_note": notes.interval_note(over, summary.study),
        "seeds": [_seed(results, other, tasks, run) for other in runs.values()],
    }


def _data(database: Database, study: StudyRow) -> dict[str, Any]:
    """Return the card's facts about the data."""
    data, leaking = study.data_json, study.data_json.get("leaking_rows", {})
    issues = Counter(issue.kind.replace("_", " ") for issue in database.studies.data_issues(study.study_name))
    return {
        "rows": data.get("rows", {}),
        "issues": dict(issues),
        "overlap": {task: count for task, count in data.get("overlap", {}).items() if count},
        "leaking": {task: count for task, count in leaking.items() if count},
        "leaks_dropped": "leaking_rows" in data,  # older studies trained on them
    }


def _seed(results: StudyResults, other: RunRow, tasks: list[dict[str, Any]], kept: RunRow) -> dict[str, Any]:
    return {
        "seed": other.seed,
        "kept": other.id == kept.id,
        "score": other.score,
        "mains": [results.metric(other.id, "dev", task["name"], task["main"]) for task in tasks],
        "test": results.split_score(other.id, "test"),
    }


def _measured(database: Database, kept: KeptModel, source: str) -> list[dict[str, Any]]:
    """Return the kept model's metrics by split and task, in the format of hubs."""
    values = database.metrics.of_run(kept.run.id)
    measured = []
    for split in ("dev", "test"):
        for name in kept.config.tasks:
            task = components.load("tasks", name)
            metrics = [
                {"type": HUB_METRICS.get(metric, metric), "name": metric.replace("_", " "), "value": value}
                for (metric_split, metric_task, metric), value in values.items()
                if (metric_split, metric_task) == (split, name) and math.isfinite(value)
            ]
            if metrics:
                kind = "sentence-similarity" if task.label_kind == "score" else "text-classification"
                part = {"type": kind, "title": task.title, "task": name, "split": split, "metrics": metrics}
                measured.append({**part, "dataset": f"{task.title}, {source}"})
    return measured


def _encoder(kept: KeptModel) -> dict[str, Any]:
    """Return the card's facts about the folder for `transformers`, or the reason why there is none."""
    config, root = kept.config, kept.folder / TRANSFORMERS
    folders = [root] if export.one_encoder(config) else [root / task for task in config.tasks]
    return {
        "why_not": export.hindrance(config),
        "folders": [str(folder) for folder in folders if folder.is_dir()],
        "merged": bool(config.adapters),
        "pooler": config.pooling.name == "cls_pooler",
        "precision": config.precision,
        "max_tokens": most_tokens(config),
    }
