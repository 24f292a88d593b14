"""The loss of both SimCSE stages, and the layer that may stand on the sentence vectors meanwhile."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mtbert.streams import torch_stream


def contrastive_loss(
    anchors: Tensor, positives: Tensor, temperature: float, negatives: Tensor | None = None, alpha: float = 1.0
) -> Tensor:
    """Mean over i of -log e(h_i, h_i+) / sum_j (e(h_i, h_j+) + a_ij e(h_i, h_j-)), with e(a, b) = exp(cos(a, b) / tau).

    Vectors are (batch, width) each. a_ij is `alpha` for i = j and 1 else: the own hard negative is weighted, which is
    log alpha added to its logit. Gao et al. 2021, equations 1, 5 and 8; without `negatives` their terms are left out.
    """
    with torch.autocast(anchors.device.type, enabled=False):  # a temperature divides the cosines: they must be exact
        logits = _cosines(anchors, positives) / temperature  # (batch, batch)
        if negatives is not None:
            own = torch.eye(len(anchors), device=anchors.device) * math.log(alpha)
            logits = torch.cat([logits, _cosines(anchors, negatives) / temperature + own], dim=1)  # (batch, 2 batch)
    return F.cross_entropy(logits, torch.arange(len(anchors), device=anchors.device))


def projection(width: int, wanted: bool, seed: int, stage: str) -> nn.Module:
    """tanh(W h + b), as the authors put on [CLS] while they train; nothing where it is not wanted."""
    if not wanted:
        return nn.Identity()
    with torch_stream(seed, stage, "projection"):
        return nn.Sequential(nn.Linear(width, width), nn.Tanh())


def _cosines(first: Tensor, second: Tensor) -> Tensor:
    return F.normalize(first.float(), dim=-1) @ F.normalize(second.float(), dim=-1).T
