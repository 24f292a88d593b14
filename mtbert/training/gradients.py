"""From the losses of a step to the gradients that the optimizer follows: weighted, operated on, clipped."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grads_with_norm_, get_total_norm

from mtbert.balancers.abstract import AbstractBalancer
from mtbert.config.parts import MultitaskConfig
from mtbert.model import MultitaskModel
from mtbert.training.gradient_surgery import pcgrad


class Gradients:
    """The gradients of one step of the optimizer, which may be the mean over several steps of the sampler.

    g = c * sum_i w_i grad L_i, where w_i are the balancer's weights and c = min(1, `clip_norm` / |sum_i grad L_i|). The
    gradient is clipped without the weights, which are applied afterwards: otherwise clipping would undo the weight of a
    step with one task. Without `clip_norm` c is 1. `surgery` precedes both norms.
    """

    def __init__(
        self,
        model: MultitaskModel,
        trained: Mapping[str, nn.Parameter],
        balancer: AbstractBalancer,
        config: MultitaskConfig,
    ) -> None:
        self.model, self.trained, self.balancer = model, trained, balancer
        self.surgery, self.clip_norm = config.surgery, config.optimizer.clip_norm
        self._weight: Tensor | None = None  # of all that was added, if it has a single weight
        self._unweighed: dict[nn.Parameter, Tensor] = {}  # the gradients if all weights were 1

    def add(self, losses: Mapping[str, Tensor], share: float, rng: np.random.Generator) -> None:
        """Add `share` of the gradient of one of the sampler's steps; 1 if it is the whole step of the optimizer.

        In a step with one task there is nothing to operate on; surgery draws its orders from `rng`.
        """
        last = [p for p in self.model.encoder.layers[-1].parameters() if p.requires_grad]
        if self.surgery != "none" and len(losses) > 1:
            self.balancer.learn(losses, last, scale=share)
            self._add_with_surgery(losses, share, rng)
            return
        if self._weighs_before_clipping():
            if len(losses) == 1 and share == 1:
                (self._weight,) = self.balancer.effective_weights(losses).values()
            else:
                self._add_unweighed(losses, share)
        self.balancer.backward(losses, last, scale=share)

    def clip(self) -> None:
        """Multiply the gradients of the model by c and forget what was added."""
        if self.clip_norm is not None:
            held = [p for p in self.model.parameters() if p.grad is not None]
            clip_grads_with_norm_(held, self.clip_norm, self._norm(held), foreach=True)
        self._weight = None
        self._unweighed.clear()

    def _norm(self, held: Sequence[nn.Parameter]) -> Tensor:
        """Return the norm that the gradients would have without the weights, a scalar."""
        if self._unweighed:
            return get_total_norm(list(self._unweighed.values()), foreach=True)
        norm = get_total_norm([p.grad for p in held if p.grad is not None], foreach=True)
        # Where the weight is 0, so are the gradients, whatever factor they have.
        return norm if self._weight is None else norm / self._weight.clamp(min=torch.finfo(norm.dtype).tiny)

    def _weighs_before_clipping(self) -> bool:
        return self.clip_norm is not None and self.balancer.weighs

    def _add_unweighed(self, losses: Mapping[str, Tensor], share: float) -> None:
        parameters = [p for p in self.trained.values() if p.requires_grad]
        total = torch.stack(list(losses.values())).sum() * share
        if total.requires_grad:
            gradients = torch.autograd.grad(total, parameters, retain_graph=True, allow_unused=True)
            self._note(parameters, gradients)

    def _note(self, parameters: Sequence[nn.Parameter], gradients: Sequence[Tensor | None]) -> None:
        for parameter, gradient in zip(parameters, gradients, strict=True):
            if gradient is not None:
                before = self._unweighed.get(parameter)
                self._unweighed[parameter] = gradient if before is None else before + gradient

    def _add_with_surgery(self, losses: Mapping[str, Tensor], share: float, rng: np.random.Generator) -> None:
        """Add each task's gradient separately: projected for the shared parameters, unchanged for all others."""
        terms = list(self.balancer.terms(losses).values())
        trained = {name: p for name, p in self.trained.items() if p.requires_grad}
        shared = [p for name, p in trained.items() if _is_shared(name)]
        own = [p for name, p in trained.items() if not _is_shared(name)]
        learned = list(self.balancer.parameters())
        gradients = [
            # The terms may share the balancer's parameters, so only the last one frees the graph.
            torch.autograd.grad(
                term * share, [*shared, *own, *learned], retain_graph=i + 1 < len(terms), allow_unused=True
            )
            for i, term in enumerate(terms)
        ]
        again = copy.deepcopy(rng)
        operated = pcgrad([of_task[: len(shared)] for of_task in gradients], rng)
        _add(shared, operated)
        for of_task in gradients:
            _add([*own, *learned], of_task[len(shared) :])
        if self._weighs_before_clipping():
            weights = self.balancer.effective_weights(losses).values()
            plain = [_over(of_task, weight) for of_task, weight in zip(gradients, weights, strict=True)]
            self._note(shared, pcgrad([of_task[: len(shared)] for of_task in plain], again))
            for without in plain:
                self._note(own, without[len(shared) : len(shared) + len(own)])


def _over(gradients: Sequence[Tensor | None], weight: Tensor) -> list[Tensor | None]:
    """Return a task's gradients divided by its weight; where the weight is 0 they are 0."""
    least = weight.clamp(min=torch.finfo(weight.dtype).tiny)
    return [None if gradient is None else gradient / least for gradient in gradients]


def _is_shared(name: str) -> bool:
    """Return whether all tasks use a parameter of the model."""
    return not name.startswith(("heads.", "adapters."))


def _add(parameters: Sequence[nn.Parameter], gradients: Sequence[Tensor | None]) -> None:
    for parameter, gradient in zip(parameters, gradients, strict=True):
        if gradient is not None:
            parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient
