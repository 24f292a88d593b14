"""The `linear` head: one linear layer on the sentence vector."""

from __future__ import annotations

from mtbert.heads.abstract import AbstractDenseSentenceHead


class LinearHead(AbstractDenseSentenceHead):
    """W dropout(u) + b (Devlin 2018, section 4.1)."""
