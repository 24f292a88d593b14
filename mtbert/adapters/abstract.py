"""The base of all adapters, and the set of adapters of one task."""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, ClassVar, cast

import torch.nn.functional as F
from torch import Tensor, nn

from mtbert.packing import Packing

if TYPE_CHECKING:
    from mtbert.encoder.bert import BertEncoder

INITIAL_DEVIATION = 0.02  # BERT's initializer_range, which the published adapters use too


class AbstractAdapter(nn.Module, ABC):
    """One kind of adapter of one task, for all layers of the encoder.

    Each method returns what the adapter adds at one place, or None if it adds nothing there; `top` returns the same
    states then. Layers count from 0. Hidden states are packed: real tokens alone, which `packing` locates in the padded
    batch. An adapter has no dropout, and a new one adds zero everywhere: the model starts as the plain encoder.

    Facts an adapter may ask for, keyword only, all of the encoder: `encoder_width` (d), `layers`, `heads`,
    `inner_width` and `layer_norm_epsilon`.
    """

    on_top: ClassVar[bool] = False
    merges: ClassVar[bool] = False  # whether a plain encoder can compute the same: `merge_into`

    def query_delta(self, layer: int, hidden: Tensor) -> Tensor | None:
        """Return what is added to the queries of all heads (real tokens, d), from the layer's input."""
        return None

    def value_delta(self, layer: int, hidden: Tensor) -> Tensor | None:
        """Return what is added to the values of all heads (real tokens, d), from the layer's input."""
        return None

    def attention_delta(self, layer: int, block: Tensor) -> Tensor | None:
        """Return what is added to the attention block's output (real tokens, d), from that output."""
        return None

    def feed_forward_delta(self, layer: int, block: Tensor) -> Tensor | None:
        """Return what is added to the feed-forward block's output (real tokens, d), from that output."""
        return None

    def parallel(self, layer: int, hidden: Tensor, packing: Packing) -> Tensor | None:
        """Return what is added inside the layer's last layer norm (real tokens, d), from the layer's input.

        Only here and in `top` may a token's value depend on other tokens.
        """
        return None

    def parallel_first(self, layer: int, hidden: Tensor, packing: Packing) -> Tensor | None:
        """Return `parallel` for the first token of each row (rows, d) alone."""
        delta = self.parallel(layer, hidden, packing)
        return None if delta is None else delta[packing.firsts]

    def top(self, standard: Tensor, packing: Packing) -> Tensor:
        """Return the last layer norm's standardized output (real tokens, d), changed before scale and shift.

        Called only if `on_top` is true.
        """
        return standard

    def merge_into(self, encoder: BertEncoder) -> None:
        """Change the weights of `encoder` so that it alone computes the same as with this adapter.

        Called only if `merges` is true.
        """
        raise NotImplementedError(f"{type(self).__name__} cannot be merged into an encoder's weights")


class TaskAdapter(nn.Module):
    """The adapters of one task; their deltas are summed in the order of their names.

    Its parameters are named `<adapter>.<parameter>`.
    """

    def __init__(self, adapters: Mapping[str, AbstractAdapter]) -> None:
        super().__init__()
        for name in sorted(adapters):
            self.add_module(name, adapters[name])

    def query_delta(self, layer: int, hidden: Tensor) -> Tensor | None:
        """Return what is added to the queries (real tokens, d); None: nothing."""
        return _sum(adapter.query_delta(layer, hidden) for adapter in self._adapters())

    def value_delta(self, layer: int, hidden: Tensor) -> Tensor | None:
        """Return what is added to the values (real tokens, d); None: nothing."""
        return _sum(adapter.value_delta(layer, hidden) for adapter in self._adapters())

    def after_attention(self, layer: int, block: Tensor) -> Tensor:
        """Return the adapted output of the attention block (real tokens, d), before the residual is added."""
        delta = _sum(adapter.attention_delta(layer, block) for adapter in self._adapters())
        return block if delta is None else block + delta

    def after_feed_forward(self, layer: int, block: Tensor) -> Tensor:
        """Return the adapted output of the feed-forward block (real tokens, d), before the residual is added."""
        delta = _sum(adapter.feed_forward_delta(layer, block) for adapter in self._adapters())
        return block if delta is None else block + delta

    def parallel(self, layer: int, hidden: Tensor, packing: Packing) -> Tensor | None:
        """Return what is added inside the layer's last layer norm (real tokens, d); None: nothing."""
        return _sum(adapter.parallel(layer, hidden, packing) for adapter in self._adapters())

    def parallel_first(self, layer: int, hidden: Tensor, packing: Packing) -> Tensor | None:
        """Return `parallel` for the first token of each row (rows, d) alone."""
        return _sum(adapter.parallel_first(layer, hidden, packing) for adapter in self._adapters())

    def has_top(self) -> bool:
        """Return whether an adapter changes the last layer norm."""
        return any(adapter.on_top for adapter in self._adapters())

    def top(self, total: Tensor, packing: Packing, norm: nn.LayerNorm) -> Tensor:
        """Return the last hidden states (real tokens, d): `norm` of `total`, with the adapters inside it."""
        tops = [adapter for adapter in self._adapters() if adapter.on_top]
        if not tops:
            hidden: Tensor = norm(total)
            return hidden
        standard = F.layer_norm(total, norm.normalized_shape, eps=norm.eps)
        for adapter in tops:
            standard = adapter.top(standard, packing)
        return norm.weight * standard + norm.bias

    def _adapters(self) -> Iterable[AbstractAdapter]:
        return (cast(AbstractAdapter, module) for module in self.children())


def start_at_zero(linear: nn.Linear) -> nn.Linear:
    """Set all parameters of a linear map to zero and return it: the last map of an adapter."""
    for parameter in linear.parameters():
        nn.init.zeros_(parameter)
    return linear


def start_small(linear: nn.Linear) -> nn.Linear:
    """Draw the matrix of a linear map from N(0, 0.02), as BERT's are, set its bias to zero, and return it."""
    nn.init.normal_(linear.weight, 0.0, INITIAL_DEVIATION)
    nn.init.zeros_(linear.bias)
    return linear


def _sum(deltas: Iterable[Tensor | None]) -> Tensor | None:
    total: Tensor | None = None
    for delta in deltas:
        if delta is not None:
            total = delta if total is None else total + delta
    return total
