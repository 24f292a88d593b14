"""Optimizers and learning-rate schedules."""

from __future__ import annotations

import math

from torch import nn
from torch.optim import Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR

from mtbert.balancers.abstract import AbstractBalancer
from mtbert.config.parts import OptimizerConfig
from mtbert.errors import BackboneError


def build_optimizer(model: nn.Module, config: OptimizerConfig, balancer: AbstractBalancer | None = None) -> Optimizer:
    """Return Adam or AdamW on the parameters that are trained, fused; betas 0.9 and 0.999, epsilon 1e-8.

    Biases, layer norms (both one-dimensional) and embeddings have no weight decay (Devlin 2018's code spares the former
    two; the decay of the embedding of a word that does not occur would change it, and cost time). Heads have their own
    learning rate if the configuration sets one; the balancer's parameters have the balancer's rate and no decay.

    Raises:
        BackboneError: nothing is trained.
    """
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    if not trained:
        raise BackboneError(
            "nothing is trained: the encoder is frozen and no head has parameters. Train more of the model, or give a "
            "head that learns."
        )
    spared = {id(p) for m in model.modules() if isinstance(m, nn.Embedding) for p in m.parameters()}
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in trained.items():
        own_rate = config.head_learning_rate if name.startswith("heads.") else None
        rate = config.learning_rate if own_rate is None else own_rate
        decay = config.weight_decay if parameter.ndim > 1 and id(parameter) not in spared else 0.0
        groups.setdefault((rate, decay), []).append(parameter)
    options = [{"params": group, "lr": rate, "weight_decay": decay} for (rate, decay), group in groups.items()]
    learned = list(balancer.parameters()) if balancer is not None else []
    if balancer is not None and learned:
        options.append({"params": learned, "lr": balancer.learning_rate, "weight_decay": 0.0})
    return Adam(options, fused=True) if config.name == "adam" else AdamW(options, fused=True)


def build_schedule(optimizer: Optimizer, config: OptimizerConfig, steps: int) -> LambdaLR:
    """Return the learning rate of step s = 0, 1, ..., as a factor of `learning_rate`, over `steps` steps in all.

    constant: 1. cosine: (1 + cos(pi s / steps)) / 2 (Loshchilov & Hutter 2017, eq. 5, one cycle to zero).
    linear_warmup: rises to 1 over the first `warmup_fraction` of the steps, then falls linearly to 0 (Devlin 2018,
    A.2).
    """
    warmup = max(1, round(config.warmup_fraction * steps))

    def factor(step: int) -> float:
        if config.schedule == "cosine":
            return (1 + math.cos(math.pi * min(step, steps) / steps)) / 2
        if config.schedule == "linear_warmup":
            rising = (step + 1) / warmup
            falling = (steps - step) / max(1, steps - warmup)
            return max(0.0, min(1.0, rising, falling))
        return 1.0

    return LambdaLR(optimizer, factor)
