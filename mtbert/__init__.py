"""Multitask BERT: one shared encoder, several tasks, many techniques; knows nothing of studies.

The public names are loaded on first use, so that `import mtbert.config` (and every `--help`) needs no torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mtbert.encoder.backbones import load_encoder as load_encoder
    from mtbert.model import build as build
    from mtbert.trained import load as load

_HOMES = {
    "load_encoder": "mtbert.encoder.backbones",
    "build": "mtbert.model",
    "load": "mtbert.trained",
}
__all__ = ["build", "load", "load_encoder"]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'mtbert' has no attribute '{name}'")
    found: object = getattr(importlib.import_module(_HOMES[name]), name)
    return found
