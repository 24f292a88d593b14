"""The embeddings of BERT: from token numbers to the first hidden states."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from mtbert.encoder.dropout import Dropout
from mtbert.errors import BackboneError
from mtbert.packing import Packing


class BertEmbeddings(nn.Module):
    """dropout(LN(word + position + token type)), Devlin et al. 2018, figure 2.

    Positions are learned. Sentences go through the encoder one at a time, so the token type is always 0; the table of
    types exists because published weights have trained its first row.
    """

    def __init__(
        self,
        *,
        vocabulary_size: int,
        width: int,
        positions: int,
        token_types: int,
        hidden_dropout: float,
        layer_norm_epsilon: float,
    ) -> None:
        super().__init__()
        self.word = nn.Embedding(vocabulary_size, width)
        self.position = nn.Embedding(positions, width)
        self.token_type = nn.Embedding(token_types, width)
        self.norm = nn.LayerNorm(width, eps=layer_norm_epsilon)
        self.dropout = Dropout(hidden_dropout)

    def forward(self, input_ids: Tensor, packing: Packing, words: Tensor | None = None) -> Tensor:
        """Return (real tokens, width), packed by `packing`, for `input_ids` (rows, tokens) int64.

        `words` (rows, tokens, width) replaces the word embeddings of `input_ids`.

        Raises:
            BackboneError: there are more tokens than learned positions.
        """
        tokens, positions = input_ids.shape[1], self.position.num_embeddings
        if tokens > positions:
            raise BackboneError(
                f"a sentence may have at most {positions} tokens with this encoder, got {tokens}. "
                f"Cut it when it is tokenized, with max_tokens {positions} or less."
            )
        place = self.position.weight[:tokens] + self.token_type.weight[0]  # (tokens, width)
        looked_up: Tensor = self.word(input_ids.flatten()[packing.places]) if words is None else packing.pack(words)
        out: Tensor = self.dropout(self.norm(looked_up + F.embedding(packing.places % tokens, place)))
        return out
