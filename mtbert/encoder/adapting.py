"""What an encoder asks of the adapters in its layers; `mtbert.adapters.abstract.TaskAdapter` is one."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor, nn

from mtbert.packing import Packing


class LayerAdapters(Protocol):
    """The adapters of one task for all layers, which count from 0; d is the encoder's width.

    Hidden states are packed: real tokens alone.
    """

    def query_delta(self, layer: int, hidden: Tensor) -> Tensor | None:
        """Return what is added to the queries (real tokens, d); None: nothing."""

    def value_delta(self, layer: int, hidden: Tensor) -> Tensor | None:
        """Return what is added to the values (real tokens, d); None: nothing."""

    def after_attention(self, layer: int, block: Tensor) -> Tensor:
        """Return the adapted output (real tokens, d) of the attention block, before the residual is added."""

    def after_feed_forward(self, layer: int, block: Tensor) -> Tensor:
        """Return the adapted output (real tokens, d) of the feed-forward block, before the residual is added."""

    def parallel(self, layer: int, hidden: Tensor, packing: Packing) -> Tensor | None:
        """Return what is added inside the layer's last layer norm (real tokens, d); None: nothing."""

    def parallel_first(self, layer: int, hidden: Tensor, packing: Packing) -> Tensor | None:
        """Return what `parallel` returns, for the first token of each row alone (rows, d)."""

    def has_top(self) -> bool:
        """Return whether an adapter changes the last layer norm."""

    def top(self, total: Tensor, packing: Packing, norm: nn.LayerNorm) -> Tensor:
        """Return the last hidden states (real tokens, d): `norm` of `total`, adapted inside."""
