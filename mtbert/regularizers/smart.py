"""The `smart` regularizer: outputs must not change much when word embeddings change a little."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Annotated, Literal, cast

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from mtbert.data.batching import Batch
from mtbert.model import MultitaskModel
from mtbert.regularizers.abstract import AbstractRegularizer
from mtbert.tasks.abstract import AbstractTask

Perturbation = Literal["gradient", "random_noise", "ball"]

DEVIATION = 1e-5  # standard deviation of the noise from which the ascent starts

# The default of `radius`, the largest change of a number of a word embedding.
RADII: Mapping[Perturbation, float] = {"gradient": 1e-3, "random_noise": 1.0, "ball": 1e-5}

# Avoids a division by zero where a token has no gradient (padding); far below any real gradient.
TINY = 1e-30


class SmartRegularizer(AbstractRegularizer):
    """weight * l(f(e + delta), f(e)), delta one step of gradient ascent on l from noise (Jiang et al. 2020, eq. 2).

    e are the word embeddings (of both sentences for pairs), n ~ N(0, 1e-5^2) the noise, g the gradient of l(f(e + n),
    f(e)) with f(e) detached, |.| the largest absolute value of a token's vector, r the `radius`. The paper does not say
    how large delta is; the `perturbation` selects how it is made:

    - gradient (r = 1e-3): delta = n + r g / |g|, the normalised step of the authors' code (MT-DNN, April 2020)
    - random_noise (r = 1.0): s = n + step g, delta = r s / |s|, as in MT-DNN since 27 August 2020 and in the library
      smart-pytorch. `step` g is far smaller than n, so delta is enlarged random noise
    - ball (r = 1e-5): delta = n + step g / |g|, clipped to [-r, r], the paper's algorithm 1 with its radius. Nothing
      changes that much under it: the penalty is practically zero

    l is the mean over examples of KL(p, q) + KL(q, p) of the class distributions (the two Bernoulli ones for a single
    logit), and of the squared error for scores. With `same_dropout` all passes have the dropout masks of the clean one;
    without, most of the penalty is the difference that two masks make, which is R-Drop's penalty (Liang et al. 2021).
    `bregman` adds l(f(e), teacher(e)), with the paper's weight of 1: the teacher's parameters follow the model's with
    `momentum` after each step, from the start of training; it has no dropout.
    """

    def __init__(
        self,
        *,
        perturbation: Perturbation = "gradient",
        radius: Annotated[float, Field(gt=0.0)] | None = None,
        weight: Annotated[float, Field(gt=0.0)] = 0.5,
        step: Annotated[float, Field(gt=0.0)] = 1e-3,
        same_dropout: bool = True,
        bregman: bool = False,
        momentum: Annotated[float, Field(ge=0.0, le=1.0)] = 0.99,
    ) -> None:
        self.perturbation, self.weight, self.step = perturbation, weight, step
        self.radius = RADII[perturbation] if radius is None else radius
        self.same_dropout, self.bregman, self.momentum = same_dropout, bregman, momentum
        self._random_state: Tensor | None = None
        self._teacher: MultitaskModel | None = None

    def before_outputs(self, device: torch.device) -> None:
        """Remember the random state from which the clean outputs draw their dropout."""
        self._random_state = _random_state(device) if self.same_dropout else None

    def __call__(self, model: MultitaskModel, task: AbstractTask, batch: Batch, outputs: Tensor) -> Tensor:
        """Return the penalty of a batch, with a gradient to the model through the clean and the perturbed outputs."""
        word = cast(nn.Embedding, model.encoder_of(task.name).embeddings.word)
        words: Tensor = word(batch.input_ids)  # (rows, tokens, width)
        noise = (torch.randn_like(words) * DEVIATION).detach().requires_grad_()
        afterwards = None if self._random_state is None else _random_state(words.device)

        def outputs_for(changed: Tensor) -> Tensor:
            if self._random_state is not None:
                _restore(words.device, self._random_state)
            result: Tensor = model(task.name, batch, changed)
            return result

        ascent = divergence(task, outputs_for(words.detach() + noise), outputs.detach())
        (gradient,) = torch.autograd.grad(ascent, noise)
        delta = change(noise.detach(), gradient, self.radius, self.step, self.perturbation)
        penalty = self.weight * divergence(task, outputs_for(words + delta), outputs)
        if afterwards is not None:  # later batches draw the same as without a penalty
            _restore(words.device, afterwards)
        return penalty + divergence(task, outputs, self._teaching(model, task, batch)) if self.bregman else penalty

    def after_step(self, model: MultitaskModel) -> None:
        """Update the teacher: teacher = momentum teacher + (1 - momentum) model."""
        if self._teacher is None:
            return
        with torch.no_grad():
            for follows, leads in zip(self._teacher.parameters(), model.parameters(), strict=True):
                follows.lerp_(leads, 1 - self.momentum)

    def state(self) -> dict[str, Tensor]:
        """Return the teacher's parameters; nothing before there is one."""
        return {} if self._teacher is None else dict(self._teacher.named_parameters())

    def restore(self, model: MultitaskModel, state: Mapping[str, Tensor]) -> None:
        """Restore the teacher."""
        if state:
            self._teacher = copy.deepcopy(model).requires_grad_(False).eval()
            self._teacher.load_state_dict(state, strict=False)

    def _teaching(self, model: MultitaskModel, task: AbstractTask, batch: Batch) -> Tensor:
        """Return the teacher's outputs; the teacher is a copy of the model at the first call."""
        if self._teacher is None:
            self._teacher = copy.deepcopy(model).requires_grad_(False).eval()
        with torch.no_grad():
            outputs: Tensor = self._teacher(task.name, batch)
        return outputs


def change(noise: Tensor, gradient: Tensor, radius: float, step: float, perturbation: Perturbation) -> Tensor:
    """Return delta of `SmartRegularizer` from n and g, all (rows, tokens, width)."""
    if perturbation == "random_noise":
        return radius * _normalised(noise + step * gradient)
    if perturbation == "gradient":
        return noise + radius * _normalised(gradient)
    return (noise + step * _normalised(gradient)).clamp(-radius, radius)


def divergence(task: AbstractTask, first: Tensor, second: Tensor) -> Tensor:
    """Return the distance l of `SmartRegularizer` between two outputs (examples, outputs) of a task, a scalar.

    It is symmetric in its arguments and 0 where they are equal, with a gradient to both.
    """
    if task.label_kind == "score":
        return F.mse_loss(first, second)
    if first.shape[1] == 1:  # the logit of one class against the zero of the other
        first, second = F.pad(first, (0, 1)), F.pad(second, (0, 1))
    log_p, log_q = first.log_softmax(dim=1), second.log_softmax(dim=1)
    return ((log_p.exp() - log_q.exp()) * (log_p - log_q)).sum(dim=1).mean()


def _normalised(vectors: Tensor) -> Tensor:
    """Return each token's vector with its largest absolute value at 1; zeros stay zeros."""
    return vectors / vectors.abs().amax(dim=-1, keepdim=True).clamp(min=TINY)


def _random_state(device: torch.device) -> Tensor:
    return torch.cuda.get_rng_state(device) if device.type == "cuda" else torch.get_rng_state()


def _restore(device: torch.device, state: Tensor) -> None:
    if device.type == "cuda":
        torch.cuda.set_rng_state(state, device)
    else:
        torch.set_rng_state(state)
