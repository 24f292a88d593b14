"""Settings: flags over an earlier launch over the budget; what may change on resume and what may not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from study.arguments import Options, given, help_all, parse
from study.flags import declared
from study.resolve import default_name, resolve
from study.settings import BUDGETS, Settings, SettingsError


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


def test_what_gives_runs_their_meaning_cannot_change() -> None:
    stored = resolve({"name": "a"}, None)
    changes: dict[str, object] = {"space": "heads", "data": "x", "epochs": 9, "seed": 1, "precision": "bfloat16"}
    changes |= {"compiled": True, "layers": 3, "learning_rate_times": 10.0, "pins": ("pooling=max",), "tasks": ("sst",)}
    for key, value in changes.items():
        with pytest.raises(SettingsError, match=r"--[a-z-]+ was .*, now .*\."):
            resolve({"name": "a", key: value}, stored)


def test_another_budget_on_a_resumed_study_adds_runs_and_keeps_their_meaning() -> None:
    stored = resolve({"name": "a", "budget": "smoke"}, None)
    more = resolve({"name": "a", "budget": "standard"}, stored)
    assert (more.trials, more.epochs) == (BUDGETS["standard"].trials, BUDGETS["smoke"].epochs)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        *(({"name": name}, "A study's name has letters") for name in ("../x", "a/b", ".hidden", "a b", "x" * 101)),
        ({"name": "store"}, "the folder of the stage store"),
        *(({key: 0}, "must be at least 1, got 0") for key in ("trials", "seeds", "epochs", "train_examples")),
        *(({"seed": n}, rf"must be at least 0 and at most {2**62}, got {n}\.") for n in (-1, 2**62 + 1, 2**63)),
        ({"phases": ("serch",)}, "No phase named 'serch'. Phases: search, confirm"),
        *(({"store_gb": gb}, "must be above 0, got .*--no-share") for gb in (0.0, -1.0, float("nan"), float("inf"))),
        *(({"tasks": tasks}, "--tasks takes each task once") for tasks in ((), ("sst", "sts", "sst"))),
    ],
)
def test_what_cannot_be_is_refused(changed: dict[str, object], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        resolve(changed, None)


def test_the_greatest_seed_is_one_that_every_database_can_keep() -> None:
    assert resolve({"seed": 2**62}, None).seed == 2**62


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
    options = parse(flags)
    assert options.repeated() == told
    assert parse([*told, "--timeout", "1"]).limits() == replace(options.limits(), study_seconds=1.0)


@pytest.mark.parametrize(
    ("space", "data", "backbone", "expected"),
    [
        ("pooling", "demo", "minilm", "pooling-demo-minilm"),
        ("my/space.py", "/home/me/cs224n", "models/bert/", "space-cs224n-bert"),
        ("pooling", "../shared/data", "minilm", "pooling-shared_data-minilm"),
        ("pooling", "demo", "org/model-x", "pooling-demo-model_x"),
    ],
)
def test_the_default_name_is_of_space_data_and_backbone(space: str, data: str, backbone: str, expected: str) -> None:
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
    assert resolve(given(parse(flags)), None).name == expected


def test_settings_stored_before_there_was_a_choice_have_the_main_tasks() -> None:
    stored = resolve({}, None).as_json()
    del stored["tasks"]
    assert Settings.from_json(stored).tasks == ("sst", "quora", "sts")


@pytest.mark.parametrize(("text", "tasks"), [("sick, sts,sst", ("sst", "sts", "sick")), ("quora", ("quora",))])
def test_tasks_stand_in_their_usual_order(text: str, tasks: tuple[str, ...]) -> None:
    assert resolve(given(parse(["--tasks", text])), None).tasks == tasks


def test_sharing_can_be_turned_off_and_on_again() -> None:
    def asked(*arguments: str) -> dict[str, object]:
        return given(parse(arguments))

    off = resolve(asked("--name", "a", "--no-share", "--store-gb", "0.5"), None)
    assert (resolve({}, None).share, off.share, off.store_gb) == (True, False, 0.5)
    assert not resolve(asked("--name", "a"), off).share
    assert resolve(asked("--name", "a", "--share"), off).share


def test_a_fixed_pretraining_seed_cannot_come_or_go_on_resuming() -> None:
    stored = resolve({"name": "a"}, None)
    with pytest.raises(SettingsError, match="--fixed-pretraining-seed was False, now True"):
        resolve(given(parse(["--name", "a", "--fixed-pretraining-seed"])), stored)


def test_a_study_that_begins_with_runs_of_another_has_its_settings_below_its_flags() -> None:
    old = resolve({"space": "pooling", "budget": "standard", "seed": 3, "name": "old"}, None)
    two = ("score", "train_seconds")
    given = {"name": "new", "import_from": "old", "space": "heads", "trials": 7, "objectives": two}
    found = resolve(given, None, old)
    assert (found.name, found.import_from, found.space, found.trials) == ("new", "old", "heads", 7)
    assert (found.seed, found.epochs, found.seeds) == (3, 3, 5) and found.objectives == two
    assert resolve({**given, "budget": "full"}, None, old).epochs == 3  # runs of other epochs mean something else
    assert resolve(given, found) == found  # launched again
    with pytest.raises(SettingsError, match="--data was 'demo', now 'hub'"):
        resolve({**given, "data": "hub"}, None, old)
    with pytest.raises(SettingsError, match="--import-from was 'old', now 'other'"):
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
        with pytest.raises(SettingsError, match="valid only if these numbers never change"):
            resolve({"name": "a", **changed}, looking)


def test_the_short_help_has_twelve_flags_and_the_long_one_all(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--help"])
    short, every = capsys.readouterr().out, declared(Settings, Options)
    assert [one.option for one in every if f"  {one.option} " in short] == [o.option for o in every if o.flag.public]
    assert sum(one.flag.public for one in every) == 12
    with pytest.raises(SystemExit):
        parse(["--help-all"])
    told = capsys.readouterr().out
    assert told == help_all() and all(f"  {one.option}" in told for one in every)


def test_all_faults_of_the_settings_are_told_at_once() -> None:
    with pytest.raises(SettingsError) as refused:
        resolve({"trials": 0, "seed": -1, "designs": ("pairs", "pairs")}, None)
    assert str(refused.value).splitlines() == [
        f"--seed must be at least 0 and at most {2**62}, got -1.",
        "--trials must be at least 1, got 0.",
        "--designs takes each design once, and at least one design, got 'pairs,pairs'.",
    ]


def test_a_launch_repeats_what_the_database_does_not_keep_without_passwords() -> None:
    options = parse(["--engine", "ray", "--track", "mlflow:http://u:hunter2@h", "--trials", "3", "--open"])
    assert options.repeated() == ["--engine", "ray", "--track", "mlflow:http://u:***@h"]


def test_a_rehearsal_has_no_other_trainer() -> None:
    with pytest.raises(SettingsError, match="cannot be given with --trainer"):
        given(parse(["--rehearse", "--trainer", "a:b"]))
