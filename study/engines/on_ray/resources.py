"""The number of runs that fit on a cluster: each takes one CPU, and a fraction of a GPU if there are GPUs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from study.engines.abstract import runs_per_gpu


def gpus_per_run(nodes: Iterable[Mapping[str, float]], requested: float | None) -> float:
    """Return the fraction of a GPU per run: as requested, by default 1; 0 in a cluster without GPUs."""
    return (requested or 1.0) if any(node.get("GPU", 0) >= 1 for node in nodes) else 0.0


def concurrent_runs(nodes: Iterable[Mapping[str, float]], share: float) -> int:
    """Return the number of runs that fit on these nodes (resource -> amount), each taking `share` of a GPU."""
    total = 0
    for node in nodes:
        cpus = int(node.get("CPU", 0))
        total += min(cpus, int(node.get("GPU", 0)) * runs_per_gpu(share)) if share else cpus
    return total
