"""A tiny model with data that has sentences and triplets beside the splits."""

from __future__ import annotations

from typing import Any

import pytest

from mtbert.config import RunConfig, parse
from mtbert.data.examples import Corpus
from mtbert.data.tokenize import Prepared
from mtbert.run import prepare_data

ALL_STAGES: dict[str, Any] = {
    "mlm": {"corpora": "in_domain+tasks", "max_sentences": 8, "batch_size": 4, "epochs": 1, "learning_rate": 1e-3},
    "simcse_unsupervised": {"sentences": 8, "batch_size": 4, "learning_rate": 1e-3},
    "simcse_supervised": {"triplets": 8, "batch_size": 4, "learning_rate": 1e-3},
    "fine_tune_first": {"epochs": 1, "batch_size": 4, "optimizer": {"learning_rate": 1e-3}},
    "single_task": {"epochs": 1, "batch_size": 4},
}


@pytest.fixture(scope="session")
def staged(tiny: RunConfig) -> RunConfig:
    """The tiny configuration with every stage there is."""
    return parse({**tiny.model_dump(mode="json"), **ALL_STAGES})


@pytest.fixture(scope="session")
def brief(two: RunConfig) -> RunConfig:
    """Every stage, with two tasks and one batch of each per epoch of multitask."""
    stages = {**ALL_STAGES, "fine_tune_first": {**ALL_STAGES["fine_tune_first"], "task": "sts"}}
    found = two.model_dump(mode="json")
    return parse({**found, **stages, "multitask": {**found["multitask"], "batch_size": 8}})


@pytest.fixture(scope="session")
def data(staged: RunConfig, corpus: Corpus) -> Prepared:
    return prepare_data(staged, corpus)
