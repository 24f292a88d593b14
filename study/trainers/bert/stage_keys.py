"""Stage keys: the names of a study's finished stages in the stage store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mtbert.config import RunConfig
from mtbert.stage_store.keys import ChainKeys, chain_keys, root_key


@dataclass(frozen=True, eq=False)
class StageKeys:
    """The stage keys of any run of a study: `hashes_of` its data (`Prepared.hashes`), device, threads per worker."""

    hashes_of: Callable[[RunConfig], Mapping[str, str]]
    device: str
    threads: int
    _roots: dict[str, str] = field(default_factory=dict)

    def of(self, config: RunConfig) -> ChainKeys | None:
        """Return the keys of a run; None if it needs missing sentences, which its worker will report."""
        if config.backbone not in self._roots:
            root = root_key(config.backbone, device=self.device, threads=self.threads)
            self._roots[config.backbone] = root
        try:
            return chain_keys(config, self._roots[config.backbone], self.hashes_of(config))
        except KeyError:
            return None
