"""What a run costs beside its training: a worker forked from the server against a fresh process; and its memory.

    python benchmarks/worker.py

Trains a few steps of MiniLM in both kinds of process, in turns. Prints seconds from start to first step, peak
memory, and the ratio last.
"""

from __future__ import annotations

import multiprocessing
import statistics
import time
from multiprocessing.connection import Connection

TURNS = 3
CONFIG = {"data": {"train_examples": 24, "dev_examples": 16}, "multitask": {"epochs": 1}}


def work(pipe: Connection) -> None:
    """One short run of the baseline on made-up data."""
    import torch

    from mtbert.config import parse
    from mtbert.data.load import load_corpus
    from mtbert.run import prepare_data, run

    torch.set_num_threads(1)
    config = parse(CONFIG)
    data = prepare_data(config, load_corpus("demo", tuple(config.tasks)))
    began = time.perf_counter()
    outcome = run(config, data, lambda _: True)
    inside = outcome.train_seconds + outcome.eval_seconds
    pipe.send((time.perf_counter() - began - inside, inside, outcome.peak_memory_bytes))


def around(context: multiprocessing.context.BaseContext) -> tuple[float, float]:
    """Seconds from starting a process to the end of its run, training and evaluation left out; peak memory in MB."""
    ours, theirs = multiprocessing.Pipe()
    began = time.perf_counter()
    process = context.Process(target=work, args=(theirs,))  # type: ignore[attr-defined]
    process.start()
    _, inside, memory = ours.recv()
    process.join()
    return time.perf_counter() - began - inside, memory / 1e6


def main() -> None:
    """Measure and print."""
    forked, fresh = multiprocessing.get_context("forkserver"), multiprocessing.get_context("spawn")
    forked.set_forkserver_preload(["study.trainers.bert.worker", "torch._dynamo"])
    around(forked)  # starts the server: once a study
    times: dict[str, list[float]] = {"forked": [], "fresh": []}
    memory = 0.0
    for _ in range(TURNS):
        for name, context in (("forked", forked), ("fresh", fresh)):
            seconds, megabytes = around(context)
            times[name].append(seconds)
            memory = max(memory, megabytes)
    medians = {name: statistics.median(found) for name, found in times.items()}
    print(f"around a run of MiniLM: forked {medians['forked']:.2f} s, fresh process {medians['fresh']:.2f} s")
    print(f"peak memory of a worker: {memory:,.0f} MB")
    print(f"ratio fresh / forked: {medians['fresh'] / medians['forked']:.1f}")


if __name__ == "__main__":
    main()
