"""The `dense2` head: two hidden layers of the encoder's width between sentence vector and outputs."""

from __future__ import annotations

from mtbert.heads.abstract import AbstractDenseSentenceHead


class Dense2Head(AbstractDenseSentenceHead):
    """W3 GELU(W2 GELU(W1 dropout(u))) (Sankhe, Galhotra & Passmore, "DD").

    "Two large dense layers" instead of the one of "D"; no size is printed: both have the encoder's width, as D's.
    """

    hidden_layers = 2
