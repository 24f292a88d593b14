"""Seeds made from seeds, by hash; nothing here needs torch."""

from __future__ import annotations

import hashlib


def derive(seed: int, *purpose: str | int) -> int:
    """A seed (63 bits) for one purpose, by hash: other purposes and other run seeds give unrelated ones."""
    text = "/".join(str(part) for part in (seed, *purpose))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1
