"""Whatever `full_ablation` can be asked for validates, builds and trains; whatever breaks a constraint is refused.

By numbers: configurations that have every two levels together that ever go together train, about 170 of them; in
`make nightly` 500 random ones. 100 mutated choices, the configurations that somebody would write by hand for 100 such,
and 104 edits of a sound configuration's JSON are refused with a reason that names them.
"""

from __future__ import annotations

import dataclasses
import json
import math
import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import pytest
import torch
from tier import NIGHTLY, often

import search_spaces
from mtbert.config import RunConfig, parse
from mtbert.data.load import load_corpus
from mtbert.data.tokenize import Prepared
from mtbert.errors import ConfigurationError
from mtbert.run import prepare_data, run
from search_spaces import Constraint, SpaceError
from search_spaces.grammar import Choice
from search_spaces.grammar.choices import complete, places
from study.resolve import resolve
from study.trainers.bert.configuration import to_config
from study.trainers.bert.pretraining_texts import with_sentences

MUTATED = 100
FULL = search_spaces.load("full_ablation")
FREE = dataclasses.replace(FULL, constraints=())  # the same factors, and nothing that cannot go together

# Three short examples a task: most stages take one step, which is all that is asked.
SETTINGS = resolve({"backbone": "tiny", "budget": "smoke", "train_examples": 3, "dev_examples": 3}, None)
MAX_TOKENS = 12
STAGES = ("mlm", "simcse_unsupervised", "simcse_supervised", "fine_tune_first", "multitask", "single_task")


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    torch.set_num_threads(1)
    baseline = to_config(FULL, FULL.baseline(), SETTINGS)
    corpus = load_corpus("demo", tuple(baseline.tasks))
    short = baseline.model_copy(update={"data": baseline.data.model_copy(update={"max_tokens": MAX_TOKENS})})
    texts = with_sentences(FULL, SETTINGS, corpus).texts
    return prepare_data(short, corpus, {**texts, "wikipedia": texts["tasks"]})  # the demo has nothing of Wikipedia


Pair = tuple[str, ...]


def pairs_of(choices: Mapping[str, Choice]) -> set[Pair]:
    return set(combinations(sorted(f"{name}={level}" for name, level in choices.items() if isinstance(level, str)), 2))


def covering(drawn: Sequence[Mapping[str, Choice]]) -> list[Mapping[str, Choice]]:
    """A few of the drawn that have all pairs of levels of all: time and again one that has the rarest pair left."""
    held, having = [pairs_of(choices) for choices in drawn], defaultdict[Pair, list[int]](list)
    for number, pairs in enumerate(held):
        for pair in pairs:
            having[pair].append(number)
    left, found = set(having), []
    while left:
        rarest = min(left, key=lambda pair: (len(having[pair]), pair))
        best = max(having[rarest], key=lambda number: len(held[number] & left))
        found.append(drawn[best])
        left -= held[best]
    return found


@pytest.mark.slow
@pytest.mark.nightly
def test_whatever_goes_together_validates_builds_and_trains_in_every_stage_it_has(prepared: Prepared) -> None:
    rng = random.Random(1)
    drawn = [FULL.sample(rng) for _ in range(often(2000, 500))]
    met: set[str] = set()
    for choices in drawn if NIGHTLY else covering(drawn):
        config = to_config(FULL, choices, SETTINGS)
        assert parse(config.model_dump(mode="json")) == config
        outcome = run(config, prepared, lambda _: True)
        wanted = {stage for stage in STAGES if getattr(config, stage) is not None}
        carried_out = {stage.name for stage in outcome.stages} - {"features"}  # which a frozen encoder adds
        assert carried_out == wanted, choices
        assert all(stage.seconds > 0 for stage in outcome.stages)
        assert math.isfinite(outcome.best.search.score), choices
        met |= {f"{name}={level}" for name, level in choices.items() if isinstance(level, str)}
    every = {f"{place.name}={level}" for place in places(FULL.factors) for level in place.factor.level_names()}
    assert met == every  # none of the levels was left untried


class Broken(NamedTuple):
    """Choices that break a constraint, and the levels of it that cannot go together."""

    choices: dict[str, Choice]
    constraint: Constraint
    when: dict[str, str]
    forbidden: tuple[str, str]


def broken(rng: random.Random) -> Broken:
    """An allowed configuration with one constraint's levels put into it."""
    constraint = rng.choice(FULL.constraints)
    when = {name: rng.choice(levels) for name, levels in constraint.when.items()}
    name = rng.choice(list(constraint.forbid))
    level = rng.choice(constraint.forbid[name])
    choices = complete(FULL.factors, {**FULL.sample(rng), **when, name: level})
    return Broken(choices, constraint, when, (name, level))


def test_mutated_choices_are_refused_with_a_reason_that_names_the_levels() -> None:
    rng, seen = random.Random(3), set()
    for _ in range(MUTATED):
        one = broken(rng)
        with pytest.raises(SpaceError) as caught:
            FULL.check(one.choices)
        (told,) = [fault for fault in caught.value.faults if one.constraint.reason.rstrip(".") in fault]
        for name, level in (*one.when.items(), one.forbidden):
            assert f"{name}={level}" in told
        assert "Choose another level of" in told
        with pytest.raises(SpaceError):
            to_config(FULL, one.choices, SETTINGS)
        seen.add(one.constraint.reason)
    assert len(seen) == len(FULL.constraints)


# How a level is spoken of in a configuration, where that is not by its own name.
IN_A_CONFIGURATION = {
    "encoder_sharing=separate": "encoder.shared=false",
    "attention_dropout=0": "encoder.attention_dropout: a BiLSTM has no attention, got 0.0",
    "encoder=bilstm": "a BiLSTM has no",
    "adapter=none": "needs at least one adapter, got none",
    "adapter=low_rank+top_layer": "low_rank, top_layer",
    "adapter=pal+top_layer": "pal, top_layer",
    "adapter=houlsby+top_layer": "houlsby, top_layer",
}


def test_what_somebody_would_write_by_hand_for_them_is_refused_just_so() -> None:
    rng = random.Random(4)
    for _ in range(MUTATED):
        one = broken(rng)
        written = json.loads(json.dumps({"backbone": "tiny", **FREE.configuration(one.choices)}))
        with pytest.raises(ConfigurationError) as caught:
            parse(written)
        told = str(caught.value)
        for name, level in (*one.when.items(), one.forbidden):
            assert IN_A_CONFIGURATION.get(f"{name}={level}", level) in told, (name, level)
        assert all(fault.path for fault in caught.value.faults)


Json = dict[str, Any]
Edit = Callable[[Json], None]


def _multitask(**values: Any) -> Edit:
    return lambda data: data["multitask"].update(values)


def _parts(**values: Any) -> Edit:
    def edit(data: Json) -> None:
        for name, value in values.items():
            is_part = isinstance(value, Mapping) and isinstance(data[name], Mapping)
            data[name] = {**data[name], **value} if is_part else value

    return edit


BILSTM = _parts(backbone="bilstm")
SEPARATE = _parts(encoder={"shared": False})
HEADS = _multitask(trainable={"name": "heads"})
ONE_TASK = _multitask(sampler={"name": "annealed", "steps": None})
FIRST = {"task": "quora"}

# Edits that break a law, and what the refusal must name.
EDITS: list[tuple[list[Edit], tuple[str, ...]]] = [
    ([BILSTM, _parts(adapters=[{"name": "pal"}])], ("adapters: ", "pal with backbone bilstm")),
    ([BILSTM, _parts(encoder={"attention_dropout": 0.5})], ("encoder.attention_dropout: ", "BiLSTM", "0.5")),
    ([_parts(adapters=[{"name": "lora"}]), HEADS], ("adapters: ", "lora", "trainable heads")),
    (
        [_parts(adapters=[]), _multitask(trainable={"name": "adapters_and_heads"})],
        ("multitask.trainable: adapters_and_heads needs at least one adapter, got none",),
    ),
    ([SEPARATE, _parts(pooling={"name": "attention"})], ("pooling: encoder.shared=false", "pooling attention")),
    ([SEPARATE, _parts(fine_tune_first=FIRST)], ("fine_tune_first: the other tasks benefit", "encoder.shared=false")),
    ([SEPARATE, _multitask(sampler={"name": "hybrid"})], ("multitask.sampler: hybrid", "encoder.shared=false")),
    ([ONE_TASK, _multitask(surgery="pcgrad")], ("multitask.surgery: pcgrad", "sampler annealed has one")),
    ([ONE_TASK, _multitask(balancer={"name": "gradnorm"})], ("multitask.balancer: gradnorm", "sampler annealed")),
    ([HEADS, _multitask(sampler={"name": "hybrid"})], ("multitask.sampler: hybrid", "trainable=heads")),
    ([HEADS, _multitask(surgery="pcgrad")], ("multitask.surgery: pcgrad", "trainable=heads")),
    ([_parts(fine_tune_first={"task": "sick"})], ("fine_tune_first.task: ", "sst, quora, sts", "'sick'")),
    (
        [lambda data: data["tasks"]["sst"].update(head={"name": "cosine"})],
        ("tasks.sst.head: cosine reads a pair, sst provides a sentence",),
    ),
]


def test_edits_of_a_sound_configuration_that_break_a_law_are_refused() -> None:
    rng = random.Random(5)
    for number in range(8 * len(EDITS)):
        data = to_config(FULL, FULL.sample(rng), SETTINGS).model_dump(mode="json")
        edits, words = EDITS[number % len(EDITS)]
        for edit in edits:
            edit(data)
        with pytest.raises(ConfigurationError) as caught:
            parse(data)
        assert all(word in str(caught.value) for word in words), (words, str(caught.value))


def test_the_constraints_of_full_ablation_are_exactly_what_configurations_refuse() -> None:
    rng, refused = random.Random(2), 0
    for _ in range(200):
        choices = FREE.sample(rng)
        try:
            to_config(FREE, choices, SETTINGS)
        except ConfigurationError as error:
            refused += 1
            assert all(fault.message for fault in error.faults)
            with pytest.raises(SpaceError, match="cannot be combined with"):
                FULL.check(choices)
        else:
            FULL.check(choices)
        assert isinstance(to_config(FULL, FULL.nearest(choices), SETTINGS), RunConfig)
    assert 150 <= refused < 200
