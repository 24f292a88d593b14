"""From choices to configurations: every level of every space builds and trains."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import torch

import search_spaces
from mtbert.config import RunConfig
from mtbert.data.load import load_corpus
from mtbert.data.tokenize import Prepared
from mtbert.errors import ConfigurationError
from mtbert.run import prepare_data, run
from search_spaces import Factor, Level, Space
from study.configuration import check_space, to_config
from study.settings import resolve

SETTINGS = resolve({"backbone": "tiny", "budget": "smoke", "train_examples": 8}, None)


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    torch.set_num_threads(1)
    config = to_config(search_spaces.load("pooling"), {"pooling": "cls", "learning_rate": 1e-4}, SETTINGS)
    return prepare_data(config, load_corpus("demo", tuple(config.tasks)))


def test_the_settings_are_under_what_the_space_says() -> None:
    space = search_spaces.load("full_ablation")
    config = to_config(space, {**space.baseline(), "batch_size": "32"}, SETTINGS, seed=4)
    assert (config.backbone, config.data.train_examples, config.multitask.epochs) == ("tiny", 8, 1)
    assert (config.multitask.batch_size, config.seed) == (32, 4)


def test_the_baseline_of_full_ablation_is_the_default_configuration() -> None:
    space = search_spaces.load("full_ablation")
    common = {"backbone": "tiny", "data": {"train_examples": 8, "dev_examples": 64}, "multitask": {"epochs": 1}}
    assert to_config(space, space.baseline(), SETTINGS).digest() == RunConfig.model_validate(common).digest()


@pytest.mark.parametrize("name", search_spaces.names())
def test_every_level_of_every_space_is_a_valid_configuration(name: str) -> None:
    check_space(search_spaces.load(name), SETTINGS)


def test_a_level_that_sets_something_unknown_is_told_before_anything_runs(tmp_path: Path) -> None:
    levels = (Level("cls", {"pooling.name": "cls"}), Level("best", {"pooling.name": "bset"}))
    space = Space(name="s", goal="Which?", factors=(Factor("pooling", "scientific", "cls", levels),))
    with pytest.raises(ConfigurationError, match="space s, pooling.name: No pooling named 'bset'"):
        check_space(space, SETTINGS)


@pytest.mark.slow
def test_random_configurations_of_full_ablation_all_train(prepared: Prepared) -> None:
    space, rng = search_spaces.load("full_ablation"), random.Random(1)
    for _ in range(60):
        choices = space.sample(rng)
        outcome = run(to_config(space, choices, SETTINGS), prepared, lambda _: True)
        assert 0 <= outcome.best.dev.score <= 1, choices
