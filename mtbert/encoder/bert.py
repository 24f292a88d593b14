"""The BERT encoder: embeddings, then a stack of layers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import torch
from torch import Tensor, nn

from mtbert.encoder.abstract import AbstractEncoder
from mtbert.encoder.adapting import LayerAdapters
from mtbert.encoder.embeddings import BertEmbeddings
from mtbert.encoder.layer import BertLayer
from mtbert.encoder.shape import BertShape as BertShape
from mtbert.packing import Packing, packing_of

INITIAL_DEVIATION = 0.02  # BERT's initializer_range, Devlin et al. 2018, published code


class BertEncoder(AbstractEncoder):
    """BERT without a pooler (Devlin et al. 2018): the last hidden states of every token.

    A new encoder has torch's initial weights; `initialise` draws BERT's, `weights.load_into` loads published ones.
    """

    supports_adapters = True

    def __init__(self, shape: BertShape, *, hidden_dropout: float = 0.1, attention_dropout: float = 0.1) -> None:
        super().__init__()
        self.shape: BertShape = shape
        self.width = shape.width
        self.embeddings: BertEmbeddings = BertEmbeddings(
            vocabulary_size=shape.vocabulary_size,
            width=shape.width,
            positions=shape.positions,
            token_types=shape.token_types,
            hidden_dropout=hidden_dropout,
            layer_norm_epsilon=shape.layer_norm_epsilon,
        )
        self.layers = nn.ModuleList(
            BertLayer(
                width=shape.width,
                heads=shape.heads,
                inner_width=shape.inner_width,
                hidden_dropout=hidden_dropout,
                attention_dropout=attention_dropout,
                layer_norm_epsilon=shape.layer_norm_epsilon,
            )
            for _ in range(shape.layers)
        )

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        adapter: LayerAdapters | None = None,
        embedded: Tensor | None = None,
        *,
        packing: Packing | None = None,
        first_only: bool = False,
    ) -> Tensor:
        """Return the last hidden states (batch, tokens, width), see `AbstractEncoder`.

        Hidden states at padding are finite and meaningless. `embedded` replaces the word embeddings before positions
        and layer norm.
        """
        packing = packing or packing_of(attention_mask)
        hidden: Tensor = self.embeddings(input_ids, packing, embedded)  # (real tokens, width)
        if adapter is not None:
            return self._adapted(hidden, packing, adapter, first_only)
        return self._through(self.layers, hidden, packing, first_only)

    def lower(self, input_ids: Tensor, attention_mask: Tensor, layers: int) -> Tensor:
        """Return hidden states (batch, tokens, width) after the first `layers` layers, see `AbstractEncoder`."""
        packing = packing_of(attention_mask)
        hidden: Tensor = self.embeddings(input_ids, packing)
        for layer in self.layers[:layers]:
            hidden = layer(hidden, packing)
        return packing.pad(hidden)

    def upper(
        self,
        hidden: Tensor,
        attention_mask: Tensor,
        layers: int,
        *,
        packing: Packing | None = None,
        first_only: bool = False,
    ) -> Tensor:
        """Return the last hidden states (batch, tokens, width) from those of `lower`, see `AbstractEncoder`."""
        if layers == len(self.layers):
            return hidden
        packing = packing or packing_of(attention_mask)
        return self._through(self.layers[layers:], packing.pack(hidden), packing, first_only)

    def _through(self, layers: Iterable[nn.Module], hidden: Tensor, packing: Packing, first_only: bool) -> Tensor:
        """Return the states (batch, tokens, width) after some layers, or (batch, 1, width) with `first_only`."""
        *lower, last = (cast(BertLayer, layer) for layer in layers)
        for layer in lower:
            hidden = layer(hidden, packing)
        if first_only:
            return last.first_tokens(hidden, packing).unsqueeze(1)
        return packing.pad(last(hidden, packing))

    def _adapted(self, hidden: Tensor, packing: Packing, adapter: LayerAdapters, first_only: bool) -> Tensor:
        """Return the states after all layers with an adapter; `adapter.top` reads all tokens."""
        layers = [cast(BertLayer, layer) for layer in self.layers]
        for number, layer in enumerate(layers[:-1]):
            hidden = layer.output_norm(layer.adapted_sum(hidden, packing, adapter, number))
        if first_only and not adapter.has_top():
            total = layers[-1].adapted_first_sum(hidden, packing, adapter, len(layers) - 1)
            first: Tensor = layers[-1].output_norm(total)
            return first.unsqueeze(1)
        total = layers[-1].adapted_sum(hidden, packing, adapter, len(layers) - 1)
        return packing.pad(adapter.top(total, packing, layers[-1].output_norm))

    @torch.no_grad()
    def initialise(self, generator: torch.Generator) -> None:
        """Draw matrices and embeddings from N(0, 0.02), set the biases to zero, and the layer norms to the identity.

        Drawn from `generator` alone, embeddings first and then layer by layer: an encoder of fewer layers starts as the
        lower part of a deeper one.
        """
        for module in self.modules():
            if isinstance(module, nn.Linear):
                module.weight.normal_(0.0, INITIAL_DEVIATION, generator=generator)
                module.bias.zero_()
            elif isinstance(module, nn.Embedding):
                module.weight.normal_(0.0, INITIAL_DEVIATION, generator=generator)
            elif isinstance(module, nn.LayerNorm):
                module.reset_parameters()
