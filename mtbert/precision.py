"""The precision in which a model computes: float32, or bfloat16 where that is exact enough (autocast)."""

from __future__ import annotations

import torch

from mtbert.config.parts import Precision

AMPERE = (8, 0)  # the first CUDA capability with bfloat16 matrix products


def autocast(precision: Precision, device: torch.device) -> torch.autocast:
    """Return a context in which matrix products (and what torch runs with them) are computed in `precision`.

    Parameters, their gradients and the optimizer's state stay float32. Weights are cast once within the outermost
    context.
    """
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bfloat16")


def native_precision(device: str) -> Precision:
    """Return bfloat16 if the device multiplies faster in it (AVX-512 BF16, AMX, CUDA 8.0), else float32."""
    if device.startswith("cuda"):
        return "bfloat16" if torch.cuda.get_device_capability(device) >= AMPERE else "float32"
    return "bfloat16" if torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported() else "float32"


def slow(precision: Precision, device: str) -> str | None:
    """Return a warning if `precision` is no faster on a device (results are correct all the same), else None."""
    if precision == "float32" or native_precision(device) == precision:
        return None
    lacks = "GPU is older than Ampere" if device.startswith("cuda") else "processor has neither AVX-512 BF16 nor AMX"
    return f"{precision} is slower than float32 here, up to ten times and more: this {lacks}"
