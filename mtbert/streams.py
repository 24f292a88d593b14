"""Random streams: every draw of a run comes from (run seed, what it is for), never from a global generator.

So a stage gives the same bits whatever ran before in the process, and adding a part to a model does not change
how the other parts are initialised: two configurations with the same seed are paired as closely as can be.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from mtbert.seeds import derive as derive


def numpy_stream(seed: int, *purpose: str | int) -> np.random.Generator:
    """A numpy generator for one purpose."""
    return np.random.default_rng(derive(seed, *purpose))


@contextmanager
def torch_stream(seed: int, *purpose: str | int) -> Iterator[None]:
    """Inside, torch's global generators (dropout, initialisation) are seeded for one purpose; then put back."""
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_initialized() else []  # type: ignore[no-untyped-call]
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(derive(seed, *purpose))
        yield
