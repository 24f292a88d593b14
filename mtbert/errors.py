"""The errors of `mtbert`: one tree, with messages for people.

    MtbertError
    ├── ConfigurationError   a configuration has faults; carries all of them, each with its path
    ├── DataError            a data folder or file cannot be read as what it should be
    ├── BackboneError        a pretrained encoder is missing, damaged or has another shape
    ├── CompilationError     layers are to be compiled, and the device has no compiler
    ├── CheckpointError      a saved model cannot be read, or a place cannot hold one
    └── ExportError          a model cannot be written in the requested form

A message has three parts: the rule, the value, the way out. Command lines print it and exit with code 2. A bug is none
of these and keeps its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mtbert.output import plain


class MtbertError(Exception):
    """A fault that a person can fix: the message says what is wrong, where, and the way out; as plain text."""

    def __str__(self) -> str:
        return plain(super().__str__())


@dataclass(frozen=True)
class Fault:
    """One fault of a configuration: where (`path`, dotted) and what (`message`)."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class ConfigurationError(MtbertError):
    """A configuration has faults; the message lists all of them, one per line."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class DataError(MtbertError):
    """A data folder or file cannot be read as what it should be."""


class BackboneError(MtbertError):
    """A pretrained encoder is missing, damaged, or has another shape than requested."""


class CompilationError(MtbertError):
    """Layers are to be compiled, and the device has no compiler."""


class CheckpointError(MtbertError):
    """A saved model cannot be read, or a place cannot hold one."""


class ExportError(MtbertError):
    """A model cannot be written in the requested form."""


def unknown(kind: str, value: str, known: Iterable[str]) -> str:
    """Return the message for a name that does not exist: the nearest known one, then all of them.

    >>> unknown("pooling", "men", ["cls", "mean"])
    "No pooling named 'men'. Did you mean 'mean'? Known: cls, mean."
    """
    names = sorted(known)
    nearest = difflib.get_close_matches(value, names, n=1)
    hint = f" Did you mean '{nearest[0]}'?" if nearest else ""
    return f"No {kind} named '{value}'.{hint} Known: {', '.join(names) or 'none'}."


def unwritable(error: Exception) -> str:
    """Return the message for a folder or file that a command cannot write; an OSError may name it."""
    name, reason = getattr(error, "filename", None), getattr(error, "strerror", None)
    return f"{name or 'The output'} cannot be written ({reason or error}). Choose another place: --out DIR"
