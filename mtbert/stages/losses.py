"""The losses that a stage before `multitask` reports, and what to compare them with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

# References, in nats. For masked language modelling: the loss of the best guess without context, and of a uniform guess
# among the V tokens. For contrastive learning: the loss of a uniform guess among the candidates of a batch.
UNIGRAM_ENTROPY, LN_VOCABULARY, LN_CANDIDATES = "unigram_entropy", "ln_vocabulary", "ln_candidates"
NO_CONTEXT = "The stage has not learned to use context: its last loss is not below the unigram entropy."


@dataclass(frozen=True)
class StageLosses:
    """The mean loss of each epoch, and reference values by name; both in nats."""

    losses: tuple[float, ...]
    references: Mapping[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return plain data, for the stage store and the database."""
        return {"losses": list(self.losses), "references": dict(self.references)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the losses from what `as_json` returned."""
        return cls(tuple(data["losses"]), dict(data["references"]))

    def sentence(self, stage: str) -> str:
        """Return one line with the first and the last loss and the references."""
        last = f", {self.losses[-1]:.2f} in the last" if len(self.losses) > 1 else ""
        references = ", ".join(f"{name.replace('_', ' ')} {value:.2f}" for name, value in self.references.items())
        line = f"{stage}: loss {self.losses[0]:.2f} in the first epoch{last}{references and f' ({references})'}."
        entropy = self.references.get(UNIGRAM_ENTROPY)
        return line if entropy is None or self.losses[-1] < entropy else f"{line} {NO_CONTEXT}"
