"""From choices to configurations: every level of every space builds and trains."""

from __future__ import annotations

import dataclasses
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
from search_spaces import Factor, Level, Space, SpaceError
from study.configuration import check_space, restricted, to_config
from study.sentences import with_sentences
from study.settings import Settings, resolve

SETTINGS = resolve({"backbone": "tiny", "budget": "smoke", "train_examples": 8}, None)


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    torch.set_num_threads(1)
    config = to_config(search_spaces.load("pooling"), {"pooling": "cls", "learning_rate": 1e-4}, SETTINGS)
    corpus = load_corpus("demo", tuple(config.tasks))
    return prepare_data(config, corpus, with_sentences(search_spaces.load("full_ablation"), SETTINGS, corpus).texts)


def test_the_settings_are_under_what_the_space_says() -> None:
    space = search_spaces.load("full_ablation")
    config = to_config(space, {**space.baseline(), "batch_size": "32"}, SETTINGS, seed=4)
    assert (config.backbone, config.data.train_examples, config.multitask.epochs) == ("tiny", 8, 1)
    assert (config.multitask.batch_size, config.seed) == (32, 4)


def test_the_baseline_of_full_ablation_is_the_default_configuration() -> None:
    space = search_spaces.load("full_ablation")
    common = {"backbone": "tiny", "data": {"train_examples": 8, "dev_examples": 64}, "multitask": {"epochs": 1}}
    assert to_config(space, space.baseline(), SETTINGS).digest() == RunConfig.model_validate(common).digest()


def test_with_a_fixed_pretraining_seed_all_seeds_have_the_studys() -> None:
    space = search_spaces.load("pooling")
    fixed = resolve({"backbone": "tiny", "seed": 5, "fixed_pretraining_seed": True}, None)
    assert [to_config(space, space.baseline(), fixed, seed).pretraining_seed for seed in (1, 2)] == [5, 5]
    assert to_config(space, space.baseline(), SETTINGS, 1).pretraining_seed is None


def _one_factor(*levels: Level) -> Space:
    return Space(name="s", goal="Which?", factors=(Factor("a", "scientific", levels[0].name, levels),))


def test_epochs_are_multiples_of_the_budgets_rounded_and_never_none() -> None:
    paths = {"multitask.epochs": 2.5}, {"multitask.epochs": 0.1}
    space = _one_factor(Level("more", scale=paths[0]), Level("less", scale=paths[1]))
    settings = resolve({"backbone": "tiny", "epochs": 3}, None)
    assert to_config(space, {"a": "more"}, settings).multitask.epochs == 8  # 7.5, to the even one
    assert to_config(space, {"a": "less"}, settings).multitask.epochs == 1


def test_a_level_that_scales_anything_but_epochs_and_sentences_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="data.train_examples: a level scales epochs and sentences of a stage"):
        to_config(_one_factor(Level("one", scale={"data.train_examples": 2})), {"a": "one"}, SETTINGS)


def test_a_task_set_to_null_is_left_out() -> None:
    space = _one_factor(Level("one", {"tasks.sst": None, "tasks.quora": None}))
    assert list(to_config(space, {"a": "one"}, SETTINGS).tasks) == ["sts"]


@pytest.mark.parametrize("name", search_spaces.names())
def test_every_level_of_every_space_is_a_valid_configuration(name: str) -> None:
    check_space(search_spaces.load(name), SETTINGS)


def test_a_level_that_sets_something_unknown_is_told_before_anything_runs(tmp_path: Path) -> None:
    levels = (Level("cls", {"pooling.name": "cls"}), Level("best", {"pooling.name": "bset"}))
    space = Space(name="s", goal="Which?", factors=(Factor("pooling", "scientific", "cls", levels),))
    with pytest.raises(ConfigurationError, match="space s, pooling.name: No pooling named 'bset'"):
        check_space(space, SETTINGS)


def test_the_constraints_of_full_ablation_are_exactly_what_configurations_refuse() -> None:
    space = search_spaces.load("full_ablation")
    free, rng = dataclasses.replace(space, constraints=()), random.Random(2)
    refused = 0
    for _ in range(700):
        choices = free.sample(rng)
        try:
            to_config(free, choices, SETTINGS)
        except ConfigurationError as error:
            refused += 1
            assert all(fault.message for fault in error.faults)
            with pytest.raises(SpaceError, match="cannot go with"):
                space.check(choices)
        else:
            space.check(choices)
        to_config(space, space.nearest(choices), SETTINGS)
    assert 200 <= refused < 700


@pytest.mark.slow
def test_random_configurations_of_full_ablation_all_train(prepared: Prepared) -> None:
    space, rng = search_spaces.load("full_ablation"), random.Random(1)
    for _ in range(60):
        choices = space.sample(rng)
        outcome = run(to_config(space, choices, SETTINGS), prepared, lambda _: True)
        assert 0 <= outcome.best.dev.score <= 1, choices


def of_tasks(*tasks: str, backbone: str = "tiny") -> Settings:
    return resolve({"backbone": backbone, "budget": "smoke", "train_examples": 8, "tasks": tasks}, None)


def test_the_tasks_are_exactly_those_asked_for_each_with_a_plain_head() -> None:
    settings = of_tasks("sts", "cfimdb", "sick")
    space = restricted(search_spaces.load("heads"), settings)
    config = check_space(space, settings)
    assert {name: task.head.name for name, task in config.tasks.items()} == {
        "sts": "concat",
        "cfimdb": "linear",
        "sick": "concat",
    }
    assert [factor.name for factor in space.factors] == ["sts_head", "learning_rate"]


def test_with_the_main_tasks_a_space_stays_as_it_is() -> None:
    space = search_spaces.load("full_ablation")
    assert restricted(space, SETTINGS) == space


def test_an_unknown_task_is_told_with_the_nearest() -> None:
    settings = of_tasks("sst", "qora")
    with pytest.raises(ConfigurationError, match="tasks: No task named 'qora'. Did you mean 'quora'"):
        check_space(restricted(search_spaces.load("pooling"), settings), settings)


def test_a_bilstm_is_not_asked_about_its_attention() -> None:
    settings = of_tasks("sst", "quora", "sts", backbone="bilstm")
    names = {factor.name for factor in restricted(search_spaces.load("full_ablation"), settings).factors}
    assert "attention_dropout" not in names and "hidden_dropout" in names


@pytest.mark.parametrize("tasks", [("sst",), ("quora",), ("sts", "sick"), ("cfimdb", "rotten_tomatoes")])
@pytest.mark.parametrize("backbone", ["tiny", "bilstm"])
def test_full_ablation_can_be_asked_of_any_tasks_and_of_a_bilstm(tasks: tuple[str, ...], backbone: str) -> None:
    settings = of_tasks(*tasks, backbone=backbone)
    config = check_space(restricted(search_spaces.load("full_ablation"), settings), settings)
    assert set(config.tasks) == set(tasks)
