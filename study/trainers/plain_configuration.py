"""Trainers whose configurations are the choices themselves: levels and numbers, and what levels set."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from search_spaces import Space
from search_spaces.grammar import Choice, Choices
from study.trainers.abstract import AbstractTrainer


@dataclass(frozen=True)
class PlainConfiguration:
    """`choices` of a space (factor -> level or number), what they `set` (nested), and settings `common` to all runs."""

    choices: Mapping[str, Choice]
    set: Mapping[str, Any]
    common: Mapping[str, Any]
    seed: int = 0

    @classmethod
    def of(cls, space: Space, choices: Choices, common: Mapping[str, Any], seed: int = 0) -> Self:
        """Return the configuration of complete choices."""
        return cls(dict(choices), space.configuration(choices), dict(common), seed)

    @classmethod
    def read(cls, data: Mapping[str, Any], seed: int) -> Self:
        """Return the configuration that `model_dump` wrote."""
        return cls(data["choices"], data["set"], data["common"], seed)

    def digest(self) -> str:
        """Return the SHA-256 of the canonical JSON without the seed."""
        text = json.dumps(self.model_dump(), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def model_dump(self, *, mode: str = "json") -> dict[str, Any]:
        """Return the configuration as JSON data."""
        return {"choices": dict(self.choices), "set": dict(self.set), "common": dict(self.common)}

    def with_seed(self, seed: int) -> Self:
        """Return the same configuration with another seed."""
        return replace(self, seed=seed)


class AbstractPlainTrainer(AbstractTrainer):
    """A trainer that reads no data. `_facts` are for its workers, with the number of `epochs`."""

    _common: Mapping[str, Any]
    _facts: Mapping[str, Any]

    def configuration(self, choices: Choices, seed: int = 0) -> PlainConfiguration:
        """Return the configuration of these choices."""
        return PlainConfiguration.of(self.space, choices, self._common, seed)

    def read(self, data: Mapping[str, Any], seed: int) -> PlainConfiguration:
        """Return the configuration that `model_dump` wrote."""
        return PlainConfiguration.read(data, seed)

    def epochs(self, config: Any) -> tuple[int, int]:
        """Return the epochs of the settings; a run may report fewer."""
        return self._facts["epochs"], self._facts["epochs"]

    def job_facts(self) -> Mapping[str, Any]:
        """Return the data that a worker needs beside a configuration."""
        return self._facts
