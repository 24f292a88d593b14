"""Several runs on one GPU: how many a share allows."""

from __future__ import annotations

import math

ROUNDING = 1e-9  # 1 / 0.1 must be 10


def runs_per_gpu(share: float) -> int:
    """How many runs that take `share` (above 0, at most 1) of a GPU fit on one."""
    return math.floor(1 / share + ROUNDING)
