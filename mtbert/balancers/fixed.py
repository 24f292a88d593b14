"""The `fixed` balancer: weights from the configuration that never change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field
from torch import Tensor

from mtbert.balancers.abstract import AbstractBalancer


class FixedBalancer(AbstractBalancer):
    """L = sum w_i L_i; `weights` by task are finite and not negative. A task without one has weight 1; those of tasks
    that a run does not have are not used.
    """

    constant: ClassVar[bool] = True

    def __init__(
        self, *, weights: Mapping[str, Annotated[float, Field(ge=0.0, allow_inf_nan=False)]] | None = None
    ) -> None:
        super().__init__()
        self.weights = dict(weights or {})

    def terms(self, losses: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return w_i L_i."""
        return {task: loss * self.weights.get(task, 1.0) for task, loss in losses.items()}
