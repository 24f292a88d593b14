"""The `simcse_unsupervised` stage: each sentence is recognized under another dropout mask."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from torch import Tensor

from mtbert.config.stages import SimcseUnsupervisedConfig, corpora_of
from mtbert.data.batching import random_batches
from mtbert.data.tokenize import Prepared
from mtbert.device import moved
from mtbert.model import MultitaskModel, device_of
from mtbert.stages.contrastive import contrastive_loss, no_negatives, projection, sentence_numbers
from mtbert.stages.losses import LN_CANDIDATES, StageLosses
from mtbert.stages.pretraining import Indices, Pretraining, dropout_of, fit, on_device, padded, sentences

NAME = "simcse_unsupervised"


def run(model: MultitaskModel, config: SimcseUnsupervisedConfig, data: Prepared, seed: int) -> StageLosses:
    """Train by unsupervised SimCSE (Gao et al. 2021, section 3) on the run's sentence vectors.

    Encoder and pooling are trained in place. Batches are random: of similar length, negatives would differ least. The
    same sentence twice in a batch, by its tokens, is no negative. The losses' reference is that of equal cosines, ln N
    in a batch of N.

    Raises:
        DataError: the sentences were not prepared.
        DivergedError: a loss is not finite.
    """
    rows, device = sentences(data.texts, corpora_of(config.corpus), config.sentences), device_of(model)
    numbers = sentence_numbers(rows)
    top = projection(model.encoder.width, config.projection, seed, NAME).to(device)

    def loss_of(indices: Indices, draws: np.random.Generator) -> Tensor | None:
        if len(indices) < 2:  # no negatives
            return None
        ids, real = padded(rows, indices, data.pad_id)
        # Twice in one batch: every row has its own dropout mask.
        batch = on_device(np.tile(ids, (2, 1)), np.tile(real, (2, 1)), device)
        vectors = model.vectors(batch.input_ids, batch.attention_mask, packing=batch.packing)
        first, second = top(vectors).chunk(2)
        excluded = moved(no_negatives(numbers[indices], numbers[indices]), device)
        return contrastive_loss(first, second, config.temperature, excluded=excluded)

    how = Pretraining(NAME, config.epochs, config.batch_size, config.learning_rate, seed)
    with dropout_of(model.encoder, config.dropout):
        losses = fit(model, [model.encoder, model.pooling, top], how, partial(random_batches, len(rows)), loss_of)
    return StageLosses(losses, {LN_CANDIDATES: math.log(min(config.batch_size, max(1, len(rows))))})
