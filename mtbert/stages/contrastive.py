"""The loss of both SimCSE stages, what is no negative in it, and the layer on the sentence vectors meanwhile."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from mtbert.data.tokenize import Ragged
from mtbert.random_streams import torch_stream


def contrastive_loss(
    anchors: Tensor,
    positives: Tensor,
    temperature: float,
    negatives: Tensor | None = None,
    alpha: float = 1.0,
    excluded: Tensor | None = None,
) -> Tensor:
    """Mean over i of -log e(h_i, h_i+) / sum_j (m_ij e(h_i, h_j+) + n_ij a_ij e(h_i, h_j-)).

    e(a, b) = exp(cos(a, b) / tau), tau the `temperature`. Vectors are (batch, width) each. a_ij is `alpha` for i = j
    and 1 else: the own hard negative is weighted, which is log alpha added to its logit. `excluded` says what is no
    negative: bool (batch, batch), with `negatives` (batch, 2 batch). m_ij = 0 where excluded[i, j], n_ij = 0 where
    excluded[i, batch + j], 1 elsewhere; m_ii must be 1. Gao et al. 2021, equations 1, 5 and 8, where m = n = 1; without
    `negatives` their terms are left out.
    """
    with torch.autocast(anchors.device.type, enabled=False):  # a temperature divides the cosines: they must be exact
        logits = _cosines(anchors, positives) / temperature  # (batch, batch)
        if negatives is not None:
            own = torch.eye(len(anchors), device=anchors.device) * math.log(alpha)
            logits = torch.cat([logits, _cosines(anchors, negatives) / temperature + own], dim=1)  # (batch, 2 batch)
        if excluded is not None:
            logits = logits.masked_fill(excluded, -math.inf)
    return F.cross_entropy(logits, torch.arange(len(anchors), device=anchors.device))


def sentence_numbers(rows: Ragged) -> NDArray[np.int64]:
    """Return a number for each row, (rows,): equal for rows of equal tokens, and for no others."""
    known: dict[bytes, int] = {}
    return np.array([known.setdefault(rows[i].tobytes(), len(known)) for i in range(len(rows))], dtype=np.int64)


def no_negatives(
    anchors: NDArray[np.int64], positives: NDArray[np.int64], negatives: NDArray[np.int64] | None = None
) -> NDArray[np.bool_]:
    """`excluded` of a batch whose sentences have these numbers, (batch,) each: what must not count as a negative.

    Column j is none of anchor i, j = i apart, where its positive is i's positive or i itself, or where its anchor is i
    (then it is another sentence that i entails). Hard negative j is none where it is i's positive or i itself.
    """
    own = np.stack([anchors, positives], axis=1)[:, :, None]  # (batch, 2, 1)
    excluded: NDArray[np.bool_] = (own == positives).any(axis=1) | (anchors[:, None] == anchors)
    np.fill_diagonal(excluded, False)
    return excluded if negatives is None else np.concatenate([excluded, (own == negatives).any(axis=1)], axis=1)


def projection(width: int, wanted: bool, seed: int, stage: str) -> nn.Module:
    """tanh(W h + b), as the authors put on [CLS] while they train; nothing where it is not wanted."""
    if not wanted:
        return nn.Identity()
    with torch_stream(seed, stage, "projection"):
        return nn.Sequential(nn.Linear(width, width), nn.Tanh())


def _cosines(first: Tensor, second: Tensor) -> Tensor:
    return F.normalize(first.float(), dim=-1) @ F.normalize(second.float(), dim=-1).T
