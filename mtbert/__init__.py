"""Multitask BERT: one shared encoder, several tasks, many techniques; independent of studies.

The public names are loaded on first use, so that `import mtbert.config` (and every `--help`) needs no torch.
"""

from __future__ import annotations

import os
import sys

if sys.argv[:1] == ["-m"] or "MTBERT_STUDY_STARTS" in os.environ:
    # A command starts: from here on, files in the current folder must not shadow modules. `own_files.py` is run by its
    # path, without an import, because the current folder may have a `search_spaces.py`.
    _own_files = {"__file__": os.path.join(os.path.dirname(os.path.dirname(__file__)), "search_spaces", "own_files.py")}
    with open(_own_files["__file__"], encoding="utf-8") as _source:
        exec(compile(_source.read(), _own_files["__file__"], "exec"), _own_files)
    _own_files["install"]()  # type: ignore[operator]

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mtbert.assembly import build as build
    from mtbert.encoder.backbones import load_encoder as load_encoder
    from mtbert.loaded_model import load as load

_HOMES = {
    "load_encoder": "mtbert.encoder.backbones",
    "build": "mtbert.assembly",
    "load": "mtbert.loaded_model",
}
__all__ = ["build", "load", "load_encoder"]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'mtbert' has no attribute '{name}'")
    value: object = getattr(importlib.import_module(_HOMES[name]), name)
    return value
