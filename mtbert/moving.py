"""From memory to the device that computes: a GPU copies by itself, and nothing waits for it."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def moved(values: Tensor | NDArray[Any], device: torch.device | str) -> Tensor:
    """What lies on the CPU, on `device`: copied from pinned memory while the program goes on; there already, it stays.

    torch keeps the pinned memory until the copy is done.
    """
    tensor = torch.from_numpy(np.ascontiguousarray(values)) if isinstance(values, np.ndarray) else values
    kind = torch.device(device).type
    if tensor.device.type == kind:
        return tensor
    return tensor.pin_memory().to(device, non_blocking=True) if kind == "cuda" else tensor.to(device)
