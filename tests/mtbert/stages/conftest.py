"""A tiny model with data that has sentences and triplets beside the splits."""

from __future__ import annotations

from typing import Any

import pytest
import torch

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


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def staged(tiny: RunConfig) -> RunConfig:
    """The tiny configuration with every stage there is."""
    return parse({**tiny.model_dump(mode="json"), **ALL_STAGES})


@pytest.fixture(scope="session")
def data(staged: RunConfig, corpus: Corpus) -> Prepared:
    return prepare_data(staged, corpus)
