"""What is kept for others, who goes first, and who waits for whom."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import torch

from mtbert.config import RunConfig, parse
from mtbert.stage_store import claims
from mtbert.stage_store.keys import ChainKeys
from mtbert.stage_store.store import StageStore
from study.execution.observer import Request
from study.execution.stage_sharing import Queue, StagesInProgress, in_order, needed, wanted_epochs
from study.trainers.bert.stage_keys import StageKeys

KEYS = StageKeys(lambda _: defaultdict(lambda: "same"), "cpu", 1)
MLM = {"mlm": {"epochs": 1}}
SIMCSE = {"simcse_unsupervised": {"epochs": 1}}
ALONE = {"single_task": {"epochs": 1}}


def config(*parts: dict[str, Any], epochs: int = 2, seed: int = 0, **multitask: Any) -> RunConfig:
    told: dict[str, Any] = {"backbone": "tiny", "multitask": {"epochs": epochs, **multitask}, "seed": seed}
    for part in parts:
        told |= part
    return parse(told)


def keys(*parts: dict[str, Any], **values: Any) -> ChainKeys:
    found = KEYS.of(config(*parts, **values))
    assert found is not None
    return found


def test_an_end_from_which_a_longer_run_goes_on_is_kept() -> None:
    short, long, other = keys(epochs=2), keys(epochs=4), keys(MLM, epochs=4)
    assert wanted_epochs([short, long, other]) == {short.multitask[-1]}
    assert wanted_epochs([long, other]) == frozenset()


def test_an_end_from_which_another_stage_goes_on_is_kept() -> None:
    plain, behind = keys(), keys(ALONE)
    assert plain.multitask == behind.multitask
    assert wanted_epochs([plain, behind]) == {plain.multitask[-1]}


def test_nothing_is_kept_where_epochs_depend_on_the_total() -> None:
    assert wanted_epochs([keys(epochs=n, optimizer={"schedule": "cosine"}) for n in (2, 4)]) == frozenset()


def test_seed_by_seed_what_others_wait_for_first_then_the_shorter() -> None:
    cells: list[tuple[tuple[dict[str, Any], ...], int]]
    cells = [((), 4), ((MLM,), 2), ((MLM, SIMCSE), 2), ((SIMCSE,), 2), ((MLM, ALONE), 2)]
    runs = [config(*parts, seed=seed, epochs=epochs) for seed in (7, 3) for parts, epochs in cells]
    order = in_order([(run.seed, run.reported_epochs(), KEYS.of(run)) for run in runs])
    # of a seed: three share mlm, none of their other stages is shared; simcse after nothing is another stage
    assert order == [1, 2, 4, 3, 0, 6, 7, 9, 8, 5]
    plain = [config(epochs=n) for n in (4, 1, 2)]
    assert in_order([(run.seed, run.reported_epochs(), KEYS.of(run)) for run in plain]) == [1, 2, 0]


def test_a_run_needs_what_comes_after_the_last_stage_that_is_there() -> None:
    chain = keys(MLM, SIMCSE, epochs=3)
    first, second = (key for _, key in chain.before)
    wanted = {chain.multitask[1]}
    assert needed(chain, wanted, lambda key: False) == (first, second, chain.multitask[1])
    assert needed(chain, wanted, lambda key: key == second) == (chain.multitask[1],)
    assert needed(chain, wanted, lambda key: key == chain.multitask[0]) == (chain.multitask[1],)
    assert needed(chain, wanted, lambda key: key == chain.multitask[1]) == ()


def test_data_that_is_not_there_gives_no_keys() -> None:
    assert StageKeys(lambda _: {}, "cpu", 1).of(config()) is None


def request(label: str, *parts: dict[str, Any], **values: Any) -> Request:
    asked = config(*parts, **values)
    return Request("confirm", asked, {}, label, keys=KEYS.of(asked))


def put(store: StageStore, *found: str) -> None:
    for key in found:
        store.put(key, {"x": torch.zeros(1)}, {})


def test_a_run_whose_stage_is_being_computed_lets_others_pass_until_it_is_there(tmp_path: Path) -> None:
    store = StageStore(tmp_path)
    stages = StagesInProgress(store)
    one, two, plain = request("one", MLM), request("two", MLM, ALONE), request("plain")
    requests = [one, two, plain]
    waiting = Queue(lambda: requests.pop(0) if requests else None, stages)
    assert waiting.take() == one
    stages.began(1, one)
    assert waiting.take() == plain
    assert waiting.take() is None and waiting.held_back() == 1
    assert one.keys is not None
    put(store, one.keys.before[0][1])
    assert waiting.take() == two and waiting.held_back() == 0


def test_when_the_computing_run_has_failed_the_next_goes_on(tmp_path: Path) -> None:
    stages = StagesInProgress(StageStore(tmp_path))
    requests = [request("one", MLM), request("two", MLM, ALONE), request("three", MLM, epochs=5)]
    first, second, third = requests
    waiting = Queue(lambda: requests.pop(0) if requests else None, stages)
    stages.began(1, waiting.take() or first)
    assert waiting.take() is None
    stages.ended(1, well=False)
    assert waiting.take() == second
    stages.began(2, second)
    assert waiting.take() is None
    stages.ended(2, well=True)  # it did compute, and there was no room for what it computed
    stages.began(3, waiting.take() or first)
    assert stages.keys() == set() and third.label == "three"


def test_a_search_holds_back_only_so_many(tmp_path: Path) -> None:
    stages = StagesInProgress(StageStore(tmp_path))
    asked: list[int] = []

    def ask() -> Request:
        asked.append(len(asked))
        return request(f"trial {len(asked)}", MLM, batch_size=len(asked))

    waiting = Queue(ask, stages, most=2)
    first = waiting.take()
    assert first is not None
    stages.began(1, first)
    assert waiting.take() is None and waiting.take() is None and len(asked) == 3
    stages.ended(1, well=False)
    second = waiting.take()
    assert second is not None and second.label == "trial 2" and len(asked) == 3


def test_another_studys_claim_is_waited_for(tmp_path: Path) -> None:
    store = StageStore(tmp_path)
    one = request("one", MLM)
    assert one.keys is not None
    key = one.keys.before[0][1]
    claim = claims.take(tmp_path / "claims" / key)
    assert claim is not None
    requests = [one]
    waiting = Queue(lambda: requests.pop(0) if requests else None, StagesInProgress(store))
    assert waiting.take() is None
    claim.release()
    assert waiting.take() == one


def test_without_a_store_nobody_waits() -> None:
    stages = StagesInProgress(None)
    requests = [request("one", MLM), request("two", MLM, ALONE)]
    waiting = Queue(lambda: requests.pop(0) if requests else None, stages)
    for number in (1, 2):
        taken = waiting.take()
        assert taken is not None
        stages.began(number, taken)
    assert waiting.take() is None and waiting.held_back() == 0
