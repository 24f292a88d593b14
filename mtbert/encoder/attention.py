"""Multi-head self-attention, the first half of a BERT layer."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mtbert.encoder.dropout import dropout
from mtbert.errors import BackboneError
from mtbert.packing import Packing


class SelfAttention(nn.Module):
    """softmax(Q K' / sqrt(d_head)) V for every head, side by side, then one output matrix.

    Vaswani et al. 2017, equation 1 and section 3.2.2. Query, key and value are one matrix, rows in this order.
    `attention_dropout` drops attention weights, in training only.

    Raises:
        BackboneError: the number of heads does not divide the width.
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
        packing: Packing,
        query_delta: Tensor | None = None,
        value_delta: Tensor | None = None,
    ) -> Tensor:
        """Return the attention output (real tokens, width) for `hidden` (real tokens, width), packed by `packing`.

        `query_delta` and `value_delta`, of the shape of `hidden`, are what an adapter adds for all heads.
        """
        qkv = self.qkv(hidden)
        if query_delta is not None or value_delta is not None:
            query, key, value = qkv.chunk(3, dim=-1)
            query = query if query_delta is None else query + query_delta
            value = value if value_delta is None else value + value_delta
            qkv = torch.cat([query, key, value], dim=-1)
        out: Tensor = self.output(attention(qkv, packing, self.heads, self._dropout()))
        return out

    def first_tokens(
        self,
        hidden: Tensor,
        packing: Packing,
        query_delta: Tensor | None = None,
        value_delta: Tensor | None = None,
    ) -> Tensor:
        """Return `forward` for the first token of each row (rows, width), without the queries of the others.

        `query_delta` (rows, width) is for these tokens, `value_delta` (real tokens, width) for all.
        """
        query, key_value = first_and_all(self.qkv, hidden, packing)
        if query_delta is not None:
            query = query + query_delta
        if value_delta is not None:
            key, value = key_value.chunk(2, dim=-1)
            key_value = torch.cat([key, value + value_delta], dim=-1)
        out: Tensor = self.output(first_attention(query, key_value, packing, self.heads, self._dropout()))
        return out

    def _dropout(self) -> float:
        return self.attention_dropout if self.training else 0.0


def attention(qkv: Tensor, packing: Packing, heads: int, dropout_probability: float = 0.0) -> Tensor:
    """Return softmax(Q K' / sqrt(d_head)) V for every head (real tokens, width); `qkv` is [Q, K, V] side by side."""
    query, key, value = _by_head(packing.pad(qkv), 3, heads)
    mixed = _mixed(query, key, value, packing.visible, dropout_probability)
    return packing.pack(mixed.transpose(1, 2).flatten(2))


def first_and_all(qkv: nn.Linear, hidden: Tensor, packing: Packing) -> tuple[Tensor, Tensor]:
    """Return the queries of the first tokens (rows, width), and [keys, values] of all tokens (real tokens, 2 width).

    `qkv` computes all three for every token of `hidden` (real tokens, ...).
    """
    width = qkv.out_features // 3
    query = F.linear(hidden[packing.firsts], qkv.weight[:width], qkv.bias[:width])
    return query, F.linear(hidden, qkv.weight[width:], qkv.bias[width:])


def first_attention(
    query: Tensor, key_value: Tensor, packing: Packing, heads: int, dropout_probability: float = 0.0
) -> Tensor:
    """Return `attention` for the first token of each row (rows, width), from what `first_and_all` returned."""
    key, value = _by_head(packing.pad(key_value), 2, heads)
    (first,) = _by_head(query.unsqueeze(1), 1, heads)
    return _mixed(first, key, value, packing.visible, dropout_probability).flatten(1)  # from (rows, heads, 1, width)


def _by_head(padded: Tensor, parts: int, heads: int) -> tuple[Tensor, ...]:
    """Split (rows, tokens, parts * width) into its parts, each (rows, heads, tokens, width of a head)."""
    rows, tokens, width = padded.shape
    by_head = padded.view(rows, tokens, parts, heads, width // (parts * heads))
    return by_head.permute(2, 0, 3, 1, 4).unbind(0)


def _mixed(query: Tensor, key: Tensor, value: Tensor, visible: Tensor, dropout_probability: float) -> Tensor:
    """Return values (rows, heads, queries, width of a head), weighted by how well their keys match the queries."""
    if not dropout_probability or query.device.type != "cpu":
        return F.scaled_dot_product_attention(query, key, value, attn_mask=visible, dropout_p=dropout_probability)
    # With dropout, torch has no fused kernel on a CPU either, and its masks are slow.
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)
    weights = scores.masked_fill(~visible, float("-inf")).softmax(-1)
    return dropout(weights, dropout_probability) @ value
