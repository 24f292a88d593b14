"""One transformer layer of BERT."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from mtbert.encoder.adapting import LayerAdapters
from mtbert.encoder.attention import SelfAttention
from mtbert.encoder.dropout import Dropout
from mtbert.packing import Packing


class BertLayer(nn.Module):
    """a = LN(h + MH(h)); out = LN(a + FFN(a)), FFN(a) = W2 GELU(W1 a), with the exact (erf) GELU.

    Layer norm is applied after the addition (post-LN), Devlin et al. 2018, and dropout to MH(h) and FFN(a) before it.
    """

    def __init__(
        self,
        *,
        width: int,
        heads: int,
        inner_width: int,
        hidden_dropout: float,
        attention_dropout: float,
        layer_norm_epsilon: float,
    ) -> None:
        super().__init__()
        self.attention = SelfAttention(width=width, heads=heads, attention_dropout=attention_dropout)
        self.attention_norm = nn.LayerNorm(width, eps=layer_norm_epsilon)
        self.inner = nn.Linear(width, inner_width)
        self.outer = nn.Linear(inner_width, width)
        self.output_norm = nn.LayerNorm(width, eps=layer_norm_epsilon)
        self.dropout = Dropout(hidden_dropout)

    def forward(self, hidden: Tensor, packing: Packing) -> Tensor:
        """Return the layer's output (real tokens, width) for `hidden` (real tokens, width), packed by `packing`."""
        return self._after_attention(hidden, self.attention(hidden, packing))

    def first_tokens(self, hidden: Tensor, packing: Packing) -> Tensor:
        """Return `forward` for the first token of each row (rows, width), without computing the others."""
        return self._after_attention(hidden[packing.firsts], self.attention.first_tokens(hidden, packing))

    def _after_attention(self, hidden: Tensor, block: Tensor) -> Tensor:
        attended = self.attention_norm(hidden + self.dropout(block))
        inner = F.gelu(self.inner(attended))  # (real tokens, inner width)
        out: Tensor = self.output_norm(attended + self.dropout(self.outer(inner)))
        return out

    def adapted_sum(self, hidden: Tensor, packing: Packing, adapter: LayerAdapters, number: int) -> Tensor:
        """Return the input of `output_norm` with an adapter, for which this is layer `number` (from 0).

        The adapter changes queries and values, the outputs of both blocks, and adds to the layer's output. It reads the
        blocks' outputs after dropout, as in Houlsby et al.'s code.
        """
        query, value = adapter.query_delta(number, hidden), adapter.value_delta(number, hidden)
        block = self.attention(hidden, packing, query, value)
        return self._adapted_after(hidden, block, adapter, number, adapter.parallel(number, hidden, packing))

    def adapted_first_sum(self, hidden: Tensor, packing: Packing, adapter: LayerAdapters, number: int) -> Tensor:
        """Return `adapted_sum` for the first token of each row (rows, width), without computing the others."""
        firsts = hidden[packing.firsts]
        query, value = adapter.query_delta(number, firsts), adapter.value_delta(number, hidden)
        block = self.attention.first_tokens(hidden, packing, query, value)
        return self._adapted_after(firsts, block, adapter, number, adapter.parallel_first(number, hidden, packing))

    def _adapted_after(
        self, hidden: Tensor, block: Tensor, adapter: LayerAdapters, number: int, parallel: Tensor | None
    ) -> Tensor:
        block = self.dropout(block)
        attended = self.attention_norm(hidden + adapter.after_attention(number, block))
        block = self.dropout(self.outer(F.gelu(self.inner(attended))))
        total: Tensor = attended + adapter.after_feed_forward(number, block)
        return total if parallel is None else total + parallel
