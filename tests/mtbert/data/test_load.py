"""The three kinds of `--data`."""

from __future__ import annotations

from pathlib import Path

import pytest

from mtbert.data.load import load_corpus
from mtbert.errors import ConfigurationError, DataError


def test_the_demo_says_that_it_is_made_up() -> None:
    corpus = load_corpus("demo", ("sst", "sts"))
    assert corpus.made_up is True
    assert list(corpus.tasks) == ["sst", "sts"]
    assert len(corpus.fingerprint) == 64


def test_anything_else_is_a_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="course layout"):
        load_corpus(str(tmp_path), ("sst",))


def test_an_unknown_task_gets_the_nearest_name() -> None:
    with pytest.raises(ConfigurationError, match="Did you mean 'quora'"):
        load_corpus("demo", ("quorra",))
