"""The best on each task alone: which configurations that gives, and what is left out with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import search_spaces
from mtbert.config import RunConfig, parse
from mtbert.errors import ConfigurationError
from search_spaces.grammar import Choices
from study.messages import Job, RunDone
from study.phases.cells import otherwise, references
from study.resolve import resolve
from study.settings import REHEARSAL
from study.trainers.bert.configuration import single_task_config, to_config
from study.trainers.rehearsal.trainer import Rehearsal
from study.trainers.rehearsal.worker import run_job

TASKS = ("sst", "quora", "sts")


def rehearsal(tasks: tuple[str, ...] = TASKS) -> Rehearsal:
    return Rehearsal(resolve({"space": "pooling", "trainer": REHEARSAL, "tasks": tasks}, None), {})


def config(**changed: Any) -> RunConfig:
    return parse({"backbone": "tiny", **changed})


def test_one_task_stays_and_all_else_is_the_same() -> None:
    whole = config(multitask={"epochs": 3})
    found = single_task_config(whole, "sts")
    assert list(found.tasks) == ["sts"] and found.tasks["sts"] == whole.tasks["sts"]
    assert found.digest() != whole.digest()
    told, before = found.model_dump(mode="json"), whole.model_dump(mode="json")
    assert {key for key in told if told[key] != before[key]} == {"tasks"}


def test_the_weights_of_other_tasks_go_with_them() -> None:
    weights = {"sst": 1.0, "quora": 2.0, "sts": 3.0}
    whole = config(multitask={"balancer": {"name": "fixed", "weights": weights}})
    found = single_task_config(whole, "quora")
    assert found.multitask.balancer.settings["weights"] == {"quora": 2.0}


def test_the_layer_that_a_task_shares_goes_with_the_others() -> None:
    assert not single_task_config(config(shared_pair_layer=True), "sts").shared_pair_layer


def test_a_stage_that_trains_another_task_first_cannot_be_had_alone() -> None:
    whole = config(fine_tune_first={"task": "quora"})
    assert list(single_task_config(whole, "quora").tasks) == ["quora"]
    with pytest.raises(ConfigurationError, match=r"must be one of the run's tasks \(sst\), got 'quora'"):
        single_task_config(whole, "sst")


def test_heads_alone_cannot_be_trained_on_a_task_whose_head_learns_nothing() -> None:
    tasks = {"sst": {"head": "linear"}, "sts": {"head": "cosine"}}
    whole = config(tasks=tasks, multitask={"trainable": {"name": "heads"}})
    assert list(single_task_config(whole, "sst").tasks) == ["sst"]
    with pytest.raises(ConfigurationError, match="multitask.trainable: heads trains only the heads and the pooling"):
        single_task_config(whole, "sts")


class Forbids(Rehearsal):
    """As where a law forbids sentiment alone."""

    def reference(self, choices: Choices, task: str, seed: int = 0) -> Any:
        if task == "sst":
            return single_task_config(config(fine_tune_first={"task": "quora"}), task)
        return super().reference(choices, task, seed)


def test_what_cannot_be_trained_alone_is_left_out_with_its_reason() -> None:
    trainer = Forbids(resolve({"space": "pooling", "trainer": REHEARSAL}, None), {})
    found = references(trainer, trainer.space.baseline())
    assert [(cell.name, cell.task) for cell in found.cells] == [("reference:quora", "quora"), ("reference:sts", "sts")]
    assert list(found.left_out) == ["sst"] and "one of the run's tasks" in found.left_out["sst"]
    assert "not on sst: " in found.summary()


def test_a_study_of_one_task_has_no_references() -> None:
    trainer = rehearsal(("sts",))
    found = references(trainer, trainer.space.baseline())
    assert (found.cells, dict(found.left_out)) == ([], {})
    assert found.summary().startswith("No references")


def test_the_references_of_choices_are_configurations_of_their_own() -> None:
    trainer = rehearsal()
    choices: Mapping[str, Any] = trainer.space.baseline()
    digests = {one.digest() for one in otherwise(trainer, choices)}
    assert len(digests) == 3 and trainer.configuration(choices).digest() not in digests


def test_runs_on_the_first_seeds_sentences_belong_to_their_choices_when_the_space_grows() -> None:
    varied = Rehearsal(resolve({"space": "pooling", "trainer": REHEARSAL, "vary": "train"}, None), {})
    choices = varied.space.baseline()
    same = varied.on_first_sentences(choices).digest()
    found = [one.digest() for one in otherwise(varied, choices)]
    assert len(set(found)) == 4 and found[-1] == same != varied.configuration(choices).digest()
    assert varied.configuration(choices).digest() != rehearsal().configuration(choices).digest()


def test_a_rehearsed_reference_measures_its_task_alone() -> None:
    trainer = rehearsal()
    choices = trainer.space.baseline()
    measured = []
    for found in (trainer.configuration(choices, 5), trainer.reference(choices, "sts", 5)):
        job = Job(1, "train", found.model_dump(), Path(), seed=5, facts=trainer.job_facts())
        done = run_job(job, lambda _: True)
        assert isinstance(done, RunDone)
        measured.append({task for _, task, _ in done.metrics if task})
    assert measured == [set(TASKS), {"sts"}]


def test_the_spaces_of_the_package_can_be_trained_alone() -> None:
    space = search_spaces.load("full_ablation")
    settings = resolve({"backbone": "tiny", "budget": "smoke"}, None)
    whole = to_config(space, space.baseline(), settings)
    assert {task: list(single_task_config(whole, task).tasks) for task in TASKS} == {task: [task] for task in TASKS}
