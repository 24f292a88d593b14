"""The output layers of the `mlm` stage, from hidden states to logits over the vocabulary, and token frequencies.

`tied` is BERT's masked-LM head (Devlin et al. 2018, published code), `untied` that of Sankhe et al.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from mtbert.data.tokenize import Ragged
from mtbert.encoder.bert import INITIAL_DEVIATION
from mtbert.encoder.weights import MaskedHead


class TiedHead(nn.Module):
    """E transform(h) + bias, where E (vocabulary, width) are the encoder's word embeddings, trained as one.

    `transform` maps hidden states (..., width) to vectors as wide as the word embeddings. `bias` is (vocabulary,).
    """

    def __init__(self, words: nn.Embedding, bias: Tensor, transform: nn.Module) -> None:
        super().__init__()
        self.words, self.transform, self.bias = words, transform, nn.Parameter(bias)

    def forward(self, hidden: Tensor) -> Tensor:
        """Return logits (chosen, vocabulary) of hidden states (chosen, width)."""
        return F.linear(self.transform(hidden), self.words.weight, self.bias)


def new_head(words: nn.Embedding, width: int, counts: NDArray[np.int64]) -> TiedHead:
    """Return a tied head for an encoder whose checkpoint has none: E h + log p, p the unigram distribution of `counts`.

    p = (count + 1 / V) / (tokens + 1): one count, spread over all V tokens, keeps those that do not occur above zero.
    There is no transform, because with a random one the loss falls more slowly (docs/techniques.md). Only if the hidden
    states and the word embeddings have different widths is a random matrix between them.
    """
    size, inner = words.num_embeddings, words.embedding_dim
    frequencies = (np.bincount(np.arange(len(counts)), counts, minlength=size) + 1 / size) / (counts.sum() + 1)
    transform: nn.Module = nn.Identity()
    if width != inner:
        transform = nn.Linear(width, inner, bias=False)
        nn.init.normal_(transform.weight, std=INITIAL_DEVIATION)
    return TiedHead(words, torch.from_numpy(np.log(frequencies)).float(), transform)


def published_head(words: nn.Embedding, published: MaskedHead, epsilon: float) -> TiedHead:
    """Return a checkpoint's own head: E LayerNorm(GELU(W h + b)) + bias; `epsilon` is its layer norm's."""
    width = words.embedding_dim
    dense, norm = nn.Linear(width, width), nn.LayerNorm(width, eps=epsilon)
    with torch.no_grad():
        dense.weight.copy_(published.dense_weight)
        dense.bias.copy_(published.dense_bias)
        norm.weight.copy_(published.norm_weight)
        norm.bias.copy_(published.norm_bias)
    return TiedHead(words, published.bias.detach().clone().float(), nn.Sequential(dense, nn.GELU(), norm))


def untied_head(width: int, vocabulary_size: int) -> nn.Linear:
    """Return W h (Sankhe et al., equation 7), W (vocabulary, width) random; drawn from torch's global generator."""
    head = nn.Linear(width, vocabulary_size, bias=False)
    nn.init.normal_(head.weight, std=INITIAL_DEVIATION)
    return head


def token_counts(rows: Ragged, ordinary: NDArray[np.int64], vocabulary_size: int) -> NDArray[np.int64]:
    """Return how often each token (vocabulary,) occurs in the sentences; 0 for those that are not `ordinary`."""
    counts = np.zeros(vocabulary_size, dtype=np.int64)
    counts[ordinary] = np.bincount(rows.values, minlength=vocabulary_size)[ordinary]
    return counts


def unigram_entropy(counts: NDArray[np.int64]) -> float:
    """Return -sum p log p of the tokens, in nats: the loss of the best guess without context; 0 without tokens."""
    seen = counts[counts > 0]
    shares = seen / max(1, seen.sum())
    return float(-(shares * np.log(shares)).sum())
