"""The `dense2` head: two hidden layers of the encoder's width between sentence vector and outputs."""

from __future__ import annotations

from torch import Tensor, nn

from mtbert.heads.abstract import AbstractSentenceHead


class Dense2Head(AbstractSentenceHead):
    """W3 GELU(W2 GELU(W1 dropout(u))) (Sankhe, Galhotra & Passmore, "DD").

    "Two large dense layers" instead of the one of "D"; no size is printed: both have the encoder's width, as D's.
    """

    def __init__(self, *, width: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(width, width),
            nn.GELU(),
            nn.Linear(width, width),
            nn.GELU(),
            nn.Linear(width, outputs),
        )

    def forward(self, first: Tensor, second: Tensor | None = None) -> Tensor:
        """Outputs (batch, outputs)."""
        result: Tensor = self.layers(first)
        return result
