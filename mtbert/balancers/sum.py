"""The `sum` balancer: every task's loss counts once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor

from mtbert.balancers.abstract import AbstractBalancer


class SumBalancer(AbstractBalancer):
    """L = sum of the tasks' losses; with one task per step, that task's loss."""

    weighs: ClassVar[bool] = False
    constant: ClassVar[bool] = True

    def terms(self, losses: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the losses themselves."""
        return dict(losses)
