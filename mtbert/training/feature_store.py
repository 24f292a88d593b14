"""Arrays that are computed once: kept in memory, in a private file, or in a file that other runs read too.

A file holds the rows, then a trailer of fixed length with their type, their number and their SHA-256, so that a file
that is cut off, changed or of another key is detected. It is mapped, not read: the operating system keeps in memory
what fits. The trailer also has the cost of computing the rows, so that a run that reads them knows what it saved.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import mmap
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mtbert.device import moved, peak_memory_bytes

_log = logging.getLogger(__name__)

TRAILER_BYTES = 512

MEMORY_BYTES = 128 * 2**20  # a larger array is kept in a file

# Yields the rows of an array from the first to the last, in blocks (rows, width); called again after a failed write.
Blocks = Callable[[], Iterator[Tensor]]


@dataclass(frozen=True, eq=False)
class Features:
    """The values computed for each sentence: rows starts[i] to starts[i] + lengths[i] - 1 of `values` (rows, width)."""

    values: Tensor
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]

    def rows(self, sentences: NDArray[np.int64], device: torch.device) -> tuple[Tensor, Tensor]:
        """Return features (sentences, tokens, width) padded to the longest, and a mask (sentences, tokens).

        Padding repeats the sentence's first row: any finite numbers will do.
        """
        mask = self.mask(sentences)
        places = self.starts[sentences][:, None] + np.where(mask, np.arange(mask.shape[1]), 0)
        states = self.values.index_select(0, moved(places.ravel(), self.values.device)).view(*mask.shape, -1)
        return moved(states, device), moved(mask, device)

    def mask(self, sentences: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which of the rows that `rows` returns are not padding, (sentences, tokens)."""
        lengths = self.lengths[sentences]
        real: NDArray[np.bool_] = np.arange(lengths.max()) < lengths[:, None]
        return real


@dataclass(frozen=True, eq=False)
class Kept:
    """Rows (rows, width) and the cost of computing them: seconds, and the peak memory of that process by then.

    `shared`: another run computed them.
    """

    values: Tensor
    seconds: float
    peak_memory_bytes: int
    shared: bool = False


class TimedBlocks:
    """Blocks whose computation is timed: `seconds` and the peak memory are known once all were computed."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self.seconds, self.peak_memory_bytes = 0.0, 0

    def __call__(self) -> Iterator[Tensor]:
        """Yield the blocks, from the first."""
        self.seconds, began = 0.0, time.perf_counter()
        for block in self._blocks():
            if block.is_cuda:
                torch.cuda.synchronize(block.device)
            self.seconds += time.perf_counter() - began
            yield block
            began = time.perf_counter()
        self.peak_memory_bytes = peak_memory_bytes(str(block.device))

    def kept(self, values: Tensor) -> Kept:
        """Return rows made of the blocks, with the cost of computing them."""
        return Kept(values, self.seconds, self.peak_memory_bytes)


@dataclass(frozen=True)
class FeatureStore:
    """A store of arrays: in files in the folder `shared`, where other runs find them by their keys.

    If that is None: in memory up to `memory_bytes`, else in a temporary file that disappears with its array.
    """

    shared: Path | None = None
    memory_bytes: int = MEMORY_BYTES

    def keep(self, blocks: Blocks, size: int, key: str) -> Kept:
        """Return the rows, of `size` bytes, and keep them.

        If a file cannot be written (a full disk), there is a warning, and they are not shared, or stay in memory.
        """
        if self.shared is not None:
            with _warning("features are not shared with other runs"):
                return in_shared_file(blocks, self.shared / f"{key}.features", key)
        timed = TimedBlocks(blocks)
        if size > self.memory_bytes:
            with _warning("features stay in memory"):
                return timed.kept(in_hidden_file(timed))
        return timed.kept(in_memory(timed))


@contextlib.contextmanager
def _warning(consequence: str) -> Iterator[None]:
    """Turn the failure to write a file into a warning that names the consequence."""
    try:
        yield
    except OSError as error:
        _log.warning("%s, a file cannot be written: %s", consequence, error)


def in_memory(blocks: Blocks) -> Tensor:
    """Return the rows (rows, width) on the device of the blocks."""
    return torch.cat(list(blocks()))


def in_hidden_file(blocks: Blocks) -> Tensor:
    """Return the rows (rows, width), mapped from a nameless temporary file that disappears with them."""
    with tempfile.TemporaryFile() as file:
        _write(TimedBlocks(blocks), file, key="")
        return _map(file, key="").values


def in_shared_file(blocks: Blocks, path: Path, key: str) -> Kept:
    """Return the rows stored at `path` under `key`, mapped; computed and written if there are none.

    They are written under a temporary name, so that there is never half a file. A damaged file is replaced. Its time of
    change is that of its last use, so that the least recently used one can be found.
    """
    try:
        with path.open("rb") as file:
            stored = _map(file, key)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except (OSError, ValueError) as error:
        _log.warning("%s is damaged (%s): computed again", path, error)
    else:
        with contextlib.suppress(OSError):
            os.utime(path)
        return replace(stored, shared=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            _write(TimedBlocks(blocks), file, key)
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise
        return _map(file, key)


def _write(blocks: TimedBlocks, file: IO[bytes], key: str) -> None:
    """Write the rows and their trailer, and sync the file to disk."""
    digest, rows = hashlib.sha256(), 0
    for block in blocks():
        raw = block.detach().cpu().contiguous().view(torch.uint8).numpy()  # numpy has no bfloat16
        file.write(raw.data)
        digest.update(raw.data)
        rows += len(block)
    kind = str(block.dtype).removeprefix("torch.")
    trailer: dict[str, Any] = {
        "key": key,
        "dtype": kind,
        "rows": rows,
        "width": block.shape[1],
        "sha256": digest.hexdigest(),
    }
    trailer |= {"seconds": blocks.seconds, "peak_memory_bytes": blocks.peak_memory_bytes}
    file.write(json.dumps(trailer).encode().ljust(TRAILER_BYTES))
    file.flush()
    os.fsync(file.fileno())


def _map(file: IO[bytes], key: str) -> Kept:
    """Return what `_write` wrote.

    Raises:
        ValueError: the file is not what `_write` wrote under this key.
    """
    # Copy on write: torch requires writable memory, and nothing may be written to the file.
    mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    size = max(0, len(mapped) - TRAILER_BYTES)
    try:
        trailer: dict[str, Any] = json.loads(mapped[size:])
        rows, width, kind = int(trailer["rows"]), int(trailer["width"]), getattr(torch, trailer["dtype"])
        cost = float(trailer["seconds"]), int(trailer["peak_memory_bytes"])
        stated, actual = (
            (trailer["key"], trailer["sha256"]),
            (key, hashlib.sha256(memoryview(mapped)[:size]).hexdigest()),
        )
    except (KeyError, TypeError, AttributeError, UnicodeDecodeError) as error:
        raise ValueError(f"no trailer: {error}") from None
    if stated != actual or not isinstance(kind, torch.dtype) or rows * width * kind.itemsize != size:
        raise ValueError("its contents are not what was written under this key")
    return Kept(torch.frombuffer(mapped, dtype=kind, count=rows * width).view(rows, width), *cost)
