"""The spaces of the reports' tables: every printed row is a configuration, and the one that the report describes.

`tests/assets/report_tables.json` holds what the tables print about each row (facts, no scores) and which rows each
claim compares; a test of its own holds it against the reports' files where those are at hand.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from reports import ALSO, REPORTS, UNPRINTED, WITHOUT_TABLE, needs_reports

import search_spaces
from mtbert.config import RunConfig
from search_spaces.grammar.pinning import pin
from study.resolve import resolve
from study.trainers.bert.configuration import check_space, to_config

ASSET = Path(__file__).resolve().parents[1] / "assets" / "report_tables.json"
FACTS: dict[str, list[dict[str, Any]]] = json.loads(ASSET.read_text(encoding="utf-8"))

SETTINGS = resolve({"backbone": "tiny", "budget": "standard", "epochs": 2}, None)

# Rows by hand, counted on the printed tables.
ROWS = {
    "hurtado_teaw_table1": 5,
    "kumar_single_task": 1 + 3 + 3 + 3 + 4 + 2,  # Tables 2, 3, 4, 5, 6, 8
    "kumar_sts_heads": 4,
    "kumar_multitask": 2,
    "zhang_pooling": 2,
    "zhang_loss_balancing": 3,
    "zhang_curricula": 3,
    "zhang_adapters": 5,
    "thapa_khurana_table1": 24 + 2,
    "sankhe_table4": 8,
}
# What the report calls 10 epochs is one time the budget's here; 5 and 20 in two reports.
EPOCHS_OF_1X = {"hurtado_teaw_table1": 5} | {
    f"zhang_{x}": 20 for x in ("pooling", "loss_balancing", "curricula", "adapters")
}


@functools.cache
def rows_of(name: str) -> dict[str, RunConfig]:
    """The configurations of a space's printed rows."""
    space = search_spaces.load(name)
    return {label: to_config(space, space.complete(row), SETTINGS) for label, row in space.rows.items()}


def row_label(row: Mapping[str, Any]) -> str:
    return ALSO.get((row["table_id"], row["label"]), row["label"])


# How a configuration reads in the words of tables.json: the mapping of TECHNIQUES, "Names in reports", backwards.

HEADS = {"cosine_mlp": "mlp_cosine_relu"}
DEPTHS = {"linear": 1, "dense": 2, "dense2": 3}


def pair_head(task: str) -> Callable[[RunConfig, str], str]:
    def read(config: RunConfig, _: str) -> str:
        name = config.tasks[task].head.name
        return HEADS.get(name, name.removesuffix("_dense"))

    return read


def head_depth(config: RunConfig, _: str) -> int:
    deep = [part.head.name not in DEPTHS and part.head.name.endswith("_dense") for part in config.tasks.values()]
    pairs = [d for d, part in zip(deep, config.tasks.values(), strict=True) if part.head.name not in DEPTHS]
    assert len(set(pairs)) == 1
    return 2 if pairs[0] else 1


def curriculum(config: RunConfig, space: str) -> str:
    apart = not config.encoder.shared or config.multitask.trainable.name == "heads" or len(config.tasks) == 1
    if apart:
        return "single_task"
    sampler = config.multitask.sampler.name
    if space.startswith("zhang"):
        return {"joint": "multitask"}.get(sampler, sampler)
    # Thapa & Khurana's joint loss comes on top of their round robin.
    known = {"sequential": "sequential_per_epoch", "round_robin_longest": "round_robin", "joint": "round_robin"}
    return {**known, "round_robin_shortest": "round_robin"}[sampler]


def joint_loss(config: RunConfig, space: str) -> bool:
    if space == "kumar_multitask":  # "additive" in the text; the order it gives is one task after another
        return config.multitask.balancer.name == "sum"
    return config.multitask.sampler.name == "joint"


def unfrozen_layers(config: RunConfig, _: str) -> str:
    trainable = config.multitask.trainable
    return f"last{trainable.layers}" if trainable.name == "last_k" else {"heads": "none"}.get(trainable.name, "all")


def epochs(config: RunConfig, space: str) -> float:
    return EPOCHS_OF_1X.get(space, 10) * config.multitask.epochs / SETTINGS.epochs


def further_pretraining(config: RunConfig, _: str) -> str:
    corpora = config.mlm.corpora if config.mlm else "none"
    assert config.mlm is None or config.mlm.head == "untied"  # the report's equation 7
    return {"in_domain+tasks": "in_domain+within_task"}.get(corpora, corpora)


def adapter(config: RunConfig, _: str) -> str:
    return "+".join(spec.name.removesuffix("_layer") for spec in config.adapters) or "none"


def smart(config: RunConfig, _: str) -> bool:
    regularizer = config.multitask.regularizer
    return regularizer is not None and regularizer.name == "smart"


def pretrain_qqp(config: RunConfig, _: str) -> bool:
    return config.fine_tune_first is not None and config.fine_tune_first.task == "quora"


READ: dict[str, Callable[[RunConfig, str], Any]] = {
    "adapter": adapter,
    "batch_size": lambda c, _: c.multitask.batch_size,
    "curriculum": curriculum,
    "dropout": lambda c, _: c.head_dropout,
    "epochs": epochs,
    "further_pretraining": further_pretraining,
    "head_depth": head_depth,
    "joint_loss": joint_loss,
    "loss_balancing": lambda c, _: {"squared": "square"}.get(c.multitask.balancer.name, c.multitask.balancer.name),
    "lr": lambda c, _: c.multitask.optimizer.learning_rate,
    "lr_schedule": lambda c, _: c.multitask.optimizer.schedule,
    "model": lambda c, _: "bilstm" if c.backbone == "bilstm" else "bert",
    "multitask_finetune": lambda c, _: c.multitask.trainable.name == "all",
    "optimizer": lambda c, _: c.multitask.optimizer.name,
    "para_head": pair_head("quora"),
    "pooling": lambda c, _: c.pooling.name,
    "pretrain_qqp": pretrain_qqp,
    "qqp_sampled": lambda c, _: c.tasks["quora"].subsample == 8544,
    "simcse_supervised": lambda c, _: c.simcse_supervised is not None,
    "simcse_unsupervised": lambda c, _: c.simcse_unsupervised is not None,
    "single_task_finetune": lambda c, s: c.single_task is not None or curriculum(c, s) == "single_task",
    "smart": smart,
    "sst_head_depth": lambda c, _: DEPTHS[c.tasks["sst"].head.name],
    "sts_head": pair_head("sts"),
    "unfrozen_layers": unfrozen_layers,
}
OF_A_TASK = {"para_head": "quora", "qqp_sampled": "quora", "sst_head_depth": "sst", "sts_head": "sts"}


@pytest.mark.parametrize("name", ROWS)
def test_the_rows_of_a_space_are_those_printed_each_as_the_report_describes_it(name: str) -> None:
    printed = [row for row in FACTS["rows"] if row["space"] == name]
    added = UNPRINTED.get(name, ())
    assert len(rows_of(name)) == ROWS[name] + len(added)
    assert set(rows_of(name)) == {*map(row_label, printed), *added}
    assert search_spaces.load(name).design == "grid"
    for row in printed:
        config = rows_of(name)[row_label(row)]
        stated = {
            factor: value
            for factor, value in row["factors"].items()
            if value is not None and OF_A_TASK.get(factor, next(iter(config.tasks))) in config.tasks
        }
        assert {factor: READ[factor](config, name) for factor in stated} == stated, row["label"]


def test_every_table_of_results_has_a_space() -> None:
    assert {row["space"] for row in FACTS["rows"]} == set(ROWS) <= set(search_spaces.names())


@pytest.mark.parametrize("name", ROWS)
def test_rows_are_different_configurations_but_for_the_base_that_kumar_prints_four_times(name: str) -> None:
    distinct = ROWS[name] + len(UNPRINTED.get(name, ())) - (3 if name == "kumar_single_task" else 0)
    found = {config.digest() for config in rows_of(name).values()}
    assert len(found) == search_spaces.load(name).size() == distinct


def test_the_rows_that_a_claim_compares_are_run_by_its_space() -> None:
    home = {(row["table_id"], row["label"]): row for row in FACTS["rows"]}
    for claim in FACTS["claims"]:
        space = search_spaces.load(claim["space"])
        run = {config.digest() for config in rows_of(space.name).values()}
        run.add(to_config(space, space.baseline(), SETTINGS).digest())
        for table_id, label in claim["better_rows"] + claim["worse_rows"]:
            row = home[table_id, label]
            assert rows_of(row["space"])[row_label(row)].digest() in run, (claim["id"], label)


# What the reports' rows do that no table prints: paths of a configuration -> what stands there, space by space and by
# label; "*" for all rows but those that have a line of their own.
ONE_MODEL_A_TASK = {"encoder.shared": False, "multitask.best_epoch": "each_task"}
ONE_MODEL = {"encoder.shared": True, "multitask.best_epoch": "score"}
HEADS_ALONE = {"multitask.trainable.name": "heads", "encoder.frozen_dropout": True}
FULLY = {"multitask.trainable.name": "all"}
READING: dict[str, dict[str, Any]] = {"heads": {**HEADS_ALONE, "multitask.optimizer.learning_rate": 1e-3}}
READING["all"] = {**FULLY, "multitask.optimizer.learning_rate": 1e-5}
MEANING: dict[str, dict[str, dict[str, Any]]] = {
    "hurtado_teaw_table1": {
        "*": {"simcse_unsupervised": None, "encoder.shared": True},
        "Cosine Similarity + SimCSE": {"simcse_unsupervised.corpus": "wikipedia"},
        "Cosine Similarity + SimCSE + PALs": {"simcse_unsupervised.corpus": "wikipedia"},
    },
    "hurtado_teaw_training": {
        "Sequential": {"multitask.sampler.name": "sequential"},
        "*": {"multitask.sampler.name": "round_robin_longest"},
        "Annealed sampling": {"multitask.sampler.name": "annealed"},
    },
    "hurtado_teaw_tuning": {
        "Fine-tuning last linear layer": {**ONE_MODEL_A_TASK, **READING["heads"]},
        "Fine-tuning full model": {**ONE_MODEL_A_TASK, **READING["all"]},
    },
    "kumar_single_task": {
        "*": {**ONE_MODEL_A_TASK, **FULLY, "encoder.frozen_dropout": False},
        "Fine Tune last 2": {**ONE_MODEL_A_TASK, "multitask.trainable.layers": 2, "encoder.frozen_dropout": True},
        "Fine Tune only last": {**ONE_MODEL_A_TASK, "multitask.trainable.layers": 1, "encoder.frozen_dropout": True},
        "PreTrain": {**ONE_MODEL_A_TASK, **HEADS_ALONE},
    },
    "kumar_multitask": {
        "Additive Loss": {**ONE_MODEL, "multitask.regularizer": None},
        "Additive loss with SMART": {
            **ONE_MODEL,
            "multitask.regularizer.name": "smart",
            "multitask.regularizer.perturbation": "gradient",
            "multitask.regularizer.same_dropout": True,
        },
    },
    "zhang_curricula": {"*": {"encoder.frozen_dropout": False}, "Hybrid Training": {"encoder.frozen_dropout": True}},
    "zhang_adapters": {"*": {**FULLY, "multitask.sampler.name": "hybrid", "encoder.frozen_dropout": True}},
    "thapa_khurana_table1": {
        "*": ONE_MODEL,
        "Baseline (PT)": {**ONE_MODEL_A_TASK, **HEADS_ALONE},
        "Baseline (FT)": {**ONE_MODEL_A_TASK, **FULLY},
    },
    "thapa_khurana_weights": {
        "*": {"multitask.sampler.name": "joint", "multitask.batch_size": 8},
        "Rounds to the end of the smallest task": {"multitask.sampler.name": "round_robin_shortest"},
        "Rounds to the end of the largest task": {"multitask.sampler.name": "round_robin_longest"},
        "Batches of 8, 3 and 3": {"multitask.batch_size": 3, "tasks.quora.batch_size": 8, "tasks.sts.batch_size": None},
        "Layer shared by the pairs": {"shared_pair_layer": True, "multitask.sampler.name": "round_robin_shortest"},
        "STS-B twice": {"multitask.balancer.weights": {"sst": 0.75, "quora": 0.75, "sts": 1.5}},
    },
    "sankhe_table4": {
        "*": {**READING["all"], "multitask.best_epoch": "score"},
        "STFT": {**READING["heads"], "multitask.best_epoch": "each_task"},
        "MTFT, encoder frozen": {**READING["heads"], "multitask.best_epoch": "score"},
    },
}


def stands(config: RunConfig, path: str) -> Any:
    """What a configuration has at a dotted path; None below a part that it has not."""
    part: Any = config.model_dump(mode="json")
    for name in path.split("."):
        part = None if part is None else part[name]
    return part


@pytest.mark.parametrize("name", MEANING)
def test_what_a_row_does_that_no_table_prints(name: str) -> None:
    wanted = MEANING[name]
    assert set(wanted) - {"*"} <= set(rows_of(name))
    for label, config in rows_of(name).items():
        expected = wanted.get(label, wanted.get("*", {}))
        assert {path: stands(config, path) for path in expected} == expected, label


@pytest.mark.parametrize("name", [*ROWS, *WITHOUT_TABLE])
def test_no_row_is_clipped(name: str) -> None:
    assert {stands(config, "multitask.optimizer.clip_norm") for config in rows_of(name).values()} == {None}


def test_runs_of_thapa_and_khurana_use_what_their_report_used() -> None:
    """Each technique in every row that has it; Quora first with the optimizer of the run, as the stage resolves it."""
    rows = rows_of("thapa_khurana_table1")
    first = {label: config for label, config in rows.items() if config.fine_tune_first is not None}
    assert set(first) == {str(number) for number in range(22)}
    for config in first.values():
        assert config.fine_tune_first is not None
        optimizer = config.fine_tune_first.optimizer or config.multitask.optimizer  # as the stage has it
        assert (optimizer.name, optimizer.weight_decay, optimizer.learning_rate) == ("adamw", 0.001, 1e-5)
        assert (config.fine_tune_first.batch_size, config.fine_tune_first.batches) == (8, 1000)
    for config in rows.values():
        part, regularizer = config.simcse_unsupervised, config.multitask.regularizer
        assert part is None or (part.corpus, part.batch_size, part.learning_rate) == ("wikipedia", 64, 3e-5)
        told = None if regularizer is None else regularizer.settings
        assert told is None or (told["perturbation"], told["same_dropout"]) == ("random_noise", False)


def test_quora_first_takes_the_optimizer_of_the_run_in_full_ablation() -> None:
    space = search_spaces.load("full_ablation")
    told = {"fine_tune_first": "quora", "optimizer": "adamw", "optimizer.adamw.weight_decay": "0.001"}
    config = to_config(space, space.complete({**told, "learning_rate": 1e-5}), SETTINGS)
    assert config.fine_tune_first is not None and config.fine_tune_first.optimizer is None
    recipe = {one.name: one for one in space.recipes}["thapa_khurana"]
    assert to_config(space, space.complete(recipe.choices), SETTINGS).multitask.optimizer == config.multitask.optimizer


@pytest.mark.parametrize(
    ("name", "settings", "rows"),
    [
        ("hurtado_teaw_table1", ("epochs=1x", "head_dropout=0.1"), 5),
        ("kumar_multitask", ("head_dropout=0.1", "sts_head=product"), 2),
        ("thapa_khurana_table1", ("sts_head=concat_absdiff",), 26),
        ("thapa_khurana_table1", ("simcse_unsupervised.on.corpus=tasks",), 26),
        ("zhang_adapters", ("trainable=adapters_and_heads", "sampler=joint"), 7),
        ("sankhe_table4", ("fine_tuning.multitask.encoder=frozen",), 9),
        ("kumar_single_task", ("frozen_dropout=off",), 16),
    ],
)
def test_the_other_reading_of_a_table_is_one_setting_away(name: str, settings: tuple[str, ...], rows: int) -> None:
    pinned = pin(search_spaces.load(name), settings)
    assert len(pinned.rows) == rows
    check_space(pinned, SETTINGS)


def test_the_docstring_says_what_is_scaled_down_and_what_was_guessed() -> None:
    for name in (*ROWS, *WITHOUT_TABLE):
        told = " ".join((__import__(f"search_spaces.spaces.{name}", fromlist=["x"]).__doc__ or "").split())
        assert "Scaled down: the backbone" in told and "Guessed" in told, name


@needs_reports
def test_the_facts_shipped_here_are_those_of_the_reports() -> None:
    tables = json.loads((REPORTS / "tables.json").read_text(encoding="utf-8"))
    results = [t for t in tables if t["kind"] in ("results", "in_text_results") and t.get("space")]
    keys = ("table_id", "kind", "space")
    rows = [
        {**{key: table[key] for key in keys}, "label": row["label"], "factors": row["factors"]}
        for table in results
        for row in table["rows"]
    ]
    assert rows == FACTS["rows"]
    assert {t["table_id"] for t in tables if t["kind"] == "results"} <= {row["table_id"] for row in rows}
    claims = json.loads((REPORTS / "claims.json").read_text(encoding="utf-8"))
    compared = [
        {"id": claim["id"], "space": claim["space"]}
        | {key: [[r["table_id"], r["row"]] for r in claim[key]] for key in ("better_rows", "worse_rows")}
        for claim in claims
    ]
    assert compared == FACTS["claims"]
