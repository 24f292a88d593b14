"""Tune's search algorithm over the driver's queue, as Tune calls it; no Ray is started."""

from __future__ import annotations

import pickle

from ray.exceptions import ActorDiedError, OutOfMemoryError
from ray.tune.search import Searcher

from study.engines.on_ray.bridge import JobSearcher, failed_trial
from study.engines.on_ray.queue import Jobs


def test_it_suggests_what_is_queued_and_ends_when_the_driver_does() -> None:
    jobs = Jobs()
    searcher = JobSearcher(jobs)
    jobs.add(5)
    assert searcher.suggest("a") == {"run_id": 5}
    assert searcher.suggest("b") is None
    searcher.on_trial_complete("a", result=None, error=True)
    assert jobs.busy == 0
    jobs.add(6)
    jobs.finish()
    assert searcher.suggest("c") == {"run_id": 6}  # what was queued before the end is still carried out
    assert searcher.suggest("d") == Searcher.FINISHED


def test_tune_can_write_it_to_its_folder() -> None:
    assert isinstance(pickle.loads(pickle.dumps(JobSearcher(Jobs()))), JobSearcher)


def test_rays_errors_have_our_reasons() -> None:
    died = failed_trial(1, "t", ActorDiedError())
    assert died.reason == "worker_died" and died.detail.startswith("the Ray worker died: ")
    assert failed_trial(1, "t", OutOfMemoryError("node is full")).reason == "out_of_memory"
    assert failed_trial(1, "t", RuntimeError("bad")).reason == "error"
    assert failed_trial(1, "t", None).detail == "the Ray worker failed: Ray gives no reason"
