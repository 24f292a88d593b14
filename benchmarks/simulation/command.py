"""The command: repetitions of all worlds in processes of one thread each, and a Markdown table of their figures."""

from __future__ import annotations

import argparse
import re
import time
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from .database import StoredStudy
from .draw import draw
from .figures import Figure, figures
from .in_memory import replaced
from .others import PARTS
from .path import Reading, read
from .worlds import WORLDS, World

CHUNK = 250  # repetitions that share a database


def readings(world: World, repetitions: range) -> list[Reading]:
    """Return what is said of these studies; a repetition's number determines its study.

    Raises:
        AssertionError: the first study is read differently from the database and from memory.
    """
    stream = zlib.crc32(world.name.encode())
    studies = (draw(world, np.random.default_rng([stream, number])) for number in repetitions)
    first = next(studies)
    with StoredStudy(world, first) as stored:
        results = stored.results()
        found = [read(results, stored, first)]
        assert read(replaced(results, stored, first), stored, first) == found[0]
        return found + [read(replaced(results, stored, drawn), stored, drawn) for drawn in studies]


def measured(number: int, repetitions: int) -> dict[str, Figure]:
    """Return the figures of one part; each part has a random stream of its own."""
    return dict(PARTS[number](np.random.default_rng([2026, number]), repetitions))


def main() -> int:
    """Print every figure, those beyond their limits in bold; 1 if there are any."""
    given, started = _parser().parse_args(), time.perf_counter()
    missed = 0
    with ProcessPoolExecutor(given.workers) as pool:
        if re.search(given.only, "worlds"):
            missed += _print_worlds(pool, [w for w in WORLDS if re.search(given.world, w.name)], given.repetitions)
        for part in [i for i, each in enumerate(PARTS) if re.search(given.only, each.__name__)]:
            for name, figure in pool.submit(measured, part, given.repetitions).result().items():
                print(f"- {name}: {figure}", flush=True)
                missed += figure.missed
    print(
        f"\n{given.repetitions} repetitions, {(time.perf_counter() - started) / 60:.0f} min; {missed} figures missed."
    )
    return 1 if missed else 0


def _print_worlds(pool: ProcessPoolExecutor, worlds: Sequence[World], repetitions: int) -> int:
    """Print one line per world and return the number of figures beyond their limits."""
    chunks = [range(first, min(first + CHUNK, repetitions)) for first in range(0, repetitions, CHUNK)]
    running = [[pool.submit(readings, world, chunk) for chunk in chunks] for world in worlds]
    missed = 0
    for number, (world, futures) in enumerate(zip(worlds, running, strict=True)):
        columns = figures([reading for future in futures for reading in future.result()])
        print(*_lines(world, columns)[0 if number == 0 else -1 :], sep="\n", flush=True)
        missed += sum(figure.missed for figure in columns.values())
    return missed


def _lines(world: World, columns: dict[str, Figure]) -> list[str]:
    """Return the head of the table and the line of a world."""
    rows: Iterator[Sequence[object]] = iter(
        (["world", *columns], ["---"] * (len(columns) + 1), [world.name, *columns.values()])
    )
    return [f"| {' | '.join(map(str, row))} |" for row in rows]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="How often are the statistics right? Studies with planted effects.")
    parser.add_argument("--repetitions", type=int, default=500)
    parser.add_argument("--workers", type=int, default=2, help="processes of one thread each")
    parser.add_argument("--world", default="", metavar="REGEX", help="worlds whose name matches this")
    parts = ", ".join(["worlds", *(part.__name__ for part in PARTS)])
    parser.add_argument("--only", default="", metavar="REGEX", help=f"parts whose name matches this: {parts}")
    return parser
