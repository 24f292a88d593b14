"""The store: a folder of finished stages, each complete or absent, verified when read; old ones are deleted.

<folder>/<first two digits of the key>/<key>/state.safetensors    tensors
                                             entry.json           other data, and the tensors' SHA-256
<folder>/features/           features of frozen parts, see `mtbert.training.feature_store`
<folder>/claims/<key>        who computes it now
<folder>/damaged/<key>       entries whose content is not what was written, kept for inspection
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError

from mtbert.atomic_files import sha256_of, sync
from mtbert.stage_store import claims
from mtbert.stage_store.claims import Claim

if TYPE_CHECKING:  # inspecting a store needs no torch
    from torch import Tensor

STATE, ENTRY, FEATURES, CLAIMS, DAMAGED = "state.safetensors", "entry.json", "features", "claims", "damaged"
# The names of files in each folder; those that begin with a dot are unfinished, or being removed.
_KEY = "[0-9a-f]{64}"
_NAMES: Mapping[str, str] = {
    FEATURES: rf"{_KEY}\.features|\.{_KEY}\.features\..+",
    CLAIMS: rf"{_KEY}|\.{_KEY}\..+",
    DAMAGED: _KEY,
}
WAIT_SECONDS = 0.2
FORMAT = 1

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Entry:
    """One finished stage: tensors by name, and plain data."""

    tensors: Mapping[str, Tensor]
    data: Mapping[str, Any]


@dataclass(frozen=True)
class Fault:
    """A fault that `verify` found: a key, and what is wrong with its entry."""

    key: str
    message: str


class StageStore:
    """Finished stages in `folder`, together at most `limit_bytes` (None: no limit).

    Many processes may use one folder. If the store cannot be written, because of a full disk for example, it says so
    once in the log and in `trouble` and stores nothing from then on: runs continue without it.
    """

    def __init__(self, folder: Path, limit_bytes: int | None = None) -> None:
        self.folder, self.limit_bytes = folder, limit_bytes
        self.trouble: str | None = None

    def has(self, key: str) -> bool:
        """Return whether there is an entry; it is verified only when it is read."""
        return (self._place(key) / ENTRY).is_file()

    def find(self, key: str) -> Entry | None:
        """Return the entry, None if there is none; a damaged one is set aside. Counts as a use."""
        place = self._place(key)
        if not (place / ENTRY).is_file():
            return None
        try:
            entry = _read(place)
            os.utime(place / ENTRY)
        except FileNotFoundError:
            return None  # deleted just now, to make room
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            self._set_aside(key, str(error))
            return None
        return entry

    def put(self, key: str, tensors: Mapping[str, Tensor], data: Mapping[str, Any]) -> None:
        """Store an entry, then delete old ones if there are too many; an existing entry stays."""
        if self.trouble is not None or self.has(key):
            return
        place = self._place(key)
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            temporary = Path(tempfile.mkdtemp(prefix=f".{key[:8]}.", dir=place.parent))
            try:
                _write(temporary, tensors, data)
                temporary.rename(place)
                sync(place.parent)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
            self.make_room()
        except (OSError, SafetensorError) as error:
            if not self.has(key):  # otherwise another process stored the same bits first
                self._give_up(error)

    def claim(self, key: str) -> Claim | None:
        """Return the right to compute `key`, or None if the store has it; wait while another process computes it.

        Without a working store everybody may compute.
        """
        while True:
            if self.has(key):
                return None
            try:
                claim = claims.take(self.folder / CLAIMS / key)
            except OSError as error:
                self._give_up(error)
                return None
            if claim is not None:
                return claim
            time.sleep(WAIT_SECONDS)

    def claimed(self, key: str) -> bool:
        """Return whether some process computes it now."""
        return not claims.expired(self.folder / CLAIMS / key)

    def in_progress(self) -> set[str]:
        """Return the keys of all stages that are being computed now."""
        return {path.name for path in self.folder.glob(f"{CLAIMS}/[!.]*") if is_own(path) and not claims.expired(path)}

    def keys(self) -> list[str]:
        """Return the keys of all entries."""
        return sorted(place.name for place in self._places())

    @property
    def features(self) -> Path:
        """The folder of features of frozen parts."""
        return self.folder / FEATURES

    def size(self) -> int:
        """Return the bytes of all entries and features."""
        return sum(size for _, size, _ in self._used())

    def make_room(self) -> None:
        """Delete the least recently used entries and features until the rest fits `limit_bytes`."""
        if self.limit_bytes is None:
            return
        entries = self._used()
        total = sum(size for _, size, _ in entries)
        for _, size, place in sorted(entries):
            if total <= self.limit_bytes:
                return
            _delete(place)
            total -= size

    def _used(self) -> list[tuple[float, int, Path]]:
        """Return the time of last use, the bytes and the path of each entry and file of features."""
        used = []
        features = (path for path in self.features.glob("[!.]*") if is_own(path))
        for place in (*self._places(), *features):
            with contextlib.suppress(FileNotFoundError):
                file = place if place.is_file() else place / ENTRY
                used.append((file.stat().st_mtime, _size(place), place))
        return used

    def verify(self, repair: bool = False) -> list[Fault]:
        """Report entries that are damaged or incomplete, and claims of dead processes; `repair` removes them.

        Other processes may use the store meanwhile: what disappears during the check is no fault.
        """
        faults = []
        for place in list(self._places()):
            try:
                _read(place)
            except (OSError, ValueError, KeyError, SafetensorError) as error:
                if isinstance(error, FileNotFoundError) and not self.has(place.name):
                    continue  # deleted just now, to make room
                faults.append(Fault(place.name, f"damaged: {error}"))
                if repair:
                    self._set_aside(place.name, str(error))
        for place in list(self._left_over()):
            faults.append(Fault(place.name, f"left over by a process that ended: {place}"))
            if repair:
                shutil.rmtree(place, ignore_errors=True) if place.is_dir() else place.unlink(missing_ok=True)
        return faults

    def _place(self, key: str) -> Path:
        return self.folder / key[:2] / key

    def _places(self) -> Iterator[Path]:
        return (
            path.parent
            for path in self.folder.glob(f"[0-9a-f][0-9a-f]/*/{ENTRY}")
            if not path.parent.name.startswith(".") and is_own(path.parent)
        )

    def _left_over(self) -> Iterator[Path]:
        """Yield unfinished entries and claims of dead processes, but no files of other programs."""
        for path in self.folder.glob("[0-9a-f][0-9a-f]/*"):
            unfinished = _old(path) if path.name.startswith(".") else not (path / ENTRY).is_file()
            if unfinished and is_own(path):
                yield path
        yield from (path for path in self.features.glob(".*") if _old(path) and is_own(path))
        for path in self.folder.glob(f"{CLAIMS}/*"):
            if is_own(path) and (_old(path) if path.name.startswith(".") else claims.expired(path)) and path.exists():
                yield path

    def _set_aside(self, key: str, why: str) -> None:
        log.warning("stage %s in %s is damaged (%s): set aside, it will be computed again", key, self.folder, why)
        aside = self.folder / DAMAGED / key
        with contextlib.suppress(OSError):
            aside.parent.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(aside, ignore_errors=True)
            self._place(key).rename(aside)

    def _give_up(self, error: Exception) -> None:
        if self.trouble is None:
            self.trouble = f"the stage store {self.folder} cannot be written ({error}); runs continue without sharing"
            log.warning("%s", self.trouble)


def is_own(path: Path) -> bool:
    """Return whether a path in one of a store's folders has a name and type that the store creates."""
    folder = path.parent.name
    if re.fullmatch(r"[0-9a-f]{2}", folder):
        names, kind = rf"{folder}[0-9a-f]{{62}}|\.{folder}[0-9a-f]{{6}}\..+", stat.S_ISDIR
    elif folder in _NAMES:
        names, kind = _NAMES[folder], stat.S_ISDIR if folder == DAMAGED else stat.S_ISREG
    else:
        return False
    try:
        return re.fullmatch(names, path.name) is not None and kind(path.lstat().st_mode)
    except FileNotFoundError:
        return False


def _write(folder: Path, tensors: Mapping[str, Tensor], data: Mapping[str, Any]) -> None:
    from safetensors.torch import save_file

    path = folder / STATE
    save_file({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, path)
    entry = {"format": FORMAT, "sha256": sha256_of(path), "data": data}
    (folder / ENTRY).write_text(json.dumps(entry), encoding="utf-8")
    for each in (path, folder / ENTRY, folder):
        sync(each)


def _read(place: Path) -> Entry:
    """Return the entry at a place.

    Raises:
        ValueError, KeyError, OSError, SafetensorError: it is not as it was written.
    """
    from safetensors.torch import load_file

    entry = json.loads((place / ENTRY).read_text(encoding="utf-8"))
    if entry["format"] != FORMAT:
        raise ValueError(f"it has format {entry['format']}, this version reads {FORMAT}")
    actual = sha256_of(place / STATE)
    if actual != entry["sha256"]:
        raise ValueError(f"{STATE} has SHA-256 {actual}, {entry['sha256']} was written")
    return Entry(load_file(place / STATE), entry["data"])


def _old(path: Path) -> bool:
    """Return whether a path has not been written for long; False if it no longer exists."""
    with contextlib.suppress(FileNotFoundError):
        return time.time() - path.stat().st_mtime > claims.EXPIRY_SECONDS
    return False


def _delete(place: Path) -> None:
    with contextlib.suppress(OSError):
        (place if place.is_file() else place / ENTRY).unlink()  # first: without this file there is no entry
    shutil.rmtree(place, ignore_errors=True)


def _size(place: Path) -> int:
    total = 0
    for file in (place,) if place.is_file() else (place / STATE, place / ENTRY):
        with contextlib.suppress(FileNotFoundError):
            total += file.stat().st_size
    return total
