"""The trainer: one epoch at a time, for every stage that trains heads."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Literal, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mtbert import components
from mtbert.balancers.abstract import AbstractBalancer
from mtbert.config.parts import MultitaskConfig, TaskConfig
from mtbert.data.batching import Batch, training_batches
from mtbert.data.tokenize import TokenizedSplit
from mtbert.model import MultitaskModel, device_of
from mtbert.random_streams import numpy_stream, torch_stream
from mtbert.regularizers.abstract import AbstractRegularizer
from mtbert.samplers.abstract import AbstractSampler
from mtbert.tasks.abstract import AbstractTask
from mtbert.training.embedding_rows import OccurringWords, all_sentences, numbers_in
from mtbert.training.evaluation import DivergedError as DivergedError
from mtbert.training.frozen_cache import FrozenParts
from mtbert.training.frozen_inputs import AbstractInputs, TokenInputs
from mtbert.training.gradients import Gradients
from mtbert.training.optim import build_optimizer, build_schedule

# Prefixes of the names of a trainer's state.
OPTIMIZER, BALANCER, REGULARIZER = "optimizer", "balancer", "regularizer"


class Trainer:
    """The training of those parameters of `model` that require a gradient, in one stage.

    `tasks` are trained on `splits`; `options` has the settings of single tasks. Every random draw depends on `seed` and
    the name of the `stage`. A step of the optimizer follows the mean over `accumulation` steps of the sampler, or fewer
    at the end of an epoch. `frozen` parts are not computed again, except for a regularizer, which reads tokens.
    """

    def __init__(
        self,
        model: MultitaskModel,
        config: MultitaskConfig,
        tasks: Mapping[str, AbstractTask],
        splits: Mapping[str, TokenizedSplit],
        pad_id: int,
        seed: int,
        stage: str,
        options: Mapping[str, TaskConfig] | None = None,
        frozen: FrozenParts | None = None,
    ) -> None:
        self.model, self.config, self.tasks, self.splits = model, config, tasks, splits
        self.seed, self.stage, self.device = seed, stage, device_of(model)
        self.words = OccurringWords(model.encoders(), numbers_in(all_sentences(splits.values()), pad_id))
        self.sampler: AbstractSampler = components.build("samplers", config.sampler.name, config.sampler.settings)
        self.balancer: AbstractBalancer = components.build(
            "balancers",
            config.balancer.name,
            config.balancer.settings,
            tasks=tuple(tasks),
            regression=frozenset(name for name, task in tasks.items() if task.label_kind == "score"),
        ).to(self.device)
        self.regularizer: AbstractRegularizer | None = None
        if config.regularizer is not None:
            self.regularizer = components.build("regularizers", config.regularizer.name, config.regularizer.settings)
        self.sizes, self.batch_sizes = sizes_of(splits, options or {}, config.batch_size)
        self.batches = {name: math.ceil(self.sizes[name] / self.batch_sizes[name]) for name in splits}
        self.inputs = self._inputs(pad_id, frozen if self.regularizer is None else None)
        steps = sum(len(self._updates(epoch)) for epoch in range(1, config.epochs + 1))
        with self.words:  # the parameters are those that an epoch trains
            self.trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
            self.optimizer = build_optimizer(model, config.optimizer, self.balancer)
        self.schedule = build_schedule(self.optimizer, config.optimizer, steps)
        self.gradients = Gradients(model, self.trained, self.balancer, config)

    def epoch(self, epoch: int) -> dict[str, float]:
        """Train one epoch (from 1); return the mean loss of each task, penalties of the regularizer included.

        Raises:
            DivergedError: a mean loss is not finite.
        """
        sums, counts = self.steps(epoch)
        means = {name: float(sums[name]) / counts[name] for name in self.tasks if counts[name]}
        if not all(math.isfinite(mean) for mean in means.values()):
            raise DivergedError(f"the loss is not a finite number in epoch {epoch}: {means}")
        return means

    def steps(self, epoch: int) -> tuple[dict[str, Tensor], dict[str, int]]:
        """Train the steps of an epoch; return the sum of each task's losses, a scalar, and their number.

        No step waits for a GPU (except with a BiLSTM): batches are copied while it computes, and no number is read.
        """
        self.model.train()
        # Gradients of parameters that an earlier stage or head trained would count in the norm that is clipped.
        self.model.zero_grad(set_to_none=True)
        queues = {name: self._batches_of(name, epoch) for name in self.tasks}
        sums = {name: torch.zeros((), device=self.device) for name in self.tasks}
        counts = dict.fromkeys(self.tasks, 0)
        rng = numpy_stream(self.seed, self.stage, "surgery", epoch)
        own = self.sampler.trains(epoch) == "own"
        stream = torch_stream(self.seed, self.stage, "dropout", epoch)
        with self.words, stream, _Thaw(self.model, self.trained) as thaw:
            for update in self._updates(epoch):
                self.optimizer.zero_grad(set_to_none=True)
                for step in update:
                    if own:
                        thaw.only(step)
                    with self.model.autocast():  # weights are cast once for all losses and penalties of the step
                        losses = {name: self._loss(name, next(queues[name])) for name in step}
                    self.gradients.add(losses, 1 / len(update), rng)
                    for name, loss in losses.items():
                        sums[name] += loss.detach()
                        counts[name] += 1
                self._step()
        return sums, counts

    def observe(self, mean_losses: Mapping[str, float], dev_scores: Mapping[str, float]) -> None:
        """Pass the results of an epoch to the balancer: mean losses and dev scores (main metric), by task."""
        self.balancer.observe(mean_losses, dev_scores)

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return what the next epoch needs besides the model's parameters: tensors by name, and JSON data.

        Every random draw depends on the seed and the epoch, so no generator is part of it.
        """
        tensors: dict[str, Tensor] = {}
        optimizer = self.optimizer.state_dict()
        for place, values in optimizer["state"].items():
            tensors |= {f"{OPTIMIZER}.{place}.{name}": value for name, value in values.items()}
        tensors |= {f"{BALANCER}.{name}": value for name, value in self.balancer.state_dict().items()}
        if self.regularizer is not None:
            tensors |= {f"{REGULARIZER}.{name}": value for name, value in self.regularizer.state().items()}
        rates = [group["lr"] for group in optimizer["param_groups"]]
        return tensors, {"rates": rates, "steps": self.schedule.last_epoch, "balancer": self.balancer.memory()}

    def restore(self, tensors: Mapping[str, Tensor], data: Mapping[str, Any]) -> None:
        """Restore what `state` returned; the model already has its parameters."""
        groups, values = self.optimizer.state_dict()["param_groups"], dict[int, dict[str, Tensor]]()
        for name, value in below(OPTIMIZER, tensors).items():
            place, _, quantity = name.partition(".")
            values.setdefault(int(place), {})[quantity] = value.clone()
        for group, rate in zip(groups, data["rates"], strict=True):
            group["lr"] = rate
        self.optimizer.load_state_dict({"state": values, "param_groups": groups})
        self.schedule.last_epoch = data["steps"]
        self.balancer.load_state_dict(below(BALANCER, tensors))
        self.balancer.recall(data["balancer"])
        if self.regularizer is not None:
            with self.words:  # the state was saved with the reduced embeddings
                self.regularizer.restore(self.model, below(REGULARIZER, tensors))

    def _inputs(self, pad_id: int, frozen: FrozenParts | None) -> dict[str, AbstractInputs]:
        """Return the model's inputs for each task's examples."""
        if frozen is None:
            return {name: TokenInputs(split, pad_id, self.device) for name, split in self.splits.items()}
        batches = Counter(name for update in self._updates(1) for step in update for name in step)
        examples = {name: batches[name] * self.batch_sizes[name] for name in self.splits}
        return {
            name: frozen.inputs(name, split, examples[name] / len(split), training=True)
            for name, split in self.splits.items()
        }

    def _updates(self, epoch: int) -> list[list[tuple[str, ...]]]:
        """Return the sampler's steps of an epoch, grouped into steps of the optimizer."""
        rng = numpy_stream(self.seed, self.stage, "sampler", epoch)
        order = list(self.sampler.epoch(self.batches, epoch=epoch, epochs=self.config.epochs, rng=rng))
        many = self.config.accumulation
        return [order[start : start + many] for start in range(0, len(order), many)]

    def _batches_of(self, name: str, epoch: int) -> Iterator[NDArray[np.int64]]:
        """Yield batches of one task without end; each pass over the task has its own order."""
        lengths, chosen, passes = self.splits[name].lengths(), None, 0
        if self.sizes[name] < len(lengths):
            rng = numpy_stream(self.seed, self.stage, "subsample", name, epoch)
            chosen = np.sort(rng.permutation(len(lengths))[: self.sizes[name]])
            lengths = lengths[chosen]
        while True:
            rng = numpy_stream(self.seed, self.stage, "batches", name, epoch, passes)
            batches = training_batches(lengths, self.batch_sizes[name], rng)
            yield from batches if chosen is None else (chosen[batch] for batch in batches)
            passes += 1

    def _loss(self, name: str, indices: NDArray[np.int64]) -> Tensor:
        batch, task = self.inputs[name].batch(indices), self.tasks[name]
        if self.regularizer is not None:
            self.regularizer.before_outputs(self.device)
        outputs = self.model(name, batch)
        loss = task.loss(outputs, batch.labels)
        if self.regularizer is None:
            return loss
        penalty: Tensor = self.regularizer(self.model, task, cast(Batch, batch), outputs)
        return loss + penalty

    def _step(self) -> None:
        self.gradients.clip()
        self.optimizer.step()
        self.schedule.step()
        self.balancer.after_step()
        if self.regularizer is not None:
            self.regularizer.after_step(self.model)


class _Thaw:
    """A selection of the trained parameters that are trained at the moment; on exit it is all of them."""

    def __init__(self, model: MultitaskModel, trained: Mapping[str, nn.Parameter]) -> None:
        self.model, self.trained = model, trained
        self.now: tuple[str, ...] | None = None

    def __enter__(self) -> _Thaw:
        return self

    def only(self, tasks: tuple[str, ...]) -> None:
        """Freeze everything except the tasks' own heads and adapters; dropout in a frozen layer is off."""
        if tasks == self.now:
            return
        own = tuple(f"{part}.{task}." for task in tasks for part in ("heads", "adapters"))
        for name, parameter in self.trained.items():
            parameter.requires_grad_(name.startswith(own))
        self.model.train()
        self.now = tasks

    def __exit__(self, *error: object) -> None:
        for parameter in self.trained.values():
            parameter.requires_grad_(True)


def below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors whose name begins with `prefix` and a dot, without that beginning."""
    return {name.removeprefix(f"{prefix}."): t for name, t in tensors.items() if name.startswith(f"{prefix}.")}


def sizes_of(
    splits: Mapping[str, TokenizedSplit], options: Mapping[str, TaskConfig], batch_size: int
) -> tuple[dict[str, int], dict[str, int]]:
    """Return the examples of each task in an epoch, and in a batch; `options` has the settings of single tasks."""
    smallest = min(len(split) for split in splits.values())
    sizes, batch_sizes = {}, {}
    for name, split in splits.items():
        option = options.get(name)
        sizes[name] = _examples(len(split), smallest, option.subsample if option else None)
        batch_sizes[name] = (option.batch_size if option else None) or batch_size
    return sizes, batch_sizes


def _examples(whole: int, smallest: int, subsample: float | Literal["smallest"] | None) -> int:
    """Return how many of a task's examples an epoch has; a share is rounded, but at least 1."""
    if subsample is None:
        return whole
    if subsample == "smallest":
        return smallest
    return max(1, round(subsample * whole)) if subsample < 1 else min(whole, int(subsample))
