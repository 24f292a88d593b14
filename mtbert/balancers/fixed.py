"""The `fixed` balancer: weights that stay as the configuration gives them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field
from torch import Tensor

from mtbert.balancers.abstract import AbstractBalancer


class FixedBalancer(AbstractBalancer):
    """L = sum w_i L_i; `weights` by task are finite and not negative, and 1 for a task that has none; those
    of tasks that a run has not are not used.
    """

    constant: ClassVar[bool] = True

    def __init__(
        self, *, weights: Mapping[str, Annotated[float, Field(ge=0.0, allow_inf_nan=False)]] | None = None
    ) -> None:
        super().__init__()
        self.weights = dict(weights or {})

    def terms(self, losses: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """w_i L_i."""
        return {task: loss * self.weights.get(task, 1.0) for task, loss in losses.items()}
