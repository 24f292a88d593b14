"""Settings: flags over an earlier launch over the budget; what may change on resume and what may not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from study.arguments import given, limit_flags, limits, parser
from study.settings import BUDGETS, Settings, SettingsError, default_name, resolve


def test_without_flags_it_is_the_quick_full_ablation_on_demo_data() -> None:
    settings = resolve({}, None)
    assert (settings.space, settings.data, settings.backbone, settings.budget) == (
        "full_ablation",
        "demo",
        "minilm",
        "quick",
    )
    assert settings.name == "full_ablation-demo-minilm"
    assert settings.trials == BUDGETS["quick"].trials


def test_a_single_flag_overrides_the_budget() -> None:
    settings = resolve({"budget": "standard", "epochs": 7}, None)
    assert (settings.epochs, settings.trials) == (7, BUDGETS["standard"].trials)


def test_the_database_gives_back_what_it_was_given() -> None:
    settings = resolve({"pins": ("pooling=mean",), "phases": ("search", "report")}, None)
    assert Settings.from_json(settings.as_json()) == settings


def test_a_resumed_study_keeps_its_settings() -> None:
    stored = resolve({"name": "a", "space": "pooling", "epochs": 4}, None)
    assert resolve({"name": "a"}, stored) == stored


def test_a_resumed_study_may_get_more_trials_and_seeds() -> None:
    stored = resolve({"name": "a"}, None)
    assert resolve({"name": "a", "trials": 99, "seeds": 9}, stored).trials == 99


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("space", "heads"),
        ("data", "x"),
        ("epochs", 9),
        ("seed", 1),
        ("precision", "bfloat16"),
        ("compiled", True),
        ("layers", 3),
        ("learning_rate_times", 10.0),
        ("pins", ("pooling=max",)),
        ("tasks", ("sst",)),
    ],
)
def test_what_gives_runs_their_meaning_cannot_change(key: str, value: object) -> None:
    stored = resolve({"name": "a"}, None)
    with pytest.raises(SettingsError, match=f"{key} is .* there, .* here"):
        resolve({"name": "a", key: value}, stored)


def test_another_budget_on_a_resumed_study_adds_runs_and_keeps_their_meaning() -> None:
    stored = resolve({"name": "a", "budget": "smoke"}, None)
    more = resolve({"name": "a", "budget": "standard"}, stored)
    assert (more.trials, more.epochs) == (BUDGETS["standard"].trials, BUDGETS["smoke"].epochs)


@pytest.mark.parametrize("name", ["../x", "a/b", ".hidden", "a b", "x" * 101])
def test_a_name_cannot_leave_its_folder(name: str) -> None:
    with pytest.raises(SettingsError, match="A study's name has letters"):
        resolve({"name": name}, None)


@pytest.mark.parametrize("key", ["trials", "seeds", "epochs", "train_examples"])
def test_counts_below_one_are_refused(key: str) -> None:
    with pytest.raises(SettingsError, match="must be at least 1, got 0"):
        resolve({key: 0}, None)


@pytest.mark.parametrize("seed", [-1, 2**62 + 1, 2**63])
def test_a_seed_that_no_database_could_keep_is_refused(seed: int) -> None:
    assert resolve({"seed": 2**62}, None).seed == 2**62
    with pytest.raises(SettingsError, match=rf"--seed must be at least 0 and at most 2\*\*62 .*, got {seed}\."):
        resolve({"seed": seed}, None)


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ([], []),
        (["--retries", "2", "--timeout", "60"], []),  # what holds without a flag; and of this launch alone
        (["--retries", "0", "--run-timeout", "90"], ["--run-timeout", "90.0", "--retries", "0"]),
        (["--memory-per-run", "1.5"], ["--memory-per-run", "1.5"]),
    ],
)
def test_limits_are_told_as_flags(flags: list[str], told: list[str]) -> None:
    options = parser().parse_args(flags)
    assert limit_flags(options) == told
    assert limits(parser().parse_args([*told, "--timeout", "1"])) == replace(limits(options), study_seconds=1.0)


def test_an_unknown_phase_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SettingsError, match="No phase named 'serch'. Phases: search, confirm"):
        resolve({"phases": ("serch",)}, None)


@pytest.mark.parametrize(
    ("space", "data", "backbone", "expected"),
    [
        ("pooling", "demo", "minilm", "pooling-demo-minilm"),
        ("my/space.py", "/home/me/cs224n", "models/bert/", "space-cs224n-bert"),
        ("pooling", "../shared/data", "minilm", "pooling-shared_data-minilm"),
        ("pooling", "demo", "org/model-x", "pooling-demo-model_x"),
    ],
)
def test_the_default_name_is_made_from_space_data_and_backbone(
    space: str, data: str, backbone: str, expected: str
) -> None:
    assert default_name({"space": space, "data": data, "backbone": backbone}) == expected


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ([], "full_ablation-demo-minilm"),
        (["--tasks", "sts,quora,sst"], "full_ablation-demo-minilm"),
        (["--tasks", "sts,quora"], "full_ablation-demo-minilm-quora_sts"),
        (["--tasks", "sst,sts,quora,sick"], "full_ablation-demo-minilm-sst_quora_sts_sick"),
        (["--tasks", "sst", "--name", "mine"], "mine"),
    ],
)
def test_a_study_of_other_tasks_has_them_in_its_default_name(flags: list[str], expected: str) -> None:
    assert resolve(given(parser().parse_args(flags)), None).name == expected


def test_settings_stored_before_there_was_a_choice_have_the_main_tasks() -> None:
    stored = resolve({}, None).as_json()
    del stored["tasks"]
    assert Settings.from_json(stored).tasks == ("sst", "quora", "sts")


@pytest.mark.parametrize(("text", "tasks"), [("sick, sts,sst", ("sst", "sts", "sick")), ("quora", ("quora",))])
def test_tasks_stand_in_their_usual_order(text: str, tasks: tuple[str, ...]) -> None:
    assert resolve(given(parser().parse_args(["--tasks", text])), None).tasks == tasks


@pytest.mark.parametrize("text", ["", "sst,sts,sst"])
def test_each_task_is_taken_once(text: str) -> None:
    with pytest.raises(SettingsError, match="--tasks takes each task once"):
        resolve(given(parser().parse_args(["--tasks", text])), None)


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_a_store_without_room_is_refused_with_the_way_out(value: float) -> None:
    with pytest.raises(SettingsError, match="--store-gb must be above 0, got .*--no-share"):
        resolve({"store_gb": value}, None)


def test_a_study_cannot_have_the_name_of_the_store() -> None:
    with pytest.raises(SettingsError, match="that of the stage store"):
        resolve({"name": "store"}, None)


def test_sharing_can_be_turned_off_and_on_again() -> None:
    def asked(*arguments: str) -> dict[str, object]:
        return given(parser().parse_args(arguments))

    off = resolve(asked("--name", "a", "--no-share", "--store-gb", "0.5"), None)
    assert (resolve({}, None).share, off.share, off.store_gb) == (True, False, 0.5)
    assert not resolve(asked("--name", "a"), off).share
    assert resolve(asked("--name", "a", "--share"), off).share


def test_a_fixed_pretraining_seed_cannot_come_or_go_on_resuming() -> None:
    stored = resolve({"name": "a"}, None)
    with pytest.raises(SettingsError, match="fixed_pretraining_seed is False there, True here"):
        resolve(given(parser().parse_args(["--name", "a", "--fixed-pretraining-seed"])), stored)


def test_a_study_that_begins_with_runs_of_another_has_its_settings_below_its_flags() -> None:
    old = resolve({"space": "pooling", "budget": "standard", "seed": 3, "name": "old"}, None)
    two = ("score", "train_seconds")
    given = {"name": "new", "import_from": "old", "space": "heads", "trials": 7, "objectives": two}
    found = resolve(given, None, old)
    assert (found.name, found.import_from, found.space, found.trials) == ("new", "old", "heads", 7)
    assert (found.seed, found.epochs, found.seeds) == (3, 3, 5) and found.objectives == two
    assert resolve({**given, "budget": "full"}, None, old).epochs == 3  # runs of other epochs mean something else
    assert resolve(given, found) == found  # launched again
    with pytest.raises(SettingsError, match="data is 'demo' there, 'hub' here"):
        resolve({**given, "data": "hub"}, None, old)
    with pytest.raises(SettingsError, match="import_from is 'old' there, 'other' here"):
        resolve({**given, "import_from": "other"}, found)


def test_as_many_seeds_at_most_as_at_first_is_no_further_seed() -> None:
    assert resolve({"name": "a", "seeds": 3, "max_seeds": 3}, None) == resolve({"name": "a", "seeds": 3}, None)
    assert resolve({"name": "a", "seeds": 3, "max_seeds": 5}, None).max_seeds == 5
    with pytest.raises(SettingsError, match="--max-seeds must be at least --seeds, which is 3, got 2"):
        resolve({"seeds": 3, "max_seeds": 2}, None)


def test_the_numbers_of_seeds_stay_once_a_study_has_looks() -> None:
    plain = resolve({"name": "a", "seeds": 3}, None)
    looking = resolve({"name": "a", "max_seeds": 6}, plain)
    assert (looking.seeds, looking.max_seeds) == (3, 6)
    assert resolve({"name": "a", "seeds": 3, "max_seeds": 6}, looking) == looking
    for changed in ({"max_seeds": 8}, {"seeds": 5}, {"max_seeds": 3}, {"budget": "standard"}):
        with pytest.raises(SettingsError, match="fixed before the first look"):
            resolve({"name": "a", **changed}, looking)
