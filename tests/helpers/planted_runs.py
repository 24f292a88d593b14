"""Runs whose quality is planted task by task, with logits that fit their predictions."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from results.database.predictions import pack_predictions
from results.database.rows import MetricValue, PredictionRow, RunResult

SIZES = {"quora": 400, "sst": 500, "sts": 300}
Quality = Mapping[str, float]  # task -> share of right predictions; for sts 1 - the noise in label units


def planted_run(
    make: Any,
    choices: Mapping[str, Any],
    seed: int,
    quality: Quality,
    *,
    phase: Any = "confirm",
    kept: bool = True,
    split_name: str = "dev",
) -> int:
    """A complete run on the same examples as all others of the split; half of the examples are hard for everyone."""
    run = make.start(choices, seed, phase)
    metrics, rows = [], []
    for task, share in quality.items():
        outputs, predictions, labels = _arrays(task, share, seed, sorted(choices.items()))
        ids = hashlib.sha256(f"{split_name} {task}".encode()).hexdigest()
        rows.append(PredictionRow("dev", task, pack_predictions(outputs, predictions, labels), ids))
        if task == "sts":
            metrics.append(MetricValue("dev", task, "pearson", float(np.corrcoef(predictions, labels)[0, 1])))
        else:
            metrics.append(MetricValue("dev", task, "accuracy", float((predictions == labels).mean())))
    score = float(np.mean([metric.value for metric in metrics]))
    done = RunResult(
        status="complete",
        score=score,
        best_epoch=1,
        train_seconds=1.0,
        eval_seconds=0.1,
        metrics=[*metrics, MetricValue("dev", "", "score", score)],
        predictions=rows if kept else (),
    )
    make.database.runs.finish(run, done)
    return int(run)


def confirmed_pair(make: Any, baseline: Mapping[str, Any], best: Mapping[str, Any], seeds: int) -> None:
    """Give a study the cells of its confirm phase, and the decision that `best` is the best configuration."""
    cells = [make.cell("confirm", "baseline", baseline, 0), make.cell("confirm", "confirm:1", best, 1)]
    make.database.studies.replace_cells(make.name, "confirm", cells)
    decided = {"baseline": cells[0].config_digest, "best": cells[1].config_digest, "baseline_choices": baseline}
    make.database.studies.update(make.name, decisions_json=decided, settings_json={"seeds": seeds})


def _arrays(task: str, share: float, seed: int, choices: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    size, shared = SIZES[task], np.random.default_rng([7, SIZES[task]])
    own = np.random.default_rng([seed, int(hashlib.sha256(f"{task}{choices}".encode()).hexdigest()[:8], 16)])
    if task == "sts":
        labels = np.round(shared.uniform(0, 5, size), 1).astype(np.float32)
        found = (labels + (1 - share) * own.normal(0, 1, size)).astype(np.float32)
        return found[:, None], found, labels
    classes = 5 if task == "sst" else 2
    labels = shared.integers(0, classes, size)
    hard = shared.random(size) < 0.5
    right = own.random(size) < np.where(hard, 2 * share - 1, 1.0)
    predictions = np.where(right, labels, (labels + 1) % classes)
    if task == "quora":
        outputs = np.where(predictions == 1, 1.0, -1.0)[:, None] * own.uniform(0.5, 3, (size, 1))
    else:
        outputs = own.normal(0, 0.3, (size, classes))
        outputs[np.arange(size), predictions] += 2.5
    return outputs.astype(np.float32), predictions.astype(np.float32), labels.astype(np.float32)
