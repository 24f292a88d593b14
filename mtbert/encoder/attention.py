"""Multi-head self-attention, the first half of a BERT layer."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from mtbert.errors import BackboneError


def visible_keys(attention_mask: Tensor) -> Tensor:
    """What each sentence may look at, ready for every layer: bool, (batch, 1, 1, tokens).

    `attention_mask` (batch, tokens) is bool or 0/1 int. A row with no real token sees all of its padding: a
    softmax over nothing would be NaN, and NaN spreads to every gradient of the batch. No value is read
    back, so nothing waits for the device.
    """
    real = attention_mask.bool()
    empty = ~real.any(dim=1, keepdim=True)  # (batch, 1)
    return (real | empty)[:, None, None, :]


class SelfAttention(nn.Module):
    """softmax(Q K' / sqrt(d_head)) V for every head, side by side, then one output matrix.

    Vaswani et al. 2017, equation 1 and section 3.2.2. Query, key and value are one matrix product, rows in
    this order. `attention_dropout` drops attention weights, in training only.
    """

    def __init__(self, *, width: int, heads: int, attention_dropout: float) -> None:
        super().__init__()
        if width % heads:
            raise BackboneError(
                f"heads must divide the width, got {heads} heads and width {width}. Give another number."
            )
        self.heads = heads
        self.attention_dropout = attention_dropout
        self.qkv = nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)

    def forward(
        self,
        hidden: Tensor,
        visible: Tensor,
        query_delta: Tensor | None = None,
        value_delta: Tensor | None = None,
    ) -> Tensor:
        """`hidden` (batch, tokens, width), `visible` from `visible_keys`; gives (batch, tokens, width).

        What an adapter adds to the queries and to the values of all heads has the shape of `hidden`.
        """
        batch, tokens, width = hidden.shape
        qkv = self.qkv(hidden).view(batch, tokens, 3, self.heads, width // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind(0)  # each (batch, heads, tokens, width of a head)
        if query_delta is not None:
            query = query + self._by_head(query_delta)
        if value_delta is not None:
            value = value + self._by_head(value_delta)
        dropout = self.attention_dropout if self.training else 0.0
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=visible, dropout_p=dropout)
        merged = mixed.transpose(1, 2).reshape(batch, tokens, width)
        out: Tensor = self.output(merged)
        return out

    def _by_head(self, wide: Tensor) -> Tensor:
        """(batch, tokens, width) as (batch, heads, tokens, width of a head)."""
        batch, tokens, width = wide.shape
        return wide.view(batch, tokens, self.heads, width // self.heads).transpose(1, 2)
