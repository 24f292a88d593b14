"""The device that computes: tensors copied to it, and the peak memory of a run."""

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
_RESET_PEAK = "5"  # proc(5), clear_refs: resets the peak to the current size; Linux 4.0


def moved(values: Tensor | NDArray[Any], device: torch.device | str) -> Tensor:
    """Return `values`, which are on the CPU, on `device`; a GPU copies from pinned memory while the program continues.

    torch keeps the pinned memory until the copy is done. Values that are on the device already are returned as they
    are.
    """
    tensor = torch.from_numpy(np.ascontiguousarray(values)) if isinstance(values, np.ndarray) else values
    kind = torch.device(device).type
    if tensor.device.type == kind:
        return tensor
    return tensor.pin_memory().to(device, non_blocking=True) if kind == "cuda" else tensor.to(device)


def forget_peak(device: str) -> None:
    """Count the peak memory from now on: what this process held before is not part of the run.

    Where that is not possible (not on Linux), the peak remains that of the whole process.
    """
    if device.startswith("cuda"):
        torch.cuda.reset_peak_memory_stats(device)
        return
    with contextlib.suppress(OSError):
        (_OWN / "clear_refs").write_text(_RESET_PEAK)


def peak_memory_bytes(device: str) -> int:
    """Return the peak memory since `forget_peak`: torch's allocations on a GPU, else resident memory.

    Resident memory includes Python and its libraries, some hundred MB, as for every process that uses the model.
    """
    if device.startswith("cuda"):
        return torch.cuda.max_memory_allocated(device)
    with contextlib.suppress(OSError, ValueError):
        return _resident_peak()
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux kibibytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _resident_peak() -> int:
    """Return Linux's high-water mark of resident memory (VmHWM).

    Raises:
        OSError, ValueError: the system does not report it.
    """
    for line in (_OWN / "status").read_text().splitlines():
        name, _, amount = line.partition(":")
        if name == "VmHWM":
            return int(amount.removesuffix("kB")) * 1024
    raise ValueError("no VmHWM")
