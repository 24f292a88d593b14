"""Every level of every scientific factor of `full_ablation` changes the training, or says why it does not.

A few steps are trained with each level and with the baseline, without dropout, whose draws would make any two
trainings differ. The updates must differ by more than 1e-4 of their size; a level that is `idle` must not.
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import mtbert.run
import search_spaces
from mtbert.assembly import build_model
from mtbert.config import RunConfig, parse
from mtbert.data.load import load_corpus
from mtbert.data.tokenize import Prepared
from mtbert.model import MultitaskModel
from mtbert.run import prepare_data, run
from search_spaces.grammar import Choice
from search_spaces.grammar.choices import Place, places
from study.resolve import resolve
from study.trainers.bert.configuration import to_config
from study.trainers.bert.pretraining_texts import Sentences, with_sentences

REAL = Path(os.environ.get("MTBERT_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")
IN_CI = bool(os.environ.get("CI"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not REAL.is_dir() and not IN_CI, reason=f"no real data at {REAL}; set MTBERT_DATA"),
]

EXAMPLES = 16  # of Quora; half as many of the others
SETTINGS = resolve(
    {"backbone": "tiny", "data": str(REAL), "train_examples": EXAMPLES, "dev_examples": 8, "epochs": 3}, None
)
LEAST = 1e-4  # of the baseline's update
# What a level needs beside it, with which it is compared as well.
BESIDE: dict[str, dict[str, Choice]] = {
    "adapters_and_heads": {"adapter": "pal"},
    "gradnorm": {"sampler": "joint"},
    "pcgrad": {"sampler": "joint"},
}
DROPOUTS = ("head_dropout", "hidden_dropout", "attention_dropout")


def levels() -> list[tuple[Place, str]]:
    """Every level of a scientific factor but its baseline, conditional factors included."""
    return [
        (place, level)
        for place in places(asked().space.factors)
        if place.factor.role == "scientific" and place.factor.range is None
        for level in place.factor.level_names()
        if level != place.factor.baseline
    ]


def config_of(choices: dict[str, Choice], *, dropout: bool) -> RunConfig:
    told: dict[str, Any] = to_config(asked().space, asked().space.complete(choices), SETTINGS).model_dump(mode="json")
    told["data"]["max_tokens"] = 24
    if not dropout:
        told["head_dropout"] = told["encoder"]["hidden_dropout"] = 0.0
        if told["backbone"] != "bilstm":  # which has no attention
            told["encoder"]["attention_dropout"] = 0.0
    return parse(told)


@cache
def asked() -> Sentences:
    """The space without the levels whose corpus the data does not have, and the sentences of all others."""
    return with_sentences(search_spaces.load("full_ablation"), SETTINGS, load_corpus(str(REAL), SETTINGS.tasks))


@cache
def prepared() -> Prepared:
    """With twice as many examples of Quora as of the others: where all have as many, two round robins are one."""
    corpus = load_corpus(str(REAL), SETTINGS.tasks)
    data = prepare_data(config_of({}, dropout=True), corpus, asked().texts)
    few = {(task, "train"): data.splits[task, "train"].take(np.arange(EXAMPLES // 2)) for task in ("sst", "sts")}
    return replace(data, splits={**data.splits, **few})


def needed(place: Place) -> dict[str, Choice]:
    return {condition.factor: condition.level for condition in place.conditions}


@cache
def update(config: RunConfig) -> dict[str, Tensor]:
    """What training has added to each parameter, after every epoch, by name and epoch."""
    models: list[MultitaskModel] = []
    start: dict[str, Tensor] = {}
    found: dict[str, Tensor] = {}

    def build(*given: Any) -> MultitaskModel:
        model = build_model(*given)
        models.append(model)
        start.update({name: value.clone() for name, value in model.state_dict().items()})
        return model

    def report(epoch: Any) -> bool:
        state = models[0].state_dict()
        found.update({f"{epoch.epoch}.{name}": state[name] - value for name, value in start.items()})
        return True

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mtbert.run, "build_model", build)
        run(config, prepared(), report)
    return found


def difference(one: RunConfig, other: RunConfig) -> float:
    """The norm of the difference of two updates by that of the first, over the parameters and epochs that both have.

    Where one has a stage after `multitask`, what they end with is compared.
    """
    first, second = update(one), update(other)
    if one.reported_epochs() != other.reported_epochs():
        ends = [f"{config.reported_epochs()}." for config in (one, other)]
        first, second = (
            {name.removeprefix(end): value for name, value in found.items() if name.startswith(end)}
            for found, end in zip((first, second), ends, strict=True)
        )
    both = [name for name in first if name in second and first[name].shape == second[name].shape]
    moved = torch.stack([first[name].norm() for name in both]).norm()
    apart = torch.stack([(first[name] - second[name]).norm() for name in both]).norm()
    return float(apart / moved)


def test_a_level_changes_the_training_or_says_why_not() -> None:
    torch.set_num_threads(1)
    found = {}
    for place, level in levels():
        plain, dropout = BESIDE.get(level, {}), place.name in DROPOUTS
        chosen = config_of({**plain, **needed(place), place.name: level}, dropout=dropout)
        # A conditional factor's level changes its factor's baseline, and the space's.
        beside = {config_of(choices, dropout=dropout) for choices in (plain, {**plain, **needed(place)})}
        told = place.factor.level(level)
        assert told is not None
        found[f"{place.name}={level}"] = min(difference(one, chosen) for one in beside), told.idle
    print({name: f"{apart:.2g}" for name, (apart, _) in found.items()})
    assert len(found) > 70
    assert {name: apart for name, (apart, idle) in found.items() if (apart <= LEAST) != bool(idle)} == {}
