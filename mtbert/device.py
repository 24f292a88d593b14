"""The device that computes: tensors copied to it, and the most memory that a run has held on it."""

from __future__ import annotations

import contextlib
import resource
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_OWN = Path("/proc/self")
_RESET_PEAK = "5"  # proc(5), clear_refs: the peak becomes what is resident now; Linux 4.0


def moved(values: Tensor | NDArray[Any], device: torch.device | str) -> Tensor:
    """Return what lies on the CPU, on `device`: copied from pinned memory while the program goes on; there already, it
    stays.

    torch keeps the pinned memory until the copy is done.
    """
    tensor = torch.from_numpy(np.ascontiguousarray(values)) if isinstance(values, np.ndarray) else values
    kind = torch.device(device).type
    if tensor.device.type == kind:
        return tensor
    return tensor.pin_memory().to(device, non_blocking=True) if kind == "cuda" else tensor.to(device)


def forget_peak(device: str) -> None:
    """Count the peak from now on: what this process held before is no part of the run.

    Where that cannot be done (not Linux), the peak stays that of the whole process.
    """
    if device.startswith("cuda"):
        torch.cuda.reset_peak_memory_stats(device)
        return
    with contextlib.suppress(OSError):
        (_OWN / "clear_refs").write_text(_RESET_PEAK)


def peak_memory_bytes(device: str) -> int:
    """Return the most memory since `forget_peak`: on a GPU what torch allocated there, else this process's resident
    memory.

    Resident memory has Python and its libraries in it, some hundred MB, as every process that uses the model does.
    """
    if device.startswith("cuda"):
        return torch.cuda.max_memory_allocated(device)
    with contextlib.suppress(OSError, ValueError):
        return _resident_peak()
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux kibibytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _resident_peak() -> int:
    """Linux's high-water mark of resident memory (VmHWM); raises `OSError` or `ValueError` where there is none."""
    for line in (_OWN / "status").read_text().splitlines():
        name, _, amount = line.partition(":")
        if name == "VmHWM":
            return int(amount.removesuffix("kB")) * 1024
    raise ValueError("no VmHWM")
