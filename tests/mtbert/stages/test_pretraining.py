"""The training loop of the stages that read sentences without labels."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.optim import SGD, Optimizer

from mtbert.assembly import build_model
from mtbert.config import RunConfig
from mtbert.config.parts import OptimizerConfig
from mtbert.data.tokenize import Prepared
from mtbert.stages import pretraining
from mtbert.stages.pretraining import Indices, Pretraining, fit


def test_gradients_are_clipped_at_norm_one(
    tiny: RunConfig, prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    def plain_descent(parts: nn.Module, config: OptimizerConfig) -> Optimizer:
        return SGD(parts.parameters(), lr=1.0)

    monkeypatch.setattr(pretraining, "build_optimizer", plain_descent)
    layer = nn.Linear(2, 1, bias=False)
    before = layer.weight.detach().clone()

    def steep(indices: Indices, draws: np.random.Generator) -> Tensor:
        return layer(torch.tensor([300.0, 400.0])).sum()  # type: ignore[no-any-return]

    how = Pretraining("mlm", epochs=1, batch_size=1, learning_rate=1.0, seed=0)
    fit(build_model(tiny, prepared.vocabulary_size), [layer], how, lambda size, rng: [np.array([0])], steep)
    torch.testing.assert_close(before - layer.weight.detach(), torch.tensor([[0.6, 0.8]]))
