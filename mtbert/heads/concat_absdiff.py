"""The `concat_absdiff` head: a linear layer on both vectors and their distance, feature by feature."""

from __future__ import annotations

import torch
from torch import Tensor

from mtbert.heads.abstract import AbstractDensePairHead


class ConcatAbsdiffHead(AbstractDensePairHead):
    """W dropout([u; v; |u - v|]) + b (Reimers & Gurevych 2019, section 3; Zhang; Thapa & Khurana)."""

    feature_width = 3

    def features(self, first: Tensor, second: Tensor) -> Tensor:
        """Return [u; v; |u - v|]."""
        return torch.cat([first, second, (first - second).abs()], dim=-1)
