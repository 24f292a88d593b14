"""The `top_layer` adapter: one more BERT layer on top of the encoder."""

from __future__ import annotations

from torch import Tensor

from mtbert.adapters.abstract import AbstractAdapter, start_at_zero, start_small
from mtbert.encoder.layer import BertLayer
from mtbert.packing import Packing


class TopLayerAdapter(AbstractAdapter):
    """h = g BL(n) + b: a BERT layer BL on the last hidden states (Stickland & Murray 2019), which were h = g n + b.

    n is the output standardized by the encoder's last layer norm, g and b are the scale and shift that it applies
    afterwards: the layer is between the two. BL has the encoder's heads and inner width, 12 d^2 weights (Zhang, Table
    1), and no dropout.

    With both output matrices zero and its own norms at 1 and 0, BL(n) = LN(LN(n)) = n: the model starts as the plain
    encoder, also after a stage that trains the encoder alone. A layer on h itself could not: its norms would remove the
    mean and the deviation from h, which differ from token to token, and g has zeros in published encoders.
    """

    on_top = True

    def __init__(self, *, encoder_width: int, heads: int, inner_width: int, layer_norm_epsilon: float) -> None:
        super().__init__()
        self.layer = BertLayer(
            width=encoder_width,
            heads=heads,
            inner_width=inner_width,
            hidden_dropout=0.0,
            attention_dropout=0.0,
            layer_norm_epsilon=layer_norm_epsilon,
        )
        start_small(self.layer.attention.qkv)
        start_at_zero(self.layer.attention.output)
        start_small(self.layer.inner)
        start_at_zero(self.layer.outer)

    def top(self, standard: Tensor, packing: Packing) -> Tensor:
        """Return BL(n) (real tokens, d)."""
        result: Tensor = self.layer(standard, packing)
        return result
