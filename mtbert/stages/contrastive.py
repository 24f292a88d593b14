"""The loss of both SimCSE stages, its negatives, and the layer on the sentence vectors meanwhile."""

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
    """Return the mean over i of -log e(h_i, h_i+) / sum_j (m_ij e(h_i, h_j+) + n_ij a_ij e(h_i, h_j-)).

    e(a, b) = exp(cos(a, b) / tau), tau the `temperature`. Vectors are (batch, width) each. a_ij is `alpha` for i = j
    and 1 otherwise: the weight of an anchor's own hard negative, which is log alpha added to its logit. `excluded`
    marks what is no negative: bool (batch, batch), with `negatives` (batch, 2 batch). m_ij = 0 where excluded[i, j],
    n_ij = 0 where excluded[i, batch + j], 1 elsewhere; m_ii must be 1. Gao et al. 2021, equations 1, 5 and 8, where m =
    n = 1; without `negatives` their terms are left out.
    """
    with torch.autocast(anchors.device.type, enabled=False):  # the temperature enlarges errors of the cosines
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
    """Return `excluded` for a batch of sentences with these numbers, (batch,) each: what must not count as a negative.

    Column j is no negative of anchor i, except for j = i, if its positive is i's positive or i itself, or if its anchor
    is i (then it is another sentence that i entails). Hard negative j is none if it is i's positive or i itself.
    """
    own = np.stack([anchors, positives], axis=1)[:, :, None]  # (batch, 2, 1)
    excluded: NDArray[np.bool_] = (own == positives).any(axis=1) | (anchors[:, None] == anchors)
    np.fill_diagonal(excluded, False)
    return excluded if negatives is None else np.concatenate([excluded, (own == negatives).any(axis=1)], axis=1)


def projection(width: int, enabled: bool, seed: int, stage: str) -> nn.Module:
    """Return tanh(W h + b), which the authors apply to [CLS] during training; the identity if not `enabled`."""
    if not enabled:
        return nn.Identity()
    with torch_stream(seed, stage, "projection"):
        return nn.Sequential(nn.Linear(width, width), nn.Tanh())


def _cosines(first: Tensor, second: Tensor) -> Tensor:
    return F.normalize(first.float(), dim=-1) @ F.normalize(second.float(), dim=-1).T
