"""The parts of a configuration for the stages around `multitask`."""

from __future__ import annotations

from typing import Any

import pytest
from cases import for_each

from mtbert.config import RunConfig, parse
from mtbert.config.stages import corpora_of
from mtbert.errors import ConfigurationError

# Of configurations written before there were these stages.
PINNED = {
    "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a": {},
    "cd663784c89510292b15968616f22216e611b848e5338013b96ec972114f39a3": {
        "pooling": "mean",
        "multitask": {"epochs": 4, "optimizer": {"learning_rate": 1e-5}},
    },
}
STAGES = ("mlm", "simcse_unsupervised", "simcse_supervised", "fine_tune_first", "single_task")


@for_each(("digest", "data"), PINNED.items())
def test_digests_of_older_configurations_stay(digest: str, data: dict[str, Any]) -> None:
    assert parse(data).digest() == digest
    assert parse({**data, **dict.fromkeys(STAGES)}).digest() == digest


@for_each("stage", STAGES)
def test_a_stage_with_nothing_but_defaults_is_in_the_digest(stage: str) -> None:
    assert parse({stage: {}}).digest() != parse({}).digest()


def test_no_stage_but_multitask_is_run_by_default() -> None:
    assert all(getattr(RunConfig(), stage) is None for stage in STAGES)


def test_corpora_are_written_as_a_sum() -> None:
    assert corpora_of("in_domain+tasks") == ("in_domain", "tasks")
    assert corpora_of("notes/my.txt") == ("notes/my.txt",)


@for_each(("text", "told"), [("wiki", "got 'wiki'"), ("tasks+tasks", "may be named once"), ("", "got ''")])
def test_a_corpus_that_is_none_is_refused(text: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=f"mlm.corpora: .*{told}"):
        parse({"mlm": {"corpora": text}})


def test_the_first_task_must_be_one_of_the_runs() -> None:
    tasks = {"sst": {"head": "linear"}, "sts": {"head": "concat"}}
    with pytest.raises(ConfigurationError, match=r"one of the run's tasks \(sst, sts\), got 'quora'"):
        parse({"tasks": tasks, "fine_tune_first": {}})
    assert parse({"tasks": tasks, "fine_tune_first": {"task": "sts"}}).fine_tune_first is not None


def test_a_batch_of_one_sentence_has_nothing_to_contrast() -> None:
    with pytest.raises(ConfigurationError, match="simcse_unsupervised.batch_size: .*greater than or equal to 2, got 1"):
        parse({"simcse_unsupervised": {"batch_size": 1}})


def test_epochs_that_a_run_reports_are_those_of_its_last_two_stages() -> None:
    config = parse({"mlm": {"epochs": 5}, "multitask": {"epochs": 3}, "single_task": {"epochs": 2}})
    assert config.reported_epochs() == 5
    assert parse({"multitask": {"epochs": 3}}).reported_epochs() == 3
