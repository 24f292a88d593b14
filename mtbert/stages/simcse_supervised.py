"""The `simcse_supervised` stage: a premise is distinguished from everything but what it entails."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from torch import Tensor

from mtbert.config.stages import SimcseSupervisedConfig
from mtbert.data.batching import random_batches
from mtbert.data.texts import TRIPLET_TEXTS
from mtbert.data.tokenize import Prepared, joined
from mtbert.device import moved
from mtbert.model import MultitaskModel, device_of
from mtbert.stages.contrastive import contrastive_loss, no_negatives, projection, sentence_numbers
from mtbert.stages.losses import LN_CANDIDATES, StageLosses
from mtbert.stages.pretraining import Indices, Pretraining, dropout_of, fit, on_device, padded, sentences

NAME = "simcse_supervised"


def run(model: MultitaskModel, config: SimcseSupervisedConfig, data: Prepared, seed: int) -> StageLosses:
    """Train by supervised SimCSE with hard negatives (Gao et al. 2021, section 4) on the run's sentence vectors.

    Encoder and pooling are trained in place. Batches are random; what a premise may entail is not among its negatives
    (`no_negatives`). The losses' reference is that of equal cosines, ln(2 N - 1 + alpha) in a batch of N.

    Raises:
        DataError: the triplets were not prepared.
        DivergedError: a loss is not finite.
    """
    columns, device = [sentences(data.texts, (name,), config.triplets) for name in TRIPLET_TEXTS], device_of(model)
    rows, count = joined(columns), len(columns[0])  # premises, then entailments, then contradictions
    numbers = sentence_numbers(rows)
    top = projection(model.encoder.width, config.projection, seed, NAME).to(device)

    def loss_of(indices: Indices, draws: np.random.Generator) -> Tensor | None:
        if len(indices) < 2:
            return None
        all_three = np.concatenate([indices, indices + count, indices + 2 * count])
        batch = on_device(*padded(rows, all_three, data.pad_id), device)
        vectors = model.vectors(batch.input_ids, batch.attention_mask, packing=batch.packing)
        premises, entailed, contradicted = top(vectors).chunk(3)
        excluded = moved(no_negatives(*np.split(numbers[all_three], 3)), device)
        return contrastive_loss(premises, entailed, config.temperature, contradicted, config.alpha, excluded)

    how = Pretraining(NAME, config.epochs, config.batch_size, config.learning_rate, seed)
    with dropout_of(model.encoder, config.dropout):
        losses = fit(model, [model.encoder, model.pooling, top], how, partial(random_batches, count), loss_of)
    size = min(config.batch_size, max(1, count))
    return StageLosses(losses, {LN_CANDIDATES: math.log(2 * size - 1 + config.alpha)})
