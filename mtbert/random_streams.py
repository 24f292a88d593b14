"""Random streams: every draw of a run depends on (run seed, purpose), never on a global generator.

A stage thus gives the same bits whatever ran before in the process, and adding a part to a model does not change how
the other parts are initialised: two configurations with the same seed are paired as closely as possible. Deriving a
seed imports neither numpy nor torch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def derive(seed: int, *purpose: str | int) -> int:
    """Derive a seed (63 bits) for one purpose by hash: other purposes and other run seeds give unrelated seeds."""
    text = "/".join(str(part) for part in (seed, *purpose))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1


def numpy_stream(seed: int, *purpose: str | int) -> np.random.Generator:
    """Return a numpy generator for one purpose."""
    import numpy as np

    return np.random.default_rng(derive(seed, *purpose))


@contextmanager
def torch_stream(seed: int, *purpose: str | int) -> Iterator[None]:
    """Seed torch's global generators (dropout, initialisation) for one purpose, and restore them afterwards."""
    import torch

    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_initialized() else []  # type: ignore[no-untyped-call]
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(derive(seed, *purpose))
        yield
