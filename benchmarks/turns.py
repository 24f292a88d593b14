"""Peers of a benchmark, each in processes of its own, measured in turns so that all meet the same machine."""

from __future__ import annotations

import multiprocessing
import os
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any
from unittest import mock

Turn = Callable[[], Mapping[str, float]]


@dataclass(frozen=True)
class Peer:
    """`make(*arguments)` prepares and gives what a turn is; `processes` of it work at once, `threads` each.

    A turn gives numbers, `seconds` among them. `environment` is what the processes are started with beside ours.
    """

    name: str
    make: Callable[..., Turn]
    arguments: tuple[Any, ...]
    processes: int
    threads: int
    environment: Mapping[str, str] = field(default_factory=dict)


class Running:
    """The processes of a peer, prepared and waiting."""

    def __init__(self, peer: Peer) -> None:
        context = multiprocessing.get_context("spawn")
        self.peer, self._pipes, self._processes = peer, [], []
        for _ in range(peer.processes):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(peer, theirs), daemon=True)
            with mock.patch.dict(os.environ, peer.environment):
                process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)
        for pipe in self._pipes:
            pipe.recv()  # prepared

    def turn(self) -> list[dict[str, float]]:
        """One turn of all processes at once; what each measured."""
        for pipe in self._pipes:
            pipe.send(True)
        return [pipe.recv() for pipe in self._pipes]

    def end(self) -> None:
        """Let the processes go."""
        for pipe, process in zip(self._pipes, self._processes, strict=True):
            pipe.close()
            process.join()


def in_turns(peers: Sequence[Peer], turns: int, told: Callable[[str], None]) -> dict[str, list[list[dict[str, float]]]]:
    """What all peers measured: by name, for each turn, for each process. The first turn warms up and is left out."""
    running = [Running(peer) for peer in peers]
    results: dict[str, list[list[dict[str, float]]]] = {peer.name: [] for peer in peers}
    for turn in range(turns + 1):
        for one in running:
            measured = one.turn()
            if turn:
                results[one.peer.name].append(measured)
        told(f"turn {turn} of {turns}")
    for one in running:
        one.end()
    return results


def rate(turns: Iterable[Sequence[Mapping[str, float]]], amount: str) -> float:
    """The median over turns of what all processes together do in a second of `amount`."""
    return statistics.median(sum(one[amount] / one["seconds"] for one in turn) for turn in turns)


def _serve(peer: Peer, pipe: Connection) -> None:
    os.environ["OMP_NUM_THREADS"] = str(peer.threads)
    import torch

    torch.set_num_threads(peer.threads)
    turn = peer.make(*peer.arguments)
    pipe.send("ready")
    while True:
        try:
            pipe.recv()
        except EOFError:
            return
        pipe.send(dict(turn()))
