"""How many runs an hour one and two workers do, each of one thread: what a second core is worth.

    python benchmarks/scaling.py [--turns 5] [--precision float32|bfloat16]

A run is MiniLM with its baseline on a few real examples a task, model building and evaluation included, as a worker
carries it out. One worker and two take turns; two do two runs at once.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from turns import Peer, Turn, in_turns, rate

from mtbert.config import parse
from mtbert.data.load import load_corpus
from mtbert.run import prepare_data, run

EXAMPLES = 64  # a task


def worker(precision: str, data: str) -> Turn:
    """One run."""
    config = parse(
        {
            "precision": precision,
            "data": {"train_examples": EXAMPLES, "dev_examples": EXAMPLES},
            "multitask": {"epochs": 1},
        }
    )
    rows = prepare_data(config, load_corpus(data, tuple(config.tasks)))

    def turn() -> Mapping[str, float]:
        began = time.perf_counter()
        run(config, rows, lambda _: True)
        return {"seconds": time.perf_counter() - began, "runs": 1}

    return turn


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    parser.add_argument("--data", default=os.environ.get("MTBERT_DATA", str(folder)))
    options = parser.parse_args()
    peers = [Peer(f"{n} workers", worker, (options.precision, options.data), n, 1) for n in (1, 2)]
    found = in_turns(peers, options.turns, lambda text: print(text, file=sys.stderr, flush=True))
    hourly = {name: 3600 * rate(turns, "runs") for name, turns in found.items()}
    for name, value in hourly.items():
        print(f"{name} in {options.precision}: {value:.0f} runs an hour")
    print(f"two workers do {hourly['2 workers'] / hourly['1 workers']:.2f} times the work of one")


if __name__ == "__main__":
    main()
