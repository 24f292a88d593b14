"""RunConfig: equal configurations have equal digests, and faults are told all at once."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cases import for_each
from pydantic import ValidationError

from mtbert.config import RunConfig, parse, read
from mtbert.config.rules import nothing_to_train
from mtbert.errors import ConfigurationError

SOME = {"pooling": "mean", "tasks": {"sts": {"head": "cosine"}, "sst": {"head": "dense"}}, "head_dropout": 0.3}


def test_json_round_trip_gives_an_equal_configuration() -> None:
    config = parse(SOME)
    again = RunConfig.model_validate(json.loads(json.dumps(config.model_dump(mode="json"))))
    assert again == config and again.digest() == config.digest()


def test_the_order_of_writing_does_not_matter() -> None:
    other = {"head_dropout": 0.3, "tasks": {"sst": {"head": {"name": "dense"}}, "sts": {"head": {"name": "cosine"}}}}
    assert parse({**other, "pooling": {"name": "mean"}}).digest() == parse(SOME).digest()


def test_settings_given_at_their_default_do_not_change_the_digest() -> None:
    given = {"multitask": {"sampler": {"name": "sequential", "order": []}}}
    assert parse(given).digest() == parse({"multitask": {"sampler": "sequential"}}).digest()


def test_the_seed_is_not_in_the_digest() -> None:
    assert parse({"seed": 7}).digest() == parse({}).digest()
    assert parse({"seed": 7}) != parse({})


@for_each(
    "change",
    [
        {"backbone": "tiny"},
        {"encoder": {"layers": 2}},
        {"pooling": "max"},
        {"tasks": {"sst": {"head": "linear"}}},
        {"data": {"train_examples": 10}},
        {"multitask": {"epochs": 4}},
        {"multitask": {"sampler": {"name": "sequential", "order": ["sts"]}}},
        {"multitask": {"optimizer": {"learning_rate": 1e-5}}},
    ],
)
def test_every_part_is_in_the_digest(change: dict[str, Any]) -> None:
    assert parse(change).digest() != parse({}).digest()


def test_digests_are_those_of_the_first_release() -> None:
    # So they are the same in every process too: each hashes strings with a seed of its own.
    assert parse({}).digest() == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    multitask = {
        "epochs": 5,
        "sampler": {"name": "sequential", "order": ["sts"]},
        "trainable": {"name": "last_k", "layers": 2},
        "optimizer": {"name": "adamw", "weight_decay": 0.01},
    }
    told = parse({**SOME, "multitask": multitask}).digest()
    assert told == "c4bbb10f9e06d143b7ab68729e0f3ce8ea8611893f013bd766b115ada32bcc42"


def test_configurations_are_frozen() -> None:
    with pytest.raises(ValidationError):
        parse({}).seed = 3  # type: ignore[misc]


def test_all_faults_are_told_at_once_with_path_and_way_out() -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(
            {
                "poling": "mean",
                "pooling": "men",
                "multitask": {
                    "sampler": "sequental",
                    "optimizer": {"learning_rate": -1},
                    "trainable": {"name": "last_k"},
                },
                "tasks": {"sst": {"head": {"name": "linear", "depth": 2}}},
            }
        )
    told = str(caught.value).splitlines()
    assert len(told) == 6
    assert "poling: No field named 'poling'. Did you mean 'pooling'?" in told[-1]
    assert any(line.startswith("pooling.name: No pooling named 'men'. Did you mean 'mean'?") for line in told)
    assert any(line.startswith("multitask.sampler.name: No sampler named 'sequental'") for line in told)
    assert any("multitask.optimizer.learning_rate: Input should be greater than 0, got -1" in line for line in told)
    assert any("multitask.trainable: last_k needs layers" in line for line in told)
    assert any("tasks.sst.head.depth: No setting of head linear named 'depth'" in line for line in told)


EVERY_LAW_BROKEN: dict[str, Any] = {
    "backbone": "bilstm",
    "encoder": {"attention_dropout": 0.2, "shared": False},
    "adapters": ["lora", "pal"],
    "pooling": "attention",
    "tasks": {"sst": {"head": "cosine"}, "sts": {"head": "dense"}, "qora": {"head": "concat"}},
    "fine_tune_first": {"task": "quora"},
    "multitask": {"sampler": "hybrid", "balancer": "gradnorm", "surgery": "pcgrad", "trainable": {"name": "heads"}},
}


def told(configuration: dict[str, Any]) -> dict[str, list[str]]:
    """Path -> what is told there."""
    with pytest.raises(ConfigurationError) as caught:
        parse(configuration)
    found: dict[str, list[str]] = {}
    for fault in caught.value.faults:
        found.setdefault(fault.path, []).append(fault.message)
    return found


def test_all_faults_between_parts_are_told_at_once_each_at_its_path() -> None:
    faults = told(EVERY_LAW_BROKEN)
    assert {path: len(messages) for path, messages in faults.items()} == {
        "tasks.sst.head": 1,
        "tasks.sts.head": 1,
        "tasks.qora": 1,
        "adapters": 2,  # on a BiLSTM, and never trained
        "encoder.attention_dropout": 1,
        "pooling": 1,
        "fine_tune_first.task": 1,
        "fine_tune_first": 1,
        "multitask.balancer": 1,
        "multitask.surgery": 1,
        "multitask.sampler": 1,
    }
    ways_out = ("leave", "use ", "Did you mean", "must be one of")
    assert all(any(way in message for way in ways_out) for messages in faults.values() for message in messages)
    assert "encoder.shared=false leaves none and trainable=heads trains no shared" in faults["multitask.sampler"][0]


def test_mending_all_that_is_told_leaves_nothing_to_tell() -> None:
    mended = EVERY_LAW_BROKEN | {
        "encoder": {"shared": False},
        "adapters": [],
        "pooling": "mean",
        "tasks": {"sst": {"head": "linear"}, "sts": {"head": "cosine"}},
        "fine_tune_first": None,
        "multitask": {"sampler": "joint"},
    }
    assert parse(mended).encoder.shared is False


def test_faults_between_parts_come_with_the_faults_of_single_parts() -> None:
    faults = told(
        {
            "poling": "mean",
            "encoder": {"shared": False, "hidden_dropout": 2},
            "multitask": {"epochs": 0, "surgery": "pcgrad"},
            "tasks": {"sst": {"head": "linear", "batch_size": 0}, "qora": {"head": "concat"}},
            "fine_tune_first": {"task": "quora", "optimizer": {"learning_rate": -1}},
        }
    )
    assert set(faults) == {
        "poling",
        "encoder.hidden_dropout",
        "multitask.epochs",
        "multitask.surgery",
        "tasks.sst.batch_size",
        "tasks.qora",
        "fine_tune_first.optimizer.learning_rate",
        "fine_tune_first",
    }
    assert len(faults["multitask.surgery"]) == 2  # one task a step, and nothing shared


def test_nothing_is_said_of_what_a_fault_leaves_unknown() -> None:
    # Whether adapters are trained, and whether pcgrad gets what it needs, nobody can say here.
    assert set(told({"adapters": ["pall"], "multitask": {"trainable": {"name": "adapters_and_heads"}}})) == {
        "adapters.0.name"
    }
    assert set(told({"multitask": {"sampler": "jiont", "surgery": "pcgrad"}})) == {"multitask.sampler.name"}


@for_each("value", [None, 3, [], "minilm", {1: 2}, {"pooling": {"name": "men"}, "tasks": 3}])
def test_whatever_is_given_is_refused_in_words(value: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(value)
    assert caught.value.faults and all(fault.message for fault in caught.value.faults)


def test_one_task_first_needs_an_encoder_that_hands_on_what_it_learned() -> None:
    assert parse({"fine_tune_first": {}}).fine_tune_first
    with pytest.raises(
        ConfigurationError, match="fine_tune_first: the other tasks benefit from quora only through a shared encoder"
    ):
        parse({"fine_tune_first": {}, "encoder": {"shared": False}})


def test_validation_itself_raises_pydantics_error() -> None:
    with pytest.raises(ValidationError, match="Did you mean 'pooling'"):
        RunConfig.model_validate({"poling": "mean"})


@for_each(
    ("configuration", "told"),
    [
        (
            {"tasks": {"sst": {"head": "cosine"}}},
            "tasks.sst.head: cosine reads a pair, sst provides a sentence; use one of dense",
        ),
        ({"tasks": {"qora": {"head": "concat"}}}, "No task named 'qora'. Did you mean 'quora'"),
        ({"tasks": {}}, "at least one task"),
        (
            {"multitask": {"optimizer": {"name": "adam", "weight_decay": 0.1}}},
            "adam has no weight_decay, got 0.1; use adamw",
        ),
    ],
)
def test_what_no_run_can_have_is_refused_with_the_way_out(configuration: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(told)):
        parse(configuration)


@for_each(
    ("multitask", "told"),
    [
        (
            {"balancer": "gradnorm", "sampler": "sequential"},
            "multitask.balancer: gradnorm needs the losses of all tasks in a step, sampler sequential has one; "
            "use the sampler hybrid or joint",
        ),
        ({"surgery": "pcgrad", "sampler": "annealed"}, "multitask.surgery: pcgrad needs the gradients of all tasks"),
        (
            {"sampler": "hybrid", "trainable": {"name": "heads"}},
            "multitask.sampler: hybrid trains the shared parameters every other epoch, and trainable=heads trains no "
            "shared parameter of the encoder; use trainable all or last_k, or leave it out",
        ),
        (
            {"sampler": "joint", "surgery": "pcgrad", "trainable": {"name": "heads"}},
            "multitask.surgery: pcgrad operates on the tasks' gradients of shared parameters",
        ),
        (
            {"sampler": "joint", "balancer": "gradnorm", "trainable": {"name": "heads"}},
            "multitask.balancer: gradnorm compares the tasks' gradients of shared parameters",
        ),
        (
            {"balancer": {"name": "fixed", "weights": {"stss": 2.0}}},
            "multitask.balancer.weights: No task named 'stss'. Did you mean 'sts'",
        ),
        ({"balancer": {"name": "fixed", "weights": {"sts": -1.0}}}, "greater than or equal to 0"),
        (
            {"sampler": {"name": "sequential", "order": ["stss", "sst"]}},
            "multitask.sampler.order: No task named 'stss'. Did you mean 'sts'",
        ),
        (
            {"sampler": {"name": "sequential", "order": ["sts", "sst", "sts"]}},
            "multitask.sampler.order: each task may be named once, got sts, sst, sts; leave out one sts",
        ),
        (
            {"sampler": {"name": "uniform", "steps": 0}},
            "multitask.sampler.steps: Input should be greater than 0, got 0",
        ),
        ({"accumulation": 0}, "multitask.accumulation: Input should be greater than or equal to 1, got 0"),
    ],
)
def test_what_cannot_go_together_is_refused_with_the_reason(multitask: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(told)):
        parse({"multitask": multitask})


@for_each("technique", [{"sampler": "hybrid"}, {"sampler": "joint", "surgery": "pcgrad"}])
def test_what_deals_with_shared_parameters_needs_a_shared_encoder(technique: dict[str, Any]) -> None:
    assert parse({"multitask": technique})
    with pytest.raises(ConfigurationError, match="encoder.shared=false leaves none"):
        parse({"encoder": {"shared": False}, "multitask": technique})


def test_a_balancer_that_needs_one_loss_goes_with_every_sampler() -> None:
    balancers = ("sum", "fixed", "squared", "dwa", "uncertainty", "score_adaptive", "learned")
    for balancer in balancers:
        assert parse({"multitask": {"balancer": balancer, "sampler": "sequential"}}).multitask.balancer.name == balancer


@for_each("subsample", [0, -3, 1.0, 8.5, True, "most"])
def test_a_subsample_that_is_none_is_refused_in_one_message(subsample: Any) -> None:
    faults = told({"tasks": {"sst": {"head": "linear", "subsample": subsample}}})
    assert list(faults) == ["tasks.sst.subsample"]
    assert "a share of them (between 0 and 1) or 'smallest', got " in faults["tasks.sst.subsample"][0]


@for_each("subsample", [1, 8544, 0.25, "smallest", None])
def test_a_subsample_is_kept_as_it_was_given(subsample: Any) -> None:
    config = parse({"tasks": {"sst": {"head": "linear", "subsample": subsample}}})
    again = parse(json.loads(json.dumps(config.model_dump(mode="json"))))
    assert again == config and again.tasks["sst"].subsample == subsample


def test_a_file_that_is_not_json_is_named(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text("{", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"c\.json: not a JSON file"):
        read(tmp_path / "c.json")


def test_importing_the_configuration_needs_no_torch() -> None:
    code = "import mtbert, mtbert.config, sys; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_dropout_on_the_attention_of_a_bilstm_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"encoder.attention_dropout: a BiLSTM has no attention, got 0\.2"):
        parse({"backbone": "bilstm", "encoder": {"attention_dropout": 0.2}})
    assert parse({"backbone": "bilstm", "encoder": {"hidden_dropout": 0.5}}).encoder.hidden_dropout == 0.5


def test_the_order_of_a_sampler_may_name_a_task_that_the_run_has_not() -> None:
    tasks = {"sst": {"head": "linear"}}
    assert parse({"tasks": tasks, "multitask": {"sampler": {"name": "sequential", "order": ["sts", "sst"]}}})


@for_each("backbone", ["tiny", "bilstm"])
def test_a_backbone_whose_layers_are_known_has_no_more(backbone: str) -> None:
    assert parse({"backbone": backbone, "encoder": {"layers": 2}}).encoder.layers == 2
    faults = told({"backbone": backbone, "encoder": {"layers": 3}})
    assert faults == {
        "encoder.layers": [f"backbone {backbone} has 2 layers, got 3; use at most 2, or leave it out for all"]
    }
    assert parse({"backbone": "minilm", "encoder": {"layers": 3}}).encoder.layers == 3


@for_each(
    ("parts", "most"),
    [
        ({"backbone": "tiny"}, 2),
        ({"backbone": "bilstm"}, 2),
        ({"backbone": "bilstm", "encoder": {"layers": 1}}, 1),
        ({"backbone": "minilm", "encoder": {"layers": 4}}, 4),
    ],
)
def test_no_more_layers_are_trained_than_there_are(parts: dict[str, Any], most: int) -> None:
    def last(layers: int) -> dict[str, Any]:
        return {**parts, "multitask": {"trainable": {"name": "last_k", "layers": layers}}}

    assert parse(last(most)).multitask.trainable.layers == most
    assert told(last(most + 1)) == {
        "multitask.trainable.layers": [
            f"last_k trains the last layers of the encoder, which has {most}, got {most + 1}; use at most {most}, or "
            "trainable all"
        ]
    }


def test_both_numbers_of_layers_are_told_at_once() -> None:
    deep = {"backbone": "tiny", "encoder": {"layers": 4}, "multitask": {"trainable": {"name": "last_k", "layers": 3}}}
    assert set(told(deep)) == {"encoder.layers", "multitask.trainable.layers"}


HEADS_ALONE = {"trainable": {"name": "heads"}}


def test_heads_alone_without_a_parameter_have_nothing_to_train() -> None:
    fault = nothing_to_train(parse({"multitask": HEADS_ALONE, "tasks": {"sts": {"head": "cosine"}}}))
    assert fault is not None and fault.path == "multitask.trainable"
    assert "neither cosine nor cls has a parameter; use trainable all or last_k, or another head" in fault.message


@for_each(
    "parts",
    [
        {"tasks": {"sts": {"head": "cosine"}}},
        {"multitask": HEADS_ALONE, "tasks": {"sts": {"head": "cosine"}, "sst": {"head": "linear"}}},
        {"multitask": HEADS_ALONE, "tasks": {"quora": {"head": "cosine"}}},  # a logit, which it scales and shifts
        {"multitask": HEADS_ALONE, "tasks": {"sts": {"head": "cosine_mlp"}}},
        {"multitask": HEADS_ALONE, "tasks": {"sts": {"head": "cosine"}}, "pooling": "attention"},
        {"multitask": HEADS_ALONE, "tasks": {"sts": {"head": "cosine"}}, "pooling": "cls_pooler"},
    ],
)
def test_where_anything_has_a_parameter_there_is_something_to_train(parts: dict[str, Any]) -> None:
    assert nothing_to_train(parse(parts)) is None


INFINITE = float("inf")


@for_each("number", [INFINITE, float("nan")])
@for_each(
    ("path", "make"),
    [
        ("multitask.optimizer.clip_norm", lambda x: {"multitask": {"optimizer": {"clip_norm": x}}}),
        ("multitask.optimizer.learning_rate", lambda x: {"multitask": {"optimizer": {"learning_rate": x}}}),
        ("simcse_unsupervised.temperature", lambda x: {"simcse_unsupervised": {"temperature": x}}),
        ("simcse_supervised.temperature", lambda x: {"simcse_supervised": {"temperature": x}}),
        ("simcse_supervised.alpha", lambda x: {"simcse_supervised": {"alpha": x}}),
        ("multitask.balancer.alpha", lambda x: {"multitask": {"balancer": {"name": "gradnorm", "alpha": x}}}),
        ("multitask.balancer.temperature", lambda x: {"multitask": {"balancer": {"name": "dwa", "temperature": x}}}),
        ("multitask.balancer.weights", lambda x: {"multitask": {"balancer": {"name": "fixed", "weights": {"sst": x}}}}),
        ("adapters.0.alpha", lambda x: {"adapters": [{"name": "lora", "alpha": x}]}),
        *(
            (
                f"multitask.regularizer.{name}",
                lambda x, name=name: {"multitask": {"regularizer": {"name": "smart", name: x}}},
            )
            for name in ("radius", "weight", "step", "momentum")
        ),
    ],
)
def test_a_number_that_is_not_finite_is_refused(path: str, make: Callable[[float], Any], number: float) -> None:
    faults = told(make(number))
    assert list(faults) == [path] and faults[path] == [f"Input should be a finite number, got {show(number, path)}"]


def show(number: float, path: str) -> str:
    return repr({"sst": number}) if path.endswith("weights") else repr(number)
