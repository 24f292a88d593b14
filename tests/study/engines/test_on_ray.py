"""The ray engine's decisions, without Ray: which trial gets which run, what the ends mean, how many fit."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import struct
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from study.engines import choose
from study.engines.abstract import AbstractEngine, EngineLost, runs_per_gpu
from study.engines.on_ray import run_job
from study.engines.on_ray.mailbox import Exchange
from study.engines.on_ray.messages import NodeUnfit, ToExchange, TrialOver
from study.engines.on_ray.queue import Jobs
from study.engines.on_ray.resources import concurrent_runs, gpus_per_run
from study.engines.ray_tune import RayEngine
from study.messages import EpochDone, EvaluationDone, Event, Job, RunFailed, RunPlaced


def epoch(run_id: int, number: int = 1) -> EpochDone:
    return EpochDone(run_id, number, 0.1, 0.5, {})


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """A wait for a job takes a minute, as `at_once` would notice; the function ends that."""
    monkeypatch.setattr("study.engines.on_ray.queue.IDLE_WAIT_SECONDS", 60.0)
    return lambda: monkeypatch.setattr("study.engines.on_ray.queue.IDLE_WAIT_SECONDS", 0.01)


@contextlib.contextmanager
def at_once() -> Iterator[None]:
    """Nothing was waited for, however slow the machine is."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < 30


@pytest.mark.usefixtures("patient")
def test_trials_get_the_queued_runs_in_order_and_then_nothing() -> None:
    jobs = Jobs()
    jobs.add(7)
    jobs.add(8)
    assert [jobs.next(), jobs.next()] == [7, 8]
    with at_once():  # Tune has running trials to look after
        assert jobs.next() is None and jobs.busy == 2


def test_with_no_trial_under_way_the_next_job_is_waited_for(patient: Callable[[], None]) -> None:
    jobs = Jobs()
    threading.Timer(0.05, jobs.add, (3,)).start()
    assert jobs.next() == 3
    jobs.trial_ended()
    patient()
    assert jobs.next() is None and not jobs.finished


@pytest.mark.usefixtures("patient")
def test_the_end_is_heard_at_once() -> None:
    jobs = Jobs()
    threading.Timer(0.05, jobs.finish).start()
    with at_once():
        assert jobs.next() is None and jobs.finished and jobs.busy == 0


def test_a_run_has_ended_when_its_trial_has() -> None:
    jobs, done = Jobs(), EvaluationDone(1, {}, {})
    assert jobs.events_after(RunPlaced(1, "t", "h")) == [RunPlaced(1, "t", "h")]
    assert jobs.events_after(epoch(1)) == [epoch(1)]
    assert jobs.events_after(done) == []
    assert jobs.events_after(TrialOver(1, "t")) == [done]


def test_a_last_word_counts_though_the_worker_died_after_it() -> None:
    jobs, done = Jobs(), EvaluationDone(1, {}, {})
    jobs.events_after(done)
    assert jobs.events_after(TrialOver(1, "t", "worker_died", "killed")) == [done]


def test_a_worker_that_died_without_a_word_is_a_failed_run_with_its_trial() -> None:
    jobs = Jobs()
    over = TrialOver(1, "t", "worker_died", "killed", "trace")
    assert jobs.events_after(over) == [RunPlaced(1, "t", None), RunFailed(1, "worker_died", "killed", "trace")]
    jobs.events_after(RunPlaced(1, "u", "h"))
    assert jobs.events_after(TrialOver(1, "u")) == [RunFailed(1, "error", "the trial ended without a result")]


def test_a_bridge_that_ends_in_the_middle_of_a_message_is_a_lost_engine(tmp_path: Path) -> None:
    engine = RayEngine.__new__(RayEngine)  # connected to no Ray
    engine._pipe, bridge = multiprocessing.Pipe()
    engine._scratch, engine._trouble, engine._running = tmp_path, None, {1}
    os.write(bridge.fileno(), struct.pack("!i", 1000) + b"what came of 1000 bytes")
    bridge.close()
    with pytest.raises(EngineLost, match="The Ray cluster is gone"):
        engine.events(1.0)
    engine.answer(1, go_on=True)  # `events` has told it
    engine._pipe.close()


def carried_out(talk: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """In a thread of its own: the loop of a browser that other tests of this process drive runs in this one."""
    with ThreadPoolExecutor(1) as apart:
        apart.submit(lambda: asyncio.run(talk())).result()


def test_a_worker_waits_for_the_answer_to_its_own_run() -> None:
    async def talk() -> None:
        exchange = Exchange()
        asked = [asyncio.create_task(exchange.ask(epoch(run), f"t{run}")) for run in (1, 2)]
        assert await exchange.take() == [epoch(1), epoch(2)]
        await exchange.answer(2, False)
        await exchange.answer(3, True)  # a run that is gone
        assert await asked[1] is False and not asked[0].done()
        await exchange.answer(1, True)
        assert await asked[0] is True

    carried_out(talk)


def test_a_job_is_fetched_once() -> None:
    async def talk() -> None:
        exchange, job = Exchange(), Job(1, "train", {}, Path())
        await exchange.put(job)
        assert await exchange.job(1, "t") is job
        with pytest.raises(KeyError):
            await exchange.job(1, "t")

    carried_out(talk)


def test_nothing_is_heard_of_a_trial_that_was_given_up_for_dead() -> None:
    """Its node was cut off, Ray said that it had died, and the run was started again: then the node is back."""

    async def talk() -> None:
        exchange, job = Exchange(), Job(1, "train", {}, Path())
        asked = asyncio.create_task(exchange.ask(epoch(1), "dead"))
        await asyncio.sleep(0)
        over = TrialOver(1, "dead", "worker_died", "cut off")
        await exchange.send(over)
        assert await asked is False  # it need not wait for ever
        await exchange.put(job)
        with pytest.raises(KeyError):  # the job is not for this trial
            await exchange.job(1, "dead")
        assert await exchange.job(1, "new") is job
        assert await exchange.ask(epoch(1, 2), "dead") is False
        await exchange.send(EvaluationDone(1, {}, {}), "dead")
        waiting = asyncio.create_task(exchange.ask(epoch(1), "new"))
        await asyncio.sleep(0)
        assert await exchange.take() == [epoch(1), over, epoch(1)]
        await exchange.answer(1, True)
        assert await waiting is True

    carried_out(talk)


class OneRun(AbstractEngine):
    """Reports two epochs as far as it is told to go on, then the end."""

    name = "one"
    workers = 1

    def __init__(self) -> None:
        self.waiting: list[Event] = []
        self.answers: list[bool] = []

    def device(self) -> str:
        return "cpu"

    def start(self, job: Job) -> None:
        self.waiting = [epoch(job.run_id)]

    def events(self, timeout: float) -> list[Event]:
        found, self.waiting = self.waiting, []
        return found

    def answer(self, run_id: int, go_on: bool) -> None:
        self.answers.append(go_on)
        again = go_on and len(self.answers) < 2
        self.waiting = [epoch(run_id, 2) if again else EvaluationDone(run_id, {}, {})]

    def kill(self, run_id: int) -> None:
        self.waiting = []

    def stop(self) -> None:
        pass


class Heard:
    """A line whose driver answers as `goes_on` says."""

    def __init__(self, goes_on: Callable[[EpochDone], bool]) -> None:
        self.told: list[ToExchange] = []
        self._goes_on = goes_on

    def send(self, message: ToExchange) -> None:
        self.told.append(message)

    def ask(self, epoch: EpochDone) -> bool:
        self.told.append(epoch)
        return self._goes_on(epoch)


def test_a_worker_tells_its_place_every_epoch_and_the_end(tmp_path: Path) -> None:
    line, engine = Heard(lambda epoch: epoch.epoch < 2), OneRun()
    run_job.run_job(Job(4, "train", {}, tmp_path), engine, line, "t", "h")
    placed, first, second, end = line.told
    assert (placed, first, second) == (RunPlaced(4, "t", "h"), epoch(4), epoch(4, 2))
    assert isinstance(end, EvaluationDone) and engine.answers == [True, False]


def test_a_node_without_the_data_says_so_and_begins_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_job, "FOLDER_SECONDS", 0.1)
    line, engine = Heard(lambda epoch: True), OneRun()
    run_job.run_job(Job(4, "train", {}, tmp_path / "nowhere"), engine, line, "t", "node-7")
    assert isinstance(line.told[-1], NodeUnfit)
    assert f"node-7 has no folder {tmp_path / 'nowhere'}" in line.told[-1].message
    assert engine.waiting == []


@pytest.mark.parametrize(("share", "runs"), [(1.0, 1), (0.5, 2), (0.4, 2), (0.25, 4), (0.1, 10), (0.3, 3)])
def test_a_share_of_a_gpu_allows_so_many_runs(share: float, runs: int) -> None:
    assert runs_per_gpu(share) == runs


def test_a_cluster_has_room_for_what_its_nodes_have() -> None:
    cpus = [{"CPU": 4.0}, {"CPU": 2.0, "memory": 1e9}]
    assert (gpus_per_run(cpus, 0.5), concurrent_runs(cpus, 0.0)) == (0.0, 6)
    gpus = [{"CPU": 16.0, "GPU": 2.0}, {"CPU": 3.0, "GPU": 4.0}, {"CPU": 8.0}]
    assert gpus_per_run(gpus, None) == 1.0
    assert concurrent_runs(gpus, 1.0) == 2 + 3  # the second node has too few cores for its GPUs, the third no GPU
    assert concurrent_runs(gpus, gpus_per_run(gpus, 0.25)) == 8 + 3


def test_local_runs_share_a_gpu_where_asked() -> None:
    from study.arguments import parse
    from study.trainers.custom.trainer import CustomTrainer

    class TwoGpus(CustomTrainer):
        def __init__(self) -> None:
            pass

        def devices(self) -> tuple[str, ...]:
            return "cuda:0", "cuda:1"

    def workers(*arguments: str) -> int:
        with choose.engine(parse(arguments), TwoGpus()) as engine:
            return engine.workers

    assert (workers(), workers("--gpus-per-run", "0.25"), workers("--workers", "3")) == (2, 8, 3)
