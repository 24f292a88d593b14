"""How many examples a configuration trains on, counted by hand and against what the trainer is given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from mtbert import components
from mtbert.config import RunConfig, parse
from mtbert.data.load import load_corpus
from mtbert.data.tokenize import Prepared, Ragged, TokenizedSplit
from mtbert.run import prepare_data, run
from mtbert.training.trainer import Trainer
from study.trainers.bert.workload import Together, Work, together, workload

TRAIN = {"sst": 20, "quora": 9, "sts": 8}  # in batches of 8: 3, 2 and 1
SEARCH, DEV = {"sst": 5, "quora": 6, "sts": 7}, {"sst": 11, "quora": 12, "sts": 13}
EACH_EPOCH = 5 + 6 + 7 + 20 + 9 + 8  # search, and the train examples, fewer than the 32 that are looked at of a task
AT_THE_END = 11 + 12 + 13 + 20 + 9 + 8  # dev, and the train examples, fewer than 512


def ragged(rows: int) -> Ragged:
    return Ragged(np.zeros(rows, dtype=np.int32), np.arange(rows + 1, dtype=np.int64))


def rows_of(count: int) -> TokenizedSplit:
    ids = tuple(str(i) for i in range(count))
    return TokenizedSplit(ids, ragged(count), None, np.zeros(count, dtype=np.float32))


@pytest.fixture
def data() -> Prepared:
    splits = {(task, "train"): rows_of(count) for task, count in TRAIN.items()}
    splits |= {(task, "search"): rows_of(count) for task, count in SEARCH.items()}
    splits |= {(task, "dev"): rows_of(count) for task, count in DEV.items()}
    texts = {"in_domain": ragged(50), "tasks": ragged(30), "nli.sent0": ragged(40)}
    return Prepared(splits, 0, 10, "", 16, "", texts)


def config(multitask: dict[str, Any] | None = None, **parts: Any) -> RunConfig:
    return parse({"backbone": "tiny", "multitask": {"epochs": 2, **(multitask or {})}, **parts})


@pytest.mark.parametrize(
    ("sampler", "trained"),
    [
        ("sequential", 2 * (20 + 9 + 8)),
        ("round_robin_shortest", 2 * (20 / 3 + 9 / 2 + 8)),  # a batch of each, of the mean size of the task's batches
        ("round_robin_longest", 2 * (20 + 3 * 9 / 2 + 3 * 8)),
        ("joint", 2 * (20 / 3 + 9 / 2 + 8)),
        ("hybrid", (20 + 9 + 8) + (20 / 3 + 9 / 2 + 8)),
    ],
)
def test_multitask_trains_on_what_its_sampler_asks_for(data: Prepared, sampler: str, trained: float) -> None:
    work, end = workload(config({"sampler": sampler}), data).values()
    assert end == Work(0, AT_THE_END)
    assert work.trained == pytest.approx(trained)
    assert work.evaluated == 2 * EACH_EPOCH


def test_batch_sizes_and_subsamples_of_a_task_count(data: Prepared) -> None:
    tasks = {
        "sst": {"head": "linear", "subsample": 10},
        "quora": {"head": "concat", "batch_size": 3},
        "sts": {"head": "concat"},
    }
    found = workload(config({"sampler": "sequential", "epochs": 1}, tasks=tasks), data)
    assert found["multitask"].trained == pytest.approx(10 + 9 + 8)
    found = workload(config({"sampler": "round_robin_longest", "epochs": 1}, tasks=tasks), data)
    assert found["multitask"].trained == pytest.approx(3 * 10 / 2 + 9 + 3 * 8)


def test_an_epoch_is_counted_task_by_task_and_in_steps(data: Prepared) -> None:
    examples, batches = {"sst": 20.0, "quora": 9.0, "sts": 8.0}, {"sst": 3, "quora": 2, "sts": 1}
    (alone,) = together(config({"sampler": "sequential", "epochs": 1}), data)
    assert alone == Together(examples, batches, 6, own=False)
    ones = dict.fromkeys(batches, 1)
    joined = Together({task: examples[task] / batches[task] for task in batches}, ones, 1, own=False)
    assert together(config({"sampler": "joint", "epochs": 2}), data) == [joined, joined]
    hybrid = together(config({"sampler": "hybrid", "epochs": 2}), data)
    assert [epoch.own for epoch in hybrid] == [True, False]


def test_every_stage_has_its_work_in_the_order_of_the_stages(data: Prepared) -> None:
    found = workload(
        config(
            single_task={"epochs": 4},
            mlm={"corpora": "in_domain+tasks", "max_sentences": 40, "epochs": 3},
            simcse_unsupervised={"corpus": "tasks", "sentences": 25_000, "epochs": 2},
            simcse_supervised={"triplets": 12},
            fine_tune_first={"task": "quora", "epochs": 5, "batches": 1, "batch_size": 4},
        ),
        data,
    )
    multitask = found.pop("multitask")
    assert multitask.evaluated == 2 * EACH_EPOCH
    assert found == {
        "mlm": Work(3 * (40 + 30)),
        "simcse_unsupervised": Work(2 * 30),
        "simcse_supervised": Work(12),
        "fine_tune_first": Work(5 * 4, 5 * 6),
        "single_task": Work(4 * (20 + 9 + 8), 4 * EACH_EPOCH),
        "deciding": Work(0, AT_THE_END),
    }


@pytest.fixture(scope="module")
def demo() -> Prepared:
    torch.set_num_threads(1)
    small = config(data={"train_examples": 10, "dev_examples": 2, "max_tokens": 16})
    return prepare_data(small, load_corpus("demo", tuple(small.tasks)))


@pytest.mark.parametrize("sampler", components.names("samplers"))
def test_the_trainer_has_what_was_counted(demo: Prepared, sampler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[int] = []
    loss_of = Trainer._loss

    def counting(self: Trainer, name: str, indices: np.ndarray[Any, np.dtype[np.int64]]) -> Tensor:
        given.append(len(indices))
        return loss_of(self, name, indices)

    monkeypatch.setattr(Trainer, "_loss", counting)
    steps = {"steps": 5} if "steps" in components.settings("samplers", sampler) else {}
    trained = config({"sampler": {"name": sampler, **steps}}, encoder={"layers": 1})
    run(trained, demo, lambda _: True)
    assert sum(given) == workload(trained, demo)["multitask"].trained
