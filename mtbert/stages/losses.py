"""What a stage before `multitask` tells of its training: the losses of its epochs, and what to compare them with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

# References, in the unit of the losses (nats). Of masked language modelling: what the distribution of the tokens alone
# gives, and a uniform guess. Of contrastive learning: a uniform guess among the sentences of a batch.
UNIGRAM_ENTROPY, LN_VOCABULARY, LN_CANDIDATES = "unigram_entropy", "ln_vocabulary", "ln_candidates"

_WORDS: Mapping[str, str] = {
    UNIGRAM_ENTROPY: "the unigram entropy, which knows no context, is {:.2f}",
    LN_VOCABULARY: "a uniform guess ln V = {:.2f}",
    LN_CANDIDATES: "a uniform guess among the candidates of a batch is {:.2f}",
}
NO_CONTEXT = "The stage has not learned to use context in this budget: its last loss is not below the unigram entropy."


@dataclass(frozen=True)
class StageTold:
    """The mean loss of each epoch, and reference values by name; both in nats."""

    losses: tuple[float, ...]
    references: Mapping[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """As plain data, for the stage store and the database."""
        return {"losses": list(self.losses), "references": dict(self.references)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return what `as_json` gave."""
        return cls(tuple(data["losses"]), dict(data["references"]))

    def sentence(self, stage: str) -> str:
        """Return the first and the last loss beside the references, in a line."""
        first, *others = self.losses
        told = f"{stage}: loss {first:.2f} in the only epoch"
        if others:
            told = f"{stage}: loss {first:.2f} in the first epoch, {others[-1]:.2f} in the last"
        beside = ", ".join(
            words.format(self.references[name]) for name, words in _WORDS.items() if name in self.references
        )
        line = f"{told}; {beside}." if beside else f"{told}."
        entropy = self.references.get(UNIGRAM_ENTROPY)
        return line if entropy is None or self.losses[-1] < entropy else f"{line} {NO_CONTEXT}"
