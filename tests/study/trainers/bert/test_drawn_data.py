"""Training sentences that vary with the seed: equal for all configurations of a seed, tokenized no more than needed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mtbert.config import RunConfig, parse
from mtbert.data.load import load_corpus
from mtbert.data.prepared import load_prepared
from mtbert.data.texts import read_texts
from mtbert.errors import ConfigurationError, DataError
from mtbert.run import prepare_data
from search_spaces import Space
from search_spaces.factors import MLM, POOLING
from study.resolve import resolve
from study.settings import SettingsError
from study.trainers.bert import preparation
from study.trainers.bert.trainer import MultitaskBert

SPACE = Space(name="varied", goal="Which?", factors=(POOLING, MLM))
GIVEN: dict[str, object] = {
    "backbone": "tiny", "budget": "smoke", "train_examples": 24, "dev_examples": 8, "vary": "train",
}  # fmt: skip
PRETRAINED = {"pooling": "mean", "mlm": "in_domain+tasks"}


@pytest.fixture(scope="module")
def trainer(tmp_path_factory: pytest.TempPathFactory) -> MultitaskBert:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(preparation, "load", lambda _: SPACE)
        made = MultitaskBert(resolve(GIVEN, None))
    made.prepare(tmp_path_factory.mktemp("study") / "prepared", "cpu")
    return made


def folder(trainer: MultitaskBert, config: RunConfig) -> Path:
    return trainer.folder_of(config, Path("not used"))


def baseline(trainer: MultitaskBert, seed: int) -> RunConfig:
    return trainer.configuration(trainer.space.baseline(), seed)


def pretrained(trainer: MultitaskBert, seed: int) -> RunConfig:
    space = trainer.space
    return trainer.configuration(space.complete({**space.baseline(), **PRETRAINED}), seed)


def test_all_configurations_of_a_seed_train_on_the_same_sentences_and_other_seeds_on_others(
    trainer: MultitaskBert,
) -> None:
    assert folder(trainer, baseline(trainer, 5)) == folder(trainer, pretrained(trainer, 5))
    one, other = (load_prepared(folder(trainer, baseline(trainer, seed))) for seed in (5, 6))
    for task in ("sst", "quora", "sts"):
        assert len(one.splits[task, "train"]) == len(other.splits[task, "train"]) == 24
        assert len(set(one.splits[task, "train"].ids) & set(other.splits[task, "train"].ids)) < 8
        assert one.splits[task, "dev"].ids == other.splits[task, "dev"].ids
    assert one.hashes["texts.tasks"] != other.hashes["texts.tasks"]


def test_a_run_reads_what_it_would_read_alone(trainer: MultitaskBert) -> None:
    config = pretrained(trainer, 7)
    assert config.mlm is not None
    corpus = load_corpus("demo", tuple(config.tasks))
    alone, shared = prepare_data(config, corpus), load_prepared(folder(trainer, config))
    assert {key: value for key, value in alone.hashes.items() if not key.startswith("texts")}.items() <= (
        shared.hashes.items()
    )
    for row in range(len(alone.texts["tasks"])):
        assert np.array_equal(alone.texts["tasks"][row], shared.texts["tasks"][row])
    texts = read_texts(corpus, {"tasks": None}, 24, 7)["tasks"]
    assert len(texts) == len(shared.texts["tasks"])


def test_only_the_sentences_that_a_seed_draws_are_tokenized_for_it(
    trainer: MultitaskBert, tokenized: list[int]
) -> None:
    assert folder(trainer, baseline(trainer, 8)) != folder(trainer, baseline(trainer, 5))
    assert len(tokenized) == 6 and max(tokenized) <= 5 * 24
    assert sorted(tokenized)[:5] == [24] * 5  # sst, two pairs, their texts
    tokenized.clear()
    folder(trainer, pretrained(trainer, 8))
    assert tokenized == []


def test_stage_keys_tell_subsets_apart_and_know_the_same_ones(trainer: MultitaskBert) -> None:
    first = resolve(GIVEN, None).seeds_of(1)[0]
    choices = trainer.space.complete({**trainer.space.baseline(), **PRETRAINED})
    keys = {seed: trainer.keys(trainer.on_first_sentences(choices, seed)) for seed in (first, 9)}
    own = {seed: trainer.keys(trainer.configuration(choices, seed)) for seed in (first, 9)}
    assert keys[first] == own[first]
    told = [one.all() for one in (own[first], own[9], keys[9]) if one is not None]
    assert len(told) == 3 and len(set().union(*told)) == sum(len(each) for each in told)


def test_the_sentences_of_the_first_seed_are_another_configuration(trainer: MultitaskBert) -> None:
    choices = trainer.space.baseline()
    config, same = trainer.configuration(choices, 9), trainer.on_first_sentences(choices, 9)
    assert same.digest() != config.digest() and same.seed == config.seed
    assert (config.subset_seed, same.subset_seed) == (9, resolve(GIVEN, None).seeds_of(1)[0])
    fixed = MultitaskBert(resolve({**GIVEN, "space": "pooling", "vary": "none"}, None))
    assert fixed.configuration(fixed.space.baseline(), 9).subset_seed is None
    with pytest.raises(ValueError, match="vary none draws no subset"):
        fixed.on_first_sentences(fixed.space.baseline())


def test_a_seed_alone_needs_sentences_that_vary() -> None:
    with pytest.raises(ConfigurationError, match="data: vary none draws no subset, got subset_seed 3; use vary train"):
        parse({"data": {"subset_seed": 3}})


def test_a_study_with_nothing_to_draw_is_refused_before_it_begins() -> None:
    given = {**GIVEN, "space": "pooling", "budget": "full"}
    del given["train_examples"]
    with pytest.raises(DataError, match="got all of sst 2,000, quora 1,143, sts 1,999"):
        MultitaskBert(resolve(given, None))
    config = parse({"backbone": "tiny", "data": {"vary": "train"}})
    with pytest.raises(DataError, match="--train-examples 571, say"):
        prepare_data(config, load_corpus("demo", tuple(config.tasks)))


def test_a_custom_trainer_draws_its_own() -> None:
    with pytest.raises(SettingsError, match="a custom trainer, got my.models:train, can draw its own"):
        resolve({"trainer": "my.models:train", "space": "my_space.py", "vary": "train"}, None)


def test_training_sentences_cannot_begin_or_cease_to_vary() -> None:
    stored = resolve({**GIVEN, "name": "a"}, None)
    with pytest.raises(SettingsError, match="--vary was 'train', now 'none'"):
        resolve({"name": "a", "vary": "none"}, stored)
    before = {key: value for key, value in resolve({"name": "b"}, None).as_json().items() if key != "vary"}
    older = type(stored).from_json(before)  # of an earlier release
    assert older.vary == "none"
    with pytest.raises(SettingsError, match="--vary was 'none', now 'train'"):
        resolve({"name": "b", "vary": "train"}, older)
