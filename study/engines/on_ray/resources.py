"""How many runs fit on the nodes of a cluster at a time: one CPU a run, and a share of a GPU where there are GPUs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from study.engines.abstract import runs_per_gpu


def gpus_per_run(nodes: Iterable[Mapping[str, float]], asked: float | None) -> float:
    """Return the share of a GPU that a run takes: what was asked for, else a whole one; 0 in a cluster without GPUs."""
    return (asked or 1.0) if any(node.get("GPU", 0) >= 1 for node in nodes) else 0.0


def room(nodes: Iterable[Mapping[str, float]], share: float) -> int:
    """Return the runs that these nodes (resource -> amount) can carry out at a time, each taking `share` of a GPU."""
    total = 0
    for node in nodes:
        cpus = int(node.get("CPU", 0))
        total += min(cpus, int(node.get("GPU", 0)) * runs_per_gpu(share)) if share else cpus
    return total
