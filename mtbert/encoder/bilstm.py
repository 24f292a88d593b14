"""The bidirectional LSTM encoder, for comparison with BERT."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from mtbert.encoder.abstract import AbstractEncoder
from mtbert.encoder.adapting import LayerAdapters
from mtbert.encoder.shape import BilstmShape as BilstmShape
from mtbert.errors import BackboneError
from mtbert.packing import Packing


class BilstmEmbeddings(nn.Module):
    """A learned vector for each word piece."""

    def __init__(self, *, vocabulary_size: int, width: int) -> None:
        super().__init__()
        self.word = nn.Embedding(vocabulary_size, width)

    def forward(self, input_ids: Tensor, words: Tensor | None = None) -> Tensor:
        """Return (batch, tokens, embedding width) of `input_ids` (batch, tokens), or `words` themselves if given."""
        result: Tensor = self.word(input_ids) if words is None else words
        return result


class BilstmLayer(nn.Module):
    """dropout([forward LSTM; backward LSTM]) (Hochreiter & Schmidhuber 1997; Graves & Schmidhuber 2005)."""

    def __init__(self, *, inputs: int, hidden_width: int, dropout: float) -> None:
        super().__init__()
        self.lstm = nn.LSTM(inputs, hidden_width, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(dropout)

    def forward(self, hidden: Tensor, lengths: Tensor) -> Tensor:
        """Return (batch, tokens, 2 hidden_width) from (batch, tokens, inputs) and `lengths` (batch,), at least 1.

        Packed: the backward direction starts at the last real token, and padding is zero in the output.
        """
        packed = pack_padded_sequence(hidden, lengths, batch_first=True, enforce_sorted=False)
        with _computable(hidden.device):
            states, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True, total_length=hidden.shape[1])
        result: Tensor = self.dropout(states)
        return result


def _computable(device: torch.device) -> AbstractContextManager[object]:
    """Return a context with float32 on processors without AVX-512, on which torch has no LSTM in bfloat16."""
    if device.type == "cpu" and not torch.cpu._is_avx512_supported():
        return torch.autocast("cpu", enabled=False)
    return nullcontext()


class BilstmEncoder(AbstractEncoder):
    """h = W LSTM2(LSTM1(embedding)) + b, both layers bidirectional with dropout after each (Kumar, figure 1).

    Kumar prints dropout 0.5 (`hidden_dropout`) and no sizes. There is no attention and there are no positions, so
    sentences may have any length. A row with no real token counts as having one.
    """

    supports_adapters = False

    def __init__(self, shape: BilstmShape, *, hidden_dropout: float = 0.1) -> None:
        super().__init__()
        self.shape: BilstmShape = shape
        self.width = shape.width
        self.embeddings: BilstmEmbeddings = BilstmEmbeddings(
            vocabulary_size=shape.vocabulary_size, width=shape.embedding_width
        )
        self.layers = nn.ModuleList(
            BilstmLayer(
                inputs=2 * shape.hidden_width if number else shape.embedding_width,
                hidden_width=shape.hidden_width,
                dropout=hidden_dropout,
            )
            for number in range(shape.layers)
        )
        self.output = nn.Linear(2 * shape.hidden_width, shape.width)

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
        """Return hidden states (batch, tokens, width), see `AbstractEncoder`.

        Raises:
            BackboneError: there is an adapter.
        """
        if adapter is not None:
            raise BackboneError("a BiLSTM has no place for adapters, but got one. Leave adapters out, or use a BERT.")
        # torch's packed sequences need them on the CPU: on a GPU each pass waits, with this encoder alone.
        lengths = attention_mask.sum(1).clamp(min=1).cpu()
        hidden: Tensor = self.embeddings(input_ids, embedded)
        for layer in self.layers:
            hidden = layer(hidden, lengths)
        result: Tensor = self.output(hidden)
        return result

    def lower(self, input_ids: Tensor, attention_mask: Tensor, layers: int) -> Tensor:
        """Return hidden states (batch, tokens, 2 hidden widths) after `layers` layers, see `AbstractEncoder`."""
        lengths = attention_mask.sum(1).clamp(min=1).cpu()
        hidden: Tensor = self.embeddings(input_ids)
        for layer in self.layers[:layers]:
            hidden = layer(hidden, lengths)
        return hidden

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
        lengths = attention_mask.sum(1).clamp(min=1).cpu()
        for layer in self.layers[layers:]:
            hidden = layer(hidden, lengths)
        result: Tensor = self.output(hidden)
        return result

    @torch.no_grad()
    def initialise(self, generator: torch.Generator) -> None:
        """Draw torch's initial weights from `generator` alone: embeddings, layers from the lowest, the output.

        Embeddings from N(0, 1), an LSTM's from U(-k, k) with k = 1 / sqrt(hidden width), those of the output with k = 1
        / sqrt(its inputs). An encoder of fewer layers has the lower part of a deeper one.
        """
        self.embeddings.word.weight.normal_(0.0, 1.0, generator=generator)
        for part in (*self.layers, self.output):
            inputs = self.output.in_features if part is self.output else self.shape.hidden_width
            bound = 1 / math.sqrt(inputs)
            for parameter in part.parameters():
                parameter.uniform_(-bound, bound, generator=generator)
