"""The `mlm` stage: the encoder continues to predict masked tokens, on sentences like those of the tasks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import cast

import numpy as np
import torch.nn.functional as F
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor, nn

from mtbert.config.stages import MlmConfig, corpora_of
from mtbert.data.batching import training_batches
from mtbert.data.tokenize import Prepared
from mtbert.device import moved
from mtbert.encoder.bert import BertEncoder
from mtbert.encoder.tiny_vocabulary import SPECIAL_TOKENS
from mtbert.encoder.weights import MaskedHead
from mtbert.errors import DataError
from mtbert.model import MultitaskModel, device_of
from mtbert.random_streams import torch_stream
from mtbert.stages.losses import LN_VOCABULARY, UNIGRAM_ENTROPY, StageLosses
from mtbert.stages.mlm_heads import new_head, published_head, token_counts, unigram_entropy, untied_head
from mtbert.stages.pretraining import Indices, Pretraining, fit, on_device, padded, sentences

NAME = "mlm"
MASKED, RANDOM = 0.8, 0.1  # of the chosen tokens; the rest stay as they are


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The numbers of [MASK] and of all ordinary tokens in a vocabulary."""

    mask_id: int
    ordinary: NDArray[np.int64]


def run(
    model: MultitaskModel, config: MlmConfig, data: Prepared, seed: int, published: MaskedHead | None = None
) -> StageLosses:
    """Train by masked language modelling (Devlin et al. 2018, section 3.1; Sankhe et al., section 3.3).

    The loss is the cross entropy of the logits of head(dropout(h)) on the chosen tokens alone. The head (`mlm_heads`)
    is tied to the word embeddings, `published` (the checkpoint's own) if there is one; or, `untied`, the stage's own
    matrix (their equation 7). Its own parameters are discarded after the stage; the encoder is trained in place.

    The losses' references are the unigram entropy of the sentences' ordinary tokens, and ln V, the loss of a uniform
    guess.

    Raises:
        DataError: the sentences were not prepared, or the tokenizer has no [MASK].
        DivergedError: a loss is not finite.
    """
    rows = sentences(data.texts, corpora_of(config.corpora), config.max_sentences)
    vocabulary, device = vocabulary_of(data.tokenizer_json), device_of(model)
    counts = token_counts(rows, vocabulary.ordinary, data.vocabulary_size)
    with torch_stream(seed, NAME, "output layer"):
        output = _head(model, config, counts, published).to(device)

    def loss_of(indices: Indices, draws: np.random.Generator) -> Tensor | None:
        ids, real = padded(rows, indices, data.pad_id)
        changed, chosen = mask_tokens(ids, vocabulary, config.probability, draws)
        if not chosen.any():
            return None
        seen = on_device(changed, real, device)
        hidden = model.encoder(seen.input_ids, seen.attention_mask, packing=seen.packing)
        places = moved(np.flatnonzero(chosen), device)  # numbers, because with a mask the GPU would have to count first
        states = hidden.flatten(0, 1).index_select(0, places)
        logits = output(F.dropout(states, config.dropout))  # (chosen, vocabulary)
        return F.cross_entropy(logits.float(), moved(ids[chosen], device))

    how = Pretraining(NAME, config.epochs, config.batch_size, config.learning_rate, seed)
    # Of similar length: unlike a contrastive loss, this one does not compare the sentences of a batch.
    losses = fit(model, [model.encoder, output], how, partial(training_batches, rows.lengths()), loss_of)
    return StageLosses(
        losses, {UNIGRAM_ENTROPY: unigram_entropy(counts), LN_VOCABULARY: math.log(data.vocabulary_size)}
    )


def _head(
    model: MultitaskModel, config: MlmConfig, counts: NDArray[np.int64], published: MaskedHead | None
) -> nn.Module:
    """Return the output layer that the configuration asks for."""
    encoder = model.encoder
    if config.head == "untied":
        return untied_head(encoder.width, len(counts))
    words = cast(nn.Embedding, encoder.embeddings.word)
    if published is None or not isinstance(encoder, BertEncoder):
        return new_head(words, encoder.width, counts)
    return published_head(words, published, encoder.shape.layer_norm_epsilon)


def mask_tokens(
    ids: NDArray[np.int64], vocabulary: Vocabulary, probability: float, draws: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the tokens (rows, tokens) as the encoder reads them, and which of them are to be predicted.

    Each token that is not special is chosen with `probability`. Of the chosen, 80 % become [MASK], 10 % any other
    ordinary token of the vocabulary, and 10 % stay.
    """
    chosen = np.isin(ids, vocabulary.ordinary) & (draws.random(ids.shape) < probability)
    how = draws.random(ids.shape)
    others = draws.choice(vocabulary.ordinary, size=ids.shape)
    changed = np.where(chosen & (how < MASKED), vocabulary.mask_id, ids)
    return np.where(chosen & (how >= MASKED) & (how < MASKED + RANDOM), others, changed), chosen


def vocabulary_of(tokenizer_json: str) -> Vocabulary:
    """Return the vocabulary of a saved tokenizer.

    Raises:
        DataError: it has no [MASK].
    """
    numbers = Tokenizer.from_str(tokenizer_json).get_vocab(with_added_tokens=True)
    if "[MASK]" not in numbers:
        raise DataError("masked language modelling needs a tokenizer with a [MASK] token, and the backbone's has none")
    special = {numbers[token] for token in SPECIAL_TOKENS if token in numbers}
    ordinary = np.array(sorted(set(numbers.values()) - special), dtype=np.int64)
    return Vocabulary(numbers["[MASK]"], ordinary)
