"""Small real things for tests of `mtbert`: a little prepared data and a tiny configuration."""

from __future__ import annotations

import pytest
import torch

from mtbert.config import RunConfig, parse
from mtbert.data.examples import Corpus
from mtbert.data.load import load_corpus
from mtbert.data.tokenize import Prepared
from mtbert.run import prepare_data

TINY = {
    "backbone": "tiny",
    "data": {"train_examples": 8, "dev_examples": 6, "max_tokens": 16},
    "multitask": {"epochs": 2, "batch_size": 4, "optimizer": {"learning_rate": 1e-3}},
}


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def corpus() -> Corpus:
    return load_corpus("demo", ("sst", "quora", "sts"))


@pytest.fixture(scope="session")
def tiny() -> RunConfig:
    return parse(TINY)


@pytest.fixture(scope="session")
def two(tiny: RunConfig) -> RunConfig:
    """The tiny configuration with two of its tasks: single sentences and pairs."""
    data = tiny.model_dump(mode="json")
    del data["tasks"]["quora"]
    return parse(data)


@pytest.fixture(scope="session")
def prepared(tiny: RunConfig, corpus: Corpus) -> Prepared:
    return prepare_data(tiny, corpus)
