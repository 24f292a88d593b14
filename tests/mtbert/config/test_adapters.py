"""Adapters in a configuration: a sum of them, in any writing; what cannot go together is refused with the reason."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cases import for_each

from mtbert.config import RunConfig, parse
from mtbert.errors import ConfigurationError

SUM = {"adapters": [{"name": "low_rank", "width": 64}, {"name": "top_layer"}]}


def test_none_is_what_configurations_had_before_there_were_any() -> None:
    assert parse({"adapters": []}).digest() == parse({}).digest()
    assert parse({}).digest() == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


@for_each(
    "same",
    [
        {"adapters": [{"name": "top_layer"}, {"name": "low_rank", "width": 64}]},  # another order
        {"adapters": ["top_layer", {"name": "low_rank", "width": 64, "gelu": False}]},  # defaults told
        {"adapters": {"top_layer": {}, "low_rank": {"width": 64}}},  # by name
    ],
)
def test_one_sum_has_one_digest_however_it_is_written(same: dict[str, Any]) -> None:
    assert parse(same) == parse(SUM) and parse(same).digest() == parse(SUM).digest()


@for_each("other", [["low_rank", "top_layer"], [{"name": "low_rank", "width": 64}], ["lora"], []])
def test_adapters_and_their_settings_are_in_the_digest(other: list[Any]) -> None:
    assert parse({"adapters": other}).digest() != parse(SUM).digest()


def test_json_gives_the_same_configuration_back() -> None:
    config = parse(SUM)
    assert RunConfig.model_validate(json.loads(json.dumps(config.model_dump(mode="json")))) == config


@for_each(
    ("told", "message"),
    [
        ({"adapters": ["pal", "lora", "pal"]}, "adapters: each adapter may be named once, got lora, pal, pal"),
        ({"adapters": ["pall"]}, r"adapters\.0\.name: No adapter named 'pall'. Did you mean 'pal'?"),
        ({"adapters": ["lora", {"name": "pal", "widht": 3}]}, r"adapters\.1\.widht: No setting of adapter pal named"),
        ({"adapters": {"pal": {"width": 0}}}, r"adapters\.0\.width: Input should be greater than or equal to 1, got 0"),
        ({"adapters": {"lora": {"alpha": 0}}}, r"adapters\.0\.alpha: Input should be greater than 0, got 0"),
        ({"adapters": {"pal": 204}}, r"adapters\.0: Input should be a valid dictionary"),
        (
            {"adapters": ["pal"], "backbone": "bilstm"},
            "a BiLSTM has no place for adapters, got pal with backbone bilstm",
        ),
        (
            {"adapters": ["pal", "lora"], "multitask": {"trainable": {"name": "heads"}}},
            "do nothing if they are never trained, got lora, pal with multitask.trainable heads; use adapters",
        ),
        (
            {"multitask": {"trainable": {"name": "adapters_and_heads"}}},
            "adapters_and_heads needs at least one adapter, got none; name one in adapters, or use heads",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(told: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        parse(told)


@for_each("trainable", [{"name": "adapters_and_heads"}, {"name": "last_k", "layers": 1}, {"name": "all"}])
def test_adapters_go_with_everything_that_trains_them(trainable: dict[str, Any]) -> None:
    assert parse({"adapters": ["pal"], "multitask": {"trainable": trainable}}).multitask.trainable.name
