"""The `dense` head: a hidden layer of the encoder's width between sentence vector and outputs."""

from __future__ import annotations

from mtbert.heads.abstract import AbstractDenseSentenceHead


class DenseHead(AbstractDenseSentenceHead):
    """W2 GELU(W1 dropout(u)) (Sankhe, Galhotra & Passmore, "D"); the hidden layer has the encoder's width."""

    hidden_layers = 1
